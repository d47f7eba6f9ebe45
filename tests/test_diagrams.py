import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.colors import to_hex

from pix2pix_course.figures import diagrams


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_the_diagram_shows_three_pictures_within_its_frame():
    grey = np.zeros((8, 8, 3), np.float32)
    figure = diagrams.pix2pix_diagram(grey, grey, grey)
    (canvas,) = figure.axes
    assert len(canvas.images) == 3
    figure.canvas.draw()
    frame = canvas.get_window_extent()
    for text in canvas.texts:
        box = text.get_window_extent()
        if text.get_text():  # the arrows are texts as well, empty ones
            assert frame.x0 <= box.x0 < box.x1 <= frame.x1
            assert frame.y0 <= box.y0 < box.y1 <= frame.y1


def panels(gradients: dict, moved: dict) -> list:
    """The two panels of a step: of each its notes, its coloured arrows, whether it has a stop."""
    found = []
    for axis in diagrams.two_halves(gradients, moved).axes:
        notes = {text.get_text() for text in axis.texts}
        arrows = [t.arrow_patch for t in axis.texts if getattr(t, "arrow_patch", None)]
        back = [a for a in arrows if to_hex(a.get_edgecolor()) == diagrams.BACKWARD]
        found.append((notes, len(back), bool(axis.lines)))
    return found


def test_a_step_is_drawn_as_it_was_measured():
    gradients = {"D": {"D": 0.8, "G": 0, "ŷ": 0}, "G": {"D": 0.5, "G": 14, "ŷ": 0.6}}
    moved = {"D": {"D": 2e-4, "G": 0}, "G": {"D": 0, "G": 2e-4}}
    (d_notes, d_back, d_stops), (g_notes, g_back, g_stops) = panels(gradients, moved)
    assert {"gradient 0.8\nmoved by 0.0002", "gradient 0\nmoved by 0", "gradient\n0"} <= d_notes
    assert {"gradient 0.5\nmoved by 0", "gradient 14\nmoved by 0.0002", "gradient\n0.6"} <= g_notes
    assert (d_back, d_stops) == (1, True)  # from the loss to D, and no further
    assert (g_back, g_stops) == (5, False)  # through D and through L1, to ŷ, to G


def test_a_step_that_leaks_is_not_drawn_as_one_that_does_not():
    leaking = {"D": 0.8, "G": 0.1, "ŷ": 0.1}
    still = {"D": 0, "G": 0}
    (_, back, stops), _ = panels({"D": leaking, "G": leaking}, {"D": still, "G": still})
    assert (back, stops) == (3, False)
