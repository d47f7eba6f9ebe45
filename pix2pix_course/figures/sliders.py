"""A figure that a reader moves with a slider, and that a stored notebook shows in a few states."""

import io
import os
from collections.abc import Callable, Sequence

HEADLESS = "PIX2PIX_COURSE_HEADLESS"
"""An environment variable; set to anything, it says that nobody sits before the notebook."""

ENLARGED = 1.8
"""How much larger a panel is where it stands alone, under a slider."""


def explore(
    draw: Callable[..., None],
    label: str,
    values: Sequence,
    shown: Sequence,
    panels: Sequence[str] = ("",),
    size: tuple[float, float] = (2.0, 2.0),
):
    """Draw a figure that depends on one value, with a slider for the value.

    Without a reader, and where ipywidgets is missing, it is one figure with the states `shown` side
    by side. A kernel cannot tell whether it has a reader: it is the same for JupyterLab and for
    papermill, and a slider that papermill stores is an empty box. So whoever runs notebooks without
    one says so by the variable `HEADLESS`, as `notebooks.kernels` does.

    Args:
        draw: `draw(value, *axes)` draws one state on empty axes, one below the other.
        label: what the value is; "λ" makes titles like "λ = 10".
        values: the slider's positions.
        shown: some of them; the slider begins at the first.
        panels: a name for each of these axes, written at the left.
        size: width and height of one panel in inches; with a slider it is larger.

    Returns:
        The slider, an `ipywidgets.SelectionSlider`; None where the states stand side by side. In
        either case, end the cell with `plt.show()`.

    Raises:
        ValueError: something is to be shown that is no position of the slider.
    """
    strange = [value for value in shown if value not in values]
    if strange or not shown:
        raise ValueError(f"shown={list(shown)} should be some of values={list(values)}")
    widgets = None if os.environ.get(HEADLESS) else _widgets()
    if widgets is None:
        import matplotlib.pyplot as plt

        width, height = size
        figsize = (width * len(shown), height * len(panels))
        figure = plt.figure(figsize=figsize, layout="constrained")
        _draw_states(figure, draw, label, shown, panels)
        return None
    return _slider(widgets, draw, label, values, shown[0], panels, size)


def _widgets():
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def _draw_states(figure, draw, label: str, states: Sequence, panels: Sequence[str]):
    grid = figure.subplots(len(panels), len(states), squeeze=False)
    for axis, name in zip(grid[:, 0], panels, strict=True):
        axis.set_ylabel(name, fontsize=9)
    for column, value in enumerate(states):
        grid[0, column].set_title(f"{label} = {value}", fontsize=9)
        draw(value, *grid[:, column])


def _slider(widgets, draw, label, values, first, panels, size):
    from IPython.display import display
    from matplotlib.figure import Figure

    # PNG in a widget of its own: an `Output` that shows figures flickers at each move
    picture = widgets.Image(format="png")
    slider = widgets.SelectionSlider(
        options=list(values), value=first, description=label, continuous_update=False
    )

    def redraw(change=None) -> None:
        width, height = (ENLARGED * length for length in size)
        figure = Figure(figsize=(width, height * len(panels)), layout="constrained")
        _draw_states(figure, draw, label, [slider.value], panels)
        png = io.BytesIO()
        figure.savefig(png, format="png")
        picture.value = png.getvalue()

    redraw()
    slider.observe(redraw, names="value")
    left = widgets.Layout(align_items="flex-start")  # else the picture is stretched to the page
    display(widgets.VBox([slider, picture], layout=left))
    return slider
