"""The same figure, with a reader and without one."""

import io
import sys

import matplotlib
import numpy as np
import pytest
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from pix2pix_course.figures.sliders import HEADLESS, explore

GREYS = (0.0, 0.25, 0.5, 1.0)


@pytest.fixture
def drawn(monkeypatch) -> list:
    """What `draw` was called with; there is a reader unless a test says otherwise."""
    monkeypatch.delenv(HEADLESS, raising=False)
    yield []
    plt.close("all")


@pytest.fixture
def draw(drawn):
    def draw(grey, *axes):
        drawn.append((grey, len(axes)))
        for axis in axes:
            axis.set_facecolor((grey,) * 3)

    return draw


@pytest.fixture
def displayed(monkeypatch) -> list:
    found = []
    monkeypatch.setattr("IPython.display.display", found.append)
    return found


def without_ipywidgets(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)


def without_a_reader(monkeypatch):
    monkeypatch.setenv(HEADLESS, "1")


@pytest.mark.parametrize("make", [without_ipywidgets, without_a_reader])
def test_without_a_slider_the_states_stand_side_by_side(make, monkeypatch, draw, drawn, displayed):
    make(monkeypatch)
    assert (
        explore(draw, "grey", GREYS, shown=(0.25, 1.0), panels=("over", "under"), size=(2, 1))
        is None
    )
    assert drawn == [(0.25, 2), (1.0, 2)]
    assert displayed == []
    figure = plt.gcf()
    assert [axis.get_title() for axis in figure.axes][:2] == ["grey = 0.25", "grey = 1.0"]
    assert [axis.get_ylabel() for axis in figure.axes] == ["over", "", "under", ""]
    assert figure.get_size_inches().tolist() == [4, 2]


def test_a_slider_redraws_the_figure(draw, drawn, displayed):
    pytest.importorskip("ipywidgets")
    slider = explore(draw, "grey", GREYS, shown=(0.25, 1.0))
    (box,) = displayed
    assert box.children[0] is slider
    assert slider.options == GREYS
    assert not slider.continuous_update
    assert drawn == [(0.25, 1)]

    def middle():
        picture = np.asarray(Image.open(io.BytesIO(box.children[1].value)).convert("L"))
        return picture[picture.shape[0] // 2, picture.shape[1] // 2] / 255

    assert middle() == pytest.approx(0.25, abs=0.01)
    slider.value = 0.5
    assert drawn == [(0.25, 1), (0.5, 1)]
    assert middle() == pytest.approx(0.5, abs=0.01)
    assert plt.get_fignums() == []  # or the notebook would show it a second time


@pytest.mark.parametrize("shown", [(), (0.3,)])
def test_only_positions_of_the_slider_can_be_shown(shown, draw):
    with pytest.raises(ValueError, match=r"should be some of values=\[0.0, 0.25, 0.5, 1.0\]"):
        explore(draw, "grey", GREYS, shown)
