"""The two networks as boxes and arrows."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from pix2pix_course.figures.plotting import to_picture


def pix2pix_diagram(condition, generated, target) -> Figure:
    """The two networks and what each of them sees, drawn around an example.

    Args:
        condition, generated, target: one image each, (height, width, 3), uint8 or in [-1, 1].
    """
    figure = plt.figure(figsize=(8.6, 3.6))
    canvas = figure.add_axes((0, 0, 1, 1))
    canvas.axis("off")
    arrow = {"arrowstyle": "-|>", "color": "0.3", "lw": 1.3, "shrinkA": 0, "shrinkB": 0}

    def place(image, left: float, bottom: float, title: str):
        canvas.imshow(to_picture(image), extent=(left, left + 12, bottom, bottom + 12))
        canvas.text(left + 6, bottom + 12.6, title, ha="center", va="bottom", fontsize=9)

    def box(left: float, bottom: float, height: float, text: str, colour: str):
        patch = plt.Rectangle((left, bottom), 13, height, facecolor=colour, edgecolor="0.3")
        canvas.add_patch(patch)
        canvas.text(left + 6.5, bottom + height / 2, text, ha="center", va="center", fontsize=9)

    def lead(begin: tuple, end: tuple, **style):
        canvas.annotate("", end, begin, arrowprops=arrow | style)

    place(condition, 2, 19, "map $x$")
    box(19, 20, 10, "generator\n$G$", "#cfe3f5")
    place(generated, 38, 19, r"generated $\hat{y} = G(x)$")
    place(target, 38, 1.5, "photo $y$")
    box(56, 8, 18, "discriminator\n$D$\n\nis shown $x$\nwith one of\nthe two", "#f8dcc4")
    lead((14, 25), (19, 25))
    lead((32, 25), (38, 25))
    lead((50, 25), (56, 22))
    lead((50, 8), (56, 12))
    lead((69, 22), (74, 22))
    lead((69, 12), (74, 12))
    canvas.text(74.5, 22, "“generated”", va="center", fontsize=9)
    canvas.text(74.5, 12, "“real”", va="center", fontsize=9)
    lead((44, 18.8), (44, 16.2), arrowstyle="<|-|>", color="#b03030")
    note = {"va": "center", "ha": "right", "fontsize": 9, "color": "#b03030"}
    canvas.text(37, 16.6, "distance pixel by pixel:\n" r"L1, weighted with $\lambda$", **note)
    canvas.set(xlim=(0, 86), ylim=(0, 36))  # at last, since `imshow` moves them
    return figure


# of `two_halves`: where things stand, and which leads to which in each half
_PLACES = {"x": (0, 0.9), "G": (1.3, 0.9), "ŷ": (2.7, 0.9), "y": (2.7, -0.5)}
_PLACES |= {"D": (4.3, 1.8), "L1": (4.3, 0), "loss": (6.2, 0.9)}
_WAYS = {
    "D": [("x", "G"), ("G", "ŷ"), ("x", "D"), ("ŷ", "D"), ("y", "D"), ("D", "loss")],
    "G": [("x", "G"), ("G", "ŷ"), ("x", "D"), ("ŷ", "D"), ("D", "loss")],
}
_WAYS["G"] += [("ŷ", "L1"), ("y", "L1"), ("L1", "loss")]
FORWARD, BACKWARD, MOVED = "0.6", "#c44e00", "#ffd5ad"


def two_halves(
    gradients: Mapping[str, Mapping[str, float]], moved: Mapping[str, Mapping[str, float]]
) -> Figure:
    """What the two halves of a training step touch, drawn from what was measured in them.

    Grey arrows are the way forward, coloured ones the gradient's way back; it is drawn as far as
    the gradients are not 0. A network is filled if its weights moved, and has a coloured outline if
    it has a gradient and yet stood still. Notebook 05 measures both.

    Args:
        gradients: "D" and "G", for each half, → the length of the gradient of its loss at the
            weights of "D", those of "G", and at "ŷ"; 0 where no gradient arrives.
        moved: "D" and "G", for each half, → how far the weights of "D" and "G" moved in it.

    Returns:
        The figure; its left axes show D's half, its right axes G's.
    """
    figure, both = plt.subplots(1, 2, figsize=(8.8, 3.2), layout="constrained")
    for axis, half in zip(both, "DG", strict=True):
        _draw_half(axis, half, gradients[half], moved[half])
    key = {
        "forward": plt.Line2D([], [], color=FORWARD),
        "gradient": plt.Line2D([], [], color=BACKWARD, lw=2.2),
        "no gradient beyond": plt.Line2D([], [], color=BACKWARD, marker="X", ls="", ms=9),
        "its weights moved": plt.Rectangle((0, 0), 1, 1, fc=MOVED, ec="black"),
        "only passed through": plt.Rectangle((0, 0), 1, 1, fc="white", ec=BACKWARD, lw=2.2),
    }
    figure.legend(
        key.values(), key, loc="outside lower center", ncols=len(key), fontsize=9, frameon=False
    )
    return figure


def _draw_half(axis, half: str, gradient: Mapping[str, float], moved: Mapping[str, float]) -> None:
    """One panel of `two_halves`."""

    def arrow(begin: str, end: str, colour: str) -> None:
        style = {"arrowstyle": "->", "color": colour, "lw": 1.2 if colour == FORWARD else 2.2}
        (x0, y0), (x1, y1) = np.array(_PLACES[begin]), np.array(_PLACES[end])
        across = np.array([y0 - y1, x1 - x0]) / np.hypot(x1 - x0, y1 - y0) * 0.07
        axis.annotate(
            "",
            np.add((x1, y1), across),
            np.add((x0, y0), across),
            arrowprops=style | {"shrinkA": 21, "shrinkB": 21, "zorder": 1},
        )

    for begin, end in _WAYS[half]:
        arrow(begin, end, FORWARD)
    back = [("loss", "D")] if gradient["D"] or gradient["ŷ"] else []
    if gradient["ŷ"]:
        back += [(end, begin) for begin, end in _WAYS[half] if begin in ("ŷ", "L1")]
    if gradient["G"]:
        back.append(("ŷ", "G"))
    for begin, end in back:
        arrow(begin, end, BACKWARD)
    if not gradient["ŷ"]:
        (x0, y0), (x1, y1) = _PLACES["ŷ"], _PLACES["D"]
        axis.plot((x0 + x1) / 2, (y0 + y1) / 2, "X", color=BACKWARD, markersize=11, zorder=3)
    loss = "$L_D$" if half == "D" else "$L_G$"
    for name, place in _PLACES.items():
        if name in {place for way in _WAYS[half] for place in way}:
            text = {"loss": loss, "L1": "λ·L1"}.get(name, name)
            kind = "square" if name in "DG" else "round"
            box = {"boxstyle": f"{kind},pad=0.45", "facecolor": "white"}
            if moved.get(name):
                box["facecolor"] = MOVED
            elif name in moved and gradient[name]:
                box |= {"edgecolor": BACKWARD, "linewidth": 2.2}
            axis.text(*place, text, ha="center", va="center", fontsize=12, bbox=box, zorder=2)
    notes = {"G": (0.95, 0.45), "D": (4.3, 2.85), "ŷ": (2.6, 0.45)}
    for name, place in notes.items():
        length = f"{gradient[name]:.2g}"
        note = (
            f"gradient {length}\nmoved by {moved[name]:.2g}"
            if name in moved
            else f"gradient\n{length}"
        )
        axis.text(*place, note, ha="center", va="top", fontsize=8.5)
    axis.set(xlim=(-0.4, 6.7), ylim=(-0.9, 2.95), title=f"{half}'s half")
    axis.axis("off")
