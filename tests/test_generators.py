"""Counts are those of the reference implementations; see the docstrings of `generators`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.generators import MODES, generate, unet, widths_of, without_dropout


def counts(build, *args, **options) -> tuple[int, int]:
    """Trainable weights, and all with the moving averages; no number is drawn or stored."""
    with keras.StatelessScope(initialize_variables=False):
        model = build(*args, **options)
        sizes = [int(np.prod(weight.shape)) for weight in model.weights]
        trained = [int(np.prod(weight.shape)) for weight in model.trainable_weights]
    return sum(trained), sum(sizes)


def of_type(model, kind):
    return [layer for layer in model.layers if type(layer) is kind]


def sides(model, size: int) -> dict:
    """Layer → side of its output, for an image of `size` pixels."""
    inside = keras.Model(model.input, [layer.output for layer in model.layers[1:]])
    shapes = inside.compute_output_shape((1, size, size, model.input.shape[-1]))
    return dict(zip(model.layers[1:], [shape[1] for shape in shapes], strict=True))


@pytest.fixture(scope="module")
def small():
    keras.utils.set_random_seed(1)
    return unet(64, filters=4)


@pytest.fixture(scope="module")
def condition():
    return np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)


def test_the_full_unet_has_the_reference_counts():
    # junyanz/pytorch-CycleGAN-and-pix2pix, unet_256 with batch normalisation
    assert counts(unet) == (54_413_955, 54_423_811)


def test_the_unet_of_128_pixels_has_the_reference_count():
    assert counts(unet, 128)[0] == 41_828_995  # the same authors' unet_128


def test_colorization_has_one_channel_in_and_two_out():
    assert counts(unet, input_channels=1, output_channels=2)[0] == 54_409_858


def test_kernels_alone_add_up():
    with keras.StatelessScope(initialize_variables=False):
        shapes = [v.shape for v in unet().trainable_variables if v.path.endswith("kernel")]
    kernels = [int(np.prod(shape)) for shape in shapes]
    assert (sum(kernels[:8]), sum(kernels[8:])) == (19_532_800, 34_871_296)  # down, and up again


def test_channels_double_up_to_eight_times():
    assert widths_of(256, 64) == [64, 128, 256, 512, 512, 512, 512, 512]


def test_without_skips_it_is_the_encoder_decoder_of_table_2():
    assert counts(unet, skips=False)[0] == 39_075_459


@pytest.mark.parametrize("size", [64, 128, 256, 512])
def test_every_size_ends_in_one_pixel_and_comes_back(size):
    model = unet(size, filters=2)
    found = sides(model, size)
    encoder = [found[layer] for layer in of_type(model, keras.layers.Conv2D)]
    decoder = [found[layer] for layer in of_type(model, keras.layers.Conv2DTranspose)]
    assert encoder == [size >> level for level in range(1, len(encoder) + 1)]
    assert encoder[-1] == 1
    assert decoder == [*encoder[-2::-1], size]


def test_details_of_the_paper():
    model = unet(256, filters=2)
    found = sides(model, 256)
    norms = of_type(model, keras.layers.BatchNormalization)
    assert {(layer.epsilon, layer.momentum) for layer in norms} == {(1e-5, 0.9)}
    slopes = of_type(model, keras.layers.LeakyReLU)
    assert {layer.negative_slope for layer in slopes} == {0.2}
    # CD512-CD1024-CD1024 of §6.1.1: the first three decoder blocks, at 2, 4 and 8 pixels
    dropouts = of_type(model, keras.layers.Dropout)
    assert [(layer.rate, found[layer]) for layer in dropouts] == [(0.5, 2), (0.5, 4), (0.5, 8)]
    # neither the first layer nor the 1×1 bottleneck is normalised
    assert [found[layer] for layer in norms] == [64, 32, 16, 8, 4, 2, 2, 4, 8, 16, 32, 64, 128]
    convolutions = [layer for layer in model.layers if hasattr(layer, "kernel")]
    assert [layer.use_bias for layer in convolutions] == [False] * 15 + [True]


def test_kernels_and_scales_start_with_a_deviation_of_002():
    model = unet(128, filters=16)
    values = keras.ops.convert_to_numpy(of_type(model, keras.layers.Conv2D)[4].kernel)
    # 262,144 draws: the sample deviation is within 1 % of the true one
    assert np.std(values) == pytest.approx(0.02, rel=0.01)
    assert abs(np.mean(values)) < 3e-4
    norms = of_type(model, keras.layers.BatchNormalization)
    gammas = np.concatenate([keras.ops.convert_to_numpy(layer.gamma) for layer in norms])
    assert np.mean(gammas) == pytest.approx(1, abs=4 * 0.02 / len(gammas) ** 0.5)
    assert np.std(gammas) == pytest.approx(0.02, rel=0.1)


def test_layers_of_one_shape_start_differently():
    # An unseeded initializer that is shared by two layers would give both the same numbers.
    model = unet(128, filters=4)
    for kind in (keras.layers.Conv2D, keras.layers.BatchNormalization):
        first, second = (layer.get_weights()[0] for layer in of_type(model, kind)[4:6])
        assert first.shape == second.shape
        assert np.abs(first - second).max() > 0.01


def test_a_skip_hands_on_what_does_not_pass_the_bottleneck(condition):
    """With an innermost kernel of zeros nothing passes: then the skips are the only way."""
    changes = {}
    for skips in (True, False):
        model = unet(64, filters=4, skips=skips)
        innermost = of_type(model, keras.layers.Conv2D)[-1]
        innermost.kernel.assign(keras.ops.zeros_like(innermost.kernel))
        first, second = (generate(model, c, "deterministic") for c in (condition, -condition))
        changes[skips] = float(np.abs(np.asarray(first) - np.asarray(second)).max())
    assert changes[False] == 0
    assert changes[True] > 0.1


def test_channels_can_differ():
    model = unet(64, input_channels=1, output_channels=2, filters=2)
    assert model.input_shape[-1] == 1
    assert model.output_shape[-1] == 2


def test_every_weight_gets_a_gradient_at_batch_size_1(small, condition):
    target = np.random.default_rng(1).uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.abs(small(condition[:1], training=True) - target))
    for variable, gradient in zip(
        small.trainable_variables, tape.gradient(loss, small.trainable_variables), strict=True
    ):
        assert gradient is not None, variable.path
        assert float(tf.reduce_max(tf.abs(gradient))) > 0, variable.path


def test_no_mode_changes_anything(small, condition):
    before = [keras.ops.convert_to_numpy(variable).copy() for variable in small.variables]
    for mode in MODES:
        generate(small, condition, mode)
    for variable, old in zip(small.variables, before, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(variable), old)


def test_calling_in_training_mode_would_have_changed_something(condition):
    # the counterpart of the test above: what `generate` avoids
    model = unet(64, filters=2)
    norm = of_type(model, keras.layers.BatchNormalization)[0]
    before = keras.ops.convert_to_numpy(norm.moving_mean).copy()
    model(condition, training=True)
    assert np.abs(keras.ops.convert_to_numpy(norm.moving_mean) - before).max() > 0


def test_the_view_without_dropout_is_made_once(condition, monkeypatch):
    model, made = unet(64, filters=2), []
    clone = keras.models.clone_model
    monkeypatch.setattr(
        keras.models, "clone_model", lambda *a, **k: made.append(1) or clone(*a, **k)
    )
    for _ in range(5):
        generate(model, condition, "deterministic")
    assert len(made) == 1  # else each picture would leave a graph of layers in memory
    model.trainable_variables[0].assign_add(keras.ops.ones_like(model.trainable_variables[0]))
    moved = generate(model, condition, "deterministic")
    np.testing.assert_array_equal(moved, generate(model, condition, "deterministic"))
    assert np.abs(np.asarray(moved)).max() > 0


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
