import numpy as np
import pytest

from pix2pix_course.palettes import PALETTES, Palette

rng = np.random.default_rng(0)


@pytest.mark.parametrize(("name", "classes"), [("facades", 12), ("cityscapes", 20)])
def test_ids_survive_the_way_to_colours_and_back(name, classes):
    palette = PALETTES[name]
    assert len(palette) == classes
    ids = rng.integers(0, classes, (40, 30)).astype(np.uint8)
    image = palette.to_rgb(ids)
    assert image.dtype == np.uint8
    assert image.shape == (40, 30, 3)
    assert (palette.to_ids(image) == ids).all()
    assert (palette.snap(image) == image).all()


def test_facade_colours_are_those_of_the_published_archive():
    facades = PALETTES["facades"]
    assert dict(zip(facades.names, facades.colours, strict=True))["background"] == (0, 0, 222)
    assert facades.to_ids(np.array([0, 48, 255], np.uint8)) == facades.names.index("facade")
    assert facades.to_ids(np.array([175, 0, 0], np.uint8)) == facades.names.index("shop")


@pytest.mark.parametrize("name", PALETTES)
def test_to_ids_finds_the_nearest_colour(name):
    palette = PALETTES[name]
    image = rng.integers(0, 256, (50, 41, 3)).astype(np.uint8)
    difference = image[:, :, None].astype(int) - np.array(palette.colours)
    distance = (difference**2).sum(-1)
    chosen = np.take_along_axis(distance, palette.to_ids(image)[..., None].astype(int), -1)[..., 0]
    assert (chosen == distance.min(-1)).all()


def test_small_disturbances_do_not_change_a_class():
    # Half the smallest distance between two facade colours is 24.
    palette = PALETTES["facades"]
    ids = rng.integers(0, 12, (64, 64)).astype(np.uint8)
    noisy = palette.to_rgb(ids).astype(int) + rng.integers(-13, 14, (64, 64, 3))
    assert (palette.to_ids(noisy.clip(0, 255).astype(np.uint8)) == ids).all()


def test_batches_and_single_pixels_keep_their_shape():
    palette = PALETTES["facades"]
    assert palette.to_ids(np.zeros((2, 5, 4, 3), np.uint8)).shape == (2, 5, 4)
    assert palette.to_ids(np.zeros((0, 4, 3), np.uint8)).shape == (0, 4)


@pytest.mark.parametrize("image", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)])
def test_what_is_no_coloured_label_map_is_refused(image):
    with pytest.raises(ValueError, match=r"uint8 with shape \(\.\.\., 3\)"):
        PALETTES["facades"].to_ids(image)


@pytest.mark.parametrize("ids", [[0, 12], [-1, 3]])
def test_ids_without_a_class_are_refused(ids):
    with pytest.raises(ValueError, match="from 0 to 11"):
        PALETTES["facades"].to_rgb(np.array(ids))


def test_a_palette_needs_one_colour_for_each_name():
    with pytest.raises(ValueError, match="2 names but 1 colours"):
        Palette(("a", "b"), ((0, 0, 0),))
    with pytest.raises(ValueError, match="share a colour"):
        Palette(("a", "b"), ((0, 0, 0), (0, 0, 0)))
