"""The variants of both networks: counts are those of the implementations."""

from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.config import Config
from pix2pix_course.generators import MODES, generate, widths_of
from pix2pix_course.training import build_discriminator, build_generator
from pix2pix_course.variants.generators import decoder_filters


def config(**changes) -> Config:
    return Config().replace(**changes)


def small(**changes) -> Config:
    filters = {"generator_filters": 2, "discriminator_filters": 2}
    return config(image_size=64, discriminator_layers=2, **filters, **changes)


def counts(build, **changes) -> tuple[int, int]:
    """Trainable weights, and all with the moving averages; no number is drawn or stored."""
    with keras.StatelessScope(initialize_variables=False):
        model = build(config(**changes))
        kinds = (model.trainable_weights, model.weights)
        return tuple(sum(int(np.prod(weight.shape)) for weight in found) for found in kinds)


@pytest.fixture(scope="module")
def condition():
    return np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)


# --- generators -----------------------------------------------------------------------------


def test_the_torch_networks_have_their_counts():
    """The authors' Torch code has a bias everywhere, and zeroes them all at each step."""
    torch = {"generator_bias": "all"}
    assert counts(build_generator, **torch)[0] == 54_419_459
    assert counts(build_generator, image_size=128, **torch)[0] == 41_833_475
    assert counts(build_generator, generator="encoder_decoder", **torch)[0] == 39_080_963


def test_the_affinelayer_networks_have_their_counts():
    """TensorFlow's first port trains these biases, and normalises the bottleneck as well."""
    generator = counts(build_generator, generator_bias="all", bottleneck_norm=True)
    assert generator == (54_420_483, 54_431_363)
    # printed by that program itself, as parameter_count
    assert generator[0] + counts(build_discriminator, discriminator_bias="all")[0] == 57_190_084


def test_the_resnets_have_the_reference_counts():
    norm = {"generator_norm": "instance", "generator_bias": "all"}
    nine, six = (counts(build_generator, generator=f"resnet_{n}", **norm)[0] for n in (9, 6))
    assert nine == 11_378_179
    assert counts(build_generator, generator="resnet_9")[0] == 11_383_427
    # three blocks fewer, of two 3×3 convolutions of 256 channels with their biases
    assert nine - six == 3 * 2 * (9 * 256 * 256 + 256)


def test_a_resnet_takes_any_multiple_of_four_and_keeps_the_size():
    model = build_generator(small(generator="resnet_6"))
    for height, width in ((64, 64), (68, 100)):
        assert model(tf.zeros((1, height, width, 3))).shape == (1, height, width, 3)
    assert np.abs(np.asarray(model(tf.random.normal((1, 64, 64, 3))))).max() <= 1


def test_the_papers_printed_numbers_count_channels_after_joining():
    widths = widths_of(256, 64)
    assert decoder_filters(widths, "mirrored") == [512, 512, 512, 512, 256, 128, 64]
    assert decoder_filters(widths, "as_printed") == [512, 1024, 1024, 1024, 1024, 512, 256]
    mirrored = decoder_filters(widths, "mirrored")
    joined = [made + skip for made, skip in zip(mirrored, widths[-2::-1], strict=True)]
    assert joined == [1024, 1024, 1024, 1024, 512, 256, 128]  # §6.1.1 after its first CD512


def test_upsampling_doubles_as_well(condition):
    model = build_generator(small(decoder="upsampling"))
    assert model(condition).shape == condition.shape
    assert not any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in model.layers)


@pytest.mark.parametrize("network", ["unet", "resnet_6"])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_every_mode_works_with_every_norm(network, norm, condition):
    model = build_generator(small(generator=network, generator_norm=norm))
    for mode in MODES:
        assert generate(model, condition, mode).shape == (2, 64, 64, 3)


# --- discriminators -------------------------------------------------------------------------


def test_biases_are_counted_as_in_torch():
    assert counts(build_discriminator, discriminator_bias="all") == (2_769_601, 2_771_393)


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"discriminator_padding": 2}, (1, 35, 35, 1)),  # the grid grows, and not the patch
        ({"gan_loss": "softmax"}, (1, 30, 30, 2)),  # two outputs a patch
    ],
)
def test_grids(changes, shape):
    with keras.StatelessScope(initialize_variables=False):
        model = build_discriminator(config(**changes))
        assert model.compute_output_shape([(1, 256, 256, 3)] * 2) == shape


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_without_batch_norm_no_image_sees_its_neighbour(norm):
    model = build_discriminator(small(discriminator_norm=norm, conditional=False))
    images = np.random.default_rng(4).uniform(-1, 1, (3, 64, 64, 3)).astype(np.float32)
    together = np.asarray(model(images, training=True))
    alone = np.concatenate([model(image[None], training=True) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_an_image_discriminator_gives_one_verdict_an_image():
    model = build_discriminator(small(discriminator="image", discriminator_norm="none"))
    assert model.output_shape == (None, 1)
    # halved six times, with 2, 4, 8, 16, 16, 16 channels
    widths = [6, 2, 4, 8, 16, 16, 16]
    kernels = sum(16 * a * b for a, b in pairwise(widths))
    found = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert found == kernels + sum(widths[1:]) + 16 + 1
