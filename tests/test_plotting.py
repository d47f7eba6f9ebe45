import matplotlib
import numpy as np
import pytest
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from pix2pix_course.figures import plotting


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_floats_and_bytes_show_the_same_picture():
    image = np.array([[[0, 128, 255]]], np.uint8)
    np.testing.assert_allclose(
        plotting.to_picture(image / 127.5 - 1), image / 255, rtol=0, atol=1e-6
    )
    assert plotting.to_picture(image) is image


def test_a_grid_has_a_titled_column_for_each_entry():
    images = np.zeros((3, 8, 8, 3), np.uint8)
    figure = plotting.image_grid({"condition": images, "target": images}, row_names="abc")
    titles = [axis.get_title() for axis in figure.axes if axis.get_title()]
    assert titles == ["condition", "target"]
    assert len(figure.axes) == 6
    assert [axis.get_ylabel() for axis in figure.axes[::2]] == ["a", "b", "c"]


def test_curves_show_the_chance_level():
    row = {"g_l1": 0.3, "d_loss": 0.6, "g_gan": 0.8, "d_real": 0.6, "d_fake": 0.4}
    figure = plotting.history_curves([row, row], chance=0.693)
    levels = [set(line.get_ydata()) for axis in figure.axes for line in axis.lines]
    assert {0.693} in levels
    assert {0.5} in levels


def test_the_film_runs_from_condition_to_target(tmp_path):
    for epoch in (1, 2, 5):
        picture = np.zeros((4 * 8, 3 * 8, 3), np.uint8)
        picture[8:16, 8:16] = epoch  # row 1, the generated column
        Image.fromarray(picture).save(tmp_path / f"epoch_{epoch:04d}.png")
    figure = plotting.sample_film(tmp_path, frames=4, row=1)
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["condition", "epoch 1", "epoch 2", "epoch 5", "target"]
    assert figure.axes[3].images[0].get_array().max() == 5


class Handle:
    """What IPython's `display` returns: here it keeps the titles of each figure that it shows."""

    def __init__(self):
        self.shown = []

    def update(self, figure):
        self.shown.append([axis.get_title() for axis in figure.axes if axis.get_title()])

    def first(self, figure, display_id):
        assert display_id
        self.update(figure)
        return self


def test_a_live_film_is_one_output_that_ends_as_the_film(monkeypatch):
    handle = Handle()
    monkeypatch.setattr("IPython.display.display", handle.first)
    images = np.zeros((2, 8, 8, 3), np.uint8)
    film = plotting.LiveFilm(images, images, steps=2000)
    for step in (0, 1, 2, 4, 8, 16, 32, 64, *range(100, 2001, 100)):
        film.show(step, images)
        assert handle.shown[-1] == ["given", f"step {step:,} of 2,000", "wanted"]
    film.finish(frames=5)
    assert handle.shown[-1] == [
        "given", "step 0", "step 64", "step 200", "step 700", "step 2,000", "wanted",
    ]  # fmt: skip
    assert plt.get_fignums() == []  # or the notebook would show them once more


def test_a_film_of_few_stages_shows_each_of_them_once(monkeypatch):
    handle = Handle()
    monkeypatch.setattr("IPython.display.display", handle.first)
    images = np.zeros((1, 8, 8, 3), np.uint8)
    film = plotting.LiveFilm(images, images, steps=2)
    with pytest.raises(ValueError, match="no stages"):
        film.finish()
    film.show(0, images)
    film.show(2, images)
    film.finish()
    assert handle.shown[-1] == ["given", "step 0", "step 2", "wanted"]


def test_no_samples_yet(tmp_path):
    with pytest.raises(ValueError, match="no samples"):
        plotting.sample_film(tmp_path)
