"""Counts are those of the reference implementations; see the docstrings of `generators`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.discriminators import patchgan
from pix2pix_course.generators import (
    MODES,
    decoder_filters,
    encoder_decoder,
    encoder_filters,
    generate,
    resnet,
    unet,
    without_dropout,
)


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(1)
    return unet(64, filters=4)


@pytest.fixture(scope="module")
def condition():
    return np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)


def test_the_full_unet_has_the_reference_counts():
    model = unet()
    # junyanz/pytorch-CycleGAN-and-pix2pix, unet_256 with batch normalisation
    assert trainable(model) == 54_413_955
    assert model.count_params() == 54_423_811


def test_the_unet_of_128_pixels_has_the_reference_count():
    assert trainable(unet(128)) == 41_828_995  # the same authors' unet_128


# The authors' Torch code has a bias everywhere, and zeroes them all at each step; affinelayer's
# TensorFlow port trains them, and normalises the bottleneck as well.
TORCH = {"bias": "all"}
AFFINELAYER = {"bias": "all", "bottleneck_norm": True}


def test_the_torch_networks_have_their_counts():
    assert trainable(unet(**TORCH)) == 54_419_459
    assert trainable(unet(128, **TORCH)) == 41_833_475
    assert trainable(encoder_decoder(**TORCH)) == 39_080_963


def test_the_affinelayer_networks_have_their_counts():
    generator, discriminator = unet(**AFFINELAYER), patchgan(bias="all")
    assert (trainable(generator), generator.count_params()) == (54_420_483, 54_431_363)
    # printed by that program itself, as parameter_count
    assert trainable(generator) + trainable(discriminator) == 57_190_084


def test_colorization_has_one_channel_in_and_two_out():
    assert trainable(unet(input_channels=1, output_channels=2)) == 54_409_858


def test_the_resnets_have_the_reference_counts():
    assert trainable(resnet(9)) == 11_378_179
    assert trainable(resnet(9, norm="batch", bias="last")) == 11_383_427
    # three blocks fewer, of two 3×3 convolutions of 256 channels with their biases
    assert trainable(resnet(9)) - trainable(resnet(6)) == 3 * 2 * (9 * 256 * 256 + 256)


def test_a_resnet_takes_any_multiple_of_four_and_keeps_the_size():
    model = resnet(2, filters=2)
    for height, width in ((64, 64), (68, 100)):
        assert model(tf.zeros((1, height, width, 3))).shape == (1, height, width, 3)
    assert np.abs(np.asarray(model(tf.random.normal((1, 64, 64, 3))))).max() <= 1


def test_the_papers_printed_numbers_count_channels_after_joining():
    widths = encoder_filters(256, 64)
    assert decoder_filters(widths, "mirrored") == [512, 512, 512, 512, 256, 128, 64]
    assert decoder_filters(widths, "as_printed") == [512, 1024, 1024, 1024, 1024, 512, 256]
    mirrored = decoder_filters(widths, "mirrored")
    joined = [made + skip for made, skip in zip(mirrored, widths[-2::-1], strict=True)]
    assert joined == [1024, 1024, 1024, 1024, 512, 256, 128]  # §6.1.1 after its first CD512


def test_upsampling_doubles_as_well():
    model = unet(64, filters=2, decoder="upsampling", fixed_size=True)
    assert model.output_shape == (None, 64, 64, 3)
    assert not any(isinstance(layer, keras.layers.Conv2DTranspose) for layer in model.layers)


@pytest.mark.parametrize("network", [unet, resnet])
@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_every_mode_works_with_every_norm(network, norm, condition):
    size = {"image_size": 64} if network is unet else {"blocks": 1}
    model = network(**size, filters=2, norm=norm)
    for mode in MODES:
        assert generate(model, condition, mode).shape == (2, 64, 64, 3)


def test_kernels_alone_add_up():
    kernels = sum(
        int(np.prod(v.shape)) for v in unet().trainable_variables if v.path.endswith("kernel")
    )
    assert kernels == 19_532_800 + 34_871_296  # encoder and decoder, layer by layer


def test_channels_double_up_to_eight_times():
    assert encoder_filters(256, 64) == [64, 128, 256, 512, 512, 512, 512, 512]


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_every_size_ends_in_one_pixel_and_comes_back(size):
    model = unet(size, filters=2, fixed_size=True)
    depth = int(np.log2(size))
    assert model.get_layer(f"encoder_{depth}_conv").output.shape[1:3] == (1, 1)
    assert model.output_shape == (None, size, size, 3)


@pytest.mark.parametrize("size", [32, 100, 1024])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="use 64, 128, 256 or 512"):
        unet(size)


def test_channels_can_differ():
    model = unet(64, input_channels=1, output_channels=2, filters=2)
    assert model.input_shape[-1] == 1
    assert model.output_shape[-1] == 2


def test_details_of_the_paper():
    model = unet(256, filters=2, fixed_size=True)
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {layer.epsilon for layer in norms} == {1e-5}
    slopes = [la for la in model.layers if isinstance(la, keras.layers.LeakyReLU)]
    assert {layer.negative_slope for layer in slopes} == {0.2}
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    # CD512-CD1024-CD1024 of §6.1.1: the first three decoder blocks, at 2, 4 and 8 pixels
    assert [(d.rate, d.output.shape[1]) for d in dropouts] == [(0.5, 2), (0.5, 4), (0.5, 8)]
    # neither the first layer nor the 1×1 bottleneck is normalised
    assert {layer.name for layer in norms} == {f"encoder_{i}_norm" for i in range(2, 8)} | {
        f"decoder_{i}_norm" for i in range(1, 8)
    }
    with_bias = [la.name for la in model.layers if getattr(la, "use_bias", False)]
    assert with_bias == ["output_deconv"]


def test_kernels_start_with_a_deviation_of_002():
    kernel = unet(128, filters=16).get_layer("encoder_5_conv").kernel
    values = keras.ops.convert_to_numpy(kernel)
    # 262,144 draws: the sample deviation is within 1 % of the true one
    assert np.std(values) == pytest.approx(0.02, rel=0.01)
    assert abs(np.mean(values)) < 3e-4


@pytest.mark.parametrize("part", ["conv", "norm"])
def test_layers_of_one_shape_start_differently(part):
    # An unseeded initializer that is shared by two layers would give both the same numbers.
    model = unet(128, filters=4)
    first, second = (model.get_layer(f"encoder_{i}_{part}").get_weights()[0] for i in (5, 6))
    assert first.shape == second.shape
    assert np.abs(first - second).max() > 0.01


def test_every_weight_gets_a_gradient_at_batch_size_1(small, condition):
    target = np.random.default_rng(1).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(small(condition[:1], training=True) - target))
    for variable, gradient in zip(
        small.trainable_variables, tape.gradient(loss, small.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert float(tf.reduce_max(tf.abs(gradient))) > 0, variable.path


def test_a_skip_changes_the_output_where_the_encoder_decoder_cannot_see(condition):
    # Without skips all passes through 1×1: shifting the image by one pixel reaches the output
    # through 8 × filters numbers only. With skips the first layer reaches the last block at once.
    names = [layer.name for layer in encoder_decoder(64, filters=2).layers]
    assert not [name for name in names if name.endswith("_skip")]
    names = [layer.name for layer in unet(64, filters=2).layers]
    assert len([name for name in names if name.endswith("_skip")]) == 5


def test_no_mode_changes_anything(small, condition):
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in small.variables]
    for mode in MODES:
        generate(small, condition, mode)
    for variable, old in zip(small.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), old)


def test_calling_in_training_mode_would_have_changed_something(condition):
    # the counterpart of the test above: what `generate` avoids
    model = unet(64, filters=2)
    before = keras.ops.convert_to_numpy(model.get_layer("encoder_2_norm").moving_mean).copy()
    model(condition, training=True)
    after = keras.ops.convert_to_numpy(model.get_layer("encoder_2_norm").moving_mean)
    assert np.abs(after - before).max() > 0


def test_only_the_papers_mode_has_noise_and_the_seed_repeats_it(small, condition):
    def run(mode, seed):
        return keras.ops.convert_to_numpy(generate(small, condition, mode, seed))

    for mode in MODES:
        np.testing.assert_array_equal(run(mode, 3), run(mode, 3))
    assert np.abs(run("paper", 3) - run("paper", 4)).max() > 1e-3
    np.testing.assert_array_equal(run("deterministic", 3), run("deterministic", 4))


def test_the_deterministic_mode_is_batch_statistics_without_dropout(condition):
    keras.utils.set_random_seed(5)
    with_noise = unet(64, filters=2)
    twin = unet(64, filters=2, dropout=0)
    twin.set_weights(with_noise.get_weights())
    wanted = keras.ops.convert_to_numpy(twin(condition, training=True))
    found = keras.ops.convert_to_numpy(generate(with_noise, condition, "deterministic"))
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_running_mode_is_what_predict_does(small, condition):
    found = keras.ops.convert_to_numpy(generate(small, condition, "running"))
    np.testing.assert_allclose(found, small.predict(condition, verbose=0), atol=1e-6)


def test_cutting_dropout_shares_the_weights(small):
    cut = without_dropout(small)
    assert {id(v) for v in cut.trainable_variables} == {id(v) for v in small.trainable_variables}


def test_unknown_mode(small, condition):
    with pytest.raises(ValueError, match="paper, deterministic, running"):
        generate(small, condition, "eval")


def test_any_multiple_of_the_size_is_accepted(small):
    wide = np.zeros((1, 64, 192, 3), np.float32)
    assert generate(small, wide).shape == (1, 64, 192, 3)
