import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from pix2pix_course.config import Config
from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.pairs import to_image, to_network
from pix2pix_course.variants.encoding import Encoding, central_square, to_grey, to_lab_planes

COLORIZATION, INPAINTING = Encoding("colorization"), Encoding("inpainting")
ENCODINGS = {
    "rgb": Config(),
    "unit": Config().replace(value_range="unit"),
    "grey": Config().replace(grey_input=True, grey_output=True),
    "grey input": Config().replace(grey_input=True),
    "colorization": Config().replace(task="colorization"),
    "inpainting": Config().replace(task="inpainting"),
}


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


@pytest.fixture
def photo() -> np.ndarray:
    return paint_pair(3, size=64).photo


@pytest.mark.parametrize("config", ENCODINGS.values(), ids=ENCODINGS)
def test_shapes_and_ranges_are_those_of_the_config(config):
    encoding, images = Encoding.of(config), noise(2, 12, 8)
    condition, target = encoding.condition(images), encoding.target(images)
    assert condition.shape == (2, 12, 8, config.input_channels)
    assert target.shape == (2, 12, 8, config.output_channels)
    lowest = 0 if config.value_range == "unit" else -1
    for array in (condition, target):
        assert array.dtype == np.float32
        assert lowest <= array.min() < array.max() <= 1
    picture = encoding.picture(target, images)
    assert (picture.shape, picture.dtype) == (images.shape, np.uint8)


@pytest.mark.parametrize("config", ENCODINGS.values(), ids=ENCODINGS)
def test_what_is_shown_is_what_the_network_is_given(config):
    encoding, images = Encoding.of(config), noise(2, 12, 8)
    shown = encoding.show_condition(images)
    assert (shown.shape, shown.dtype) == (images.shape, np.uint8)
    # only colorization rounds: half of a grey level is up to 0.3 of 100 in L (CIE 1976, dark end
    # excepted)
    tolerance = 0.02 if config.task == "colorization" else 0
    given, again = encoding.condition(images), encoding.condition(shown)
    np.testing.assert_allclose(again, given, atol=tolerance)


def test_the_default_is_to_network_and_to_image():
    images = noise(3, 8, 8)
    np.testing.assert_array_equal(Encoding().condition(images), to_network(images))
    np.testing.assert_array_equal(Encoding().target(images), to_network(images))
    generated = np.random.default_rng(0).uniform(-1.2, 1.2, images.shape)
    np.testing.assert_array_equal(Encoding().picture(generated, images), to_image(generated))


def test_grey_is_pillows():
    image = noise(40, 40)
    pillow = np.asarray(Image.fromarray(image).convert("L"))
    np.testing.assert_array_equal(to_grey(image), np.stack([pillow] * 3, axis=-1))
    np.testing.assert_array_equal(to_grey(to_grey(image)), to_grey(image))
    encoding = Encoding(grey_input=True, grey_output=True)
    np.testing.assert_array_equal(encoding.condition(image)[..., 0], to_network(pillow))
    restored = encoding.picture(encoding.target(image), image)
    np.testing.assert_array_equal(restored, to_grey(image))


def test_the_unit_range_is_0_to_1_and_its_negative_half_black():
    encoding, levels = Encoding(value_range="unit"), np.arange(256, dtype=np.uint8)
    ramp = np.repeat(levels[None, :, None], 3, axis=-1)
    np.testing.assert_allclose(encoding.condition(ramp)[0, :, 0], levels / 255, rtol=1e-6)
    np.testing.assert_array_equal(encoding.picture(encoding.target(ramp), ramp), ramp)
    np.testing.assert_array_equal(encoding.picture(np.full((1, 1, 3), -0.7), ramp[:, :1]), 0)


def test_lab_is_scikit_images_to_half_a_plane(photo):
    lab = rgb2lab(photo)
    lightness = COLORIZATION.condition(photo)[..., 0]
    np.testing.assert_allclose(lightness, lab[..., 0] / 50 - 1, atol=0.5 / 127.5 + 1e-6)
    np.testing.assert_allclose(
        COLORIZATION.target(photo), lab[..., 1:] / 110, atol=0.5 / 110 + 1e-6
    )


def test_every_corner_of_the_colour_cube_fits_the_lab_planes():
    edge = np.linspace(0, 255, 18).astype(np.uint8)
    cube = np.stack(np.meshgrid(edge, edge, edge), axis=-1)
    lab = rgb2lab(cube)
    planes = to_lab_planes(cube).astype(float)
    np.testing.assert_allclose(planes[..., 1:] - 128, lab[..., 1:], atol=0.501)
    np.testing.assert_allclose(planes[..., 0] / 2.55, lab[..., 0], atol=0.2)
    # black, white and every grey between have no colour at all
    grey = np.repeat(edge[None, :, None], 3, axis=-1)
    np.testing.assert_array_equal(COLORIZATION.target(grey), 0)
    np.testing.assert_allclose(COLORIZATION.condition(grey)[0, [0, -1], 0], [-1, 1])


def test_a_photo_in_its_own_colours_comes_back(photo):
    restored = COLORIZATION.picture(COLORIZATION.target(photo), photo)
    difference = np.abs(restored.astype(int) - photo)
    assert difference.max() <= 6
    assert difference.mean() < 1
    # the generator is given the lightness alone, and that is enough to recombine
    shown = COLORIZATION.show_condition(photo)
    assert np.ptp(shown, axis=-1).max() == 0
    restored = COLORIZATION.picture(COLORIZATION.target(photo), shown)
    assert np.abs(restored.astype(int) - photo).mean() < 1.5


def test_impossible_colours_are_clipped_without_a_warning(recwarn):
    black = np.zeros((1, 2, 3), np.uint8)
    picture = COLORIZATION.picture(np.array([[[1, 1], [-1, -1]]]), black)
    assert picture.shape == (1, 2, 3)
    assert not recwarn.list


def test_the_hole_is_a_quarter_of_the_photo_and_white(photo):
    condition = INPAINTING.condition(photo)
    np.testing.assert_array_equal(condition[16:48, 16:48], 1)
    outside = ~central_square(64, 64)[..., 0]
    assert outside.sum() == 64 * 64 * 3 / 4
    np.testing.assert_array_equal(condition[outside], to_network(photo)[outside])
    np.testing.assert_array_equal(INPAINTING.target(photo), to_network(photo))
    np.testing.assert_array_equal(
        INPAINTING.show_condition(photo), to_image(INPAINTING.condition(photo))
    )
