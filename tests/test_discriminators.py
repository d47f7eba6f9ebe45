from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.discriminators import image_discriminator, patchgan, receptive_field

# strided layers → (receptive field, side of the grid for 256 pixels, trainable weights)
FAMILY = {
    0: (1, 256, 9_024),
    1: (16, 126, 139_585),
    2: (34, 62, 666_433),
    3: (70, 30, 2_768_705),
    4: (142, 14, 6_964_033),
    5: (286, 6, 11_159_361),
    6: (574, 2, 15_354_689),
}


def trainable(model: keras.Model) -> int:
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


@pytest.mark.parametrize("layers", FAMILY)
def test_grids_and_counts_are_the_references(layers):
    _, grid, count = FAMILY[layers]
    model = patchgan(layers_strided=layers, image_size=256)
    assert model.output_shape == (None, grid, grid, 1)
    assert trainable(model) == count


@pytest.mark.parametrize("layers", FAMILY)
def test_the_receptive_field_by_formula(layers):
    assert receptive_field(layers) == FAMILY[layers][0]


@pytest.mark.parametrize("layers", FAMILY)
def test_the_receptive_field_by_gradient(layers):
    field = FAMILY[layers][0]
    side = {5: 320, 6: 640}.get(layers, 256)
    # Without normalisation a patch sees only itself; with it, the batch statistics leak the rest.
    keras.utils.set_random_seed(0)
    model = patchgan(layers_strided=layers, filters=2, conditional=False)
    # positive kernels cannot cancel each other out
    for variable in model.trainable_variables:
        variable.assign(tf.abs(variable) + 0.01)
    image = tf.ones((1, side, side, 3))
    with tf.GradientTape() as tape:
        tape.watch(image)
        logits = model(image, training=False)
        middle = logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]
    touched = tf.reduce_max(tf.abs(tape.gradient(middle, image)[0]), axis=-1).numpy() > 0
    rows, columns = np.flatnonzero(touched.any(1)), np.flatnonzero(touched.any(0))
    assert (rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) == (field, field)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_every_weight_gets_a_gradient_at_batch_size_1(layers):
    keras.utils.set_random_seed(2)
    model = patchgan(layers_strided=layers, filters=4)
    random = np.random.default_rng(3)
    pair = [random.uniform(-1, 1, (1, 64, 64, 3)).astype(np.float32) for _ in range(2)]
    with tf.GradientTape() as tape:
        # the loss for real images; a plain mean would be blind to what normalisation removes
        loss = tf.reduce_mean(tf.nn.softplus(-model(pair, training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        assert float(tf.reduce_max(tf.abs(gradient))) > 0, variable.path


def test_without_a_condition_it_takes_the_image_alone():
    model = patchgan(conditional=False, image_size=128)
    assert model.input_shape == (None, 128, 128, 3)
    # three input channels fewer in the first 4×4 convolution
    assert trainable(patchgan()) - trainable(model) == 3 * 4 * 4 * 64


def test_channels_of_condition_and_image_can_differ():
    model = patchgan(input_channels=1, target_channels=2, filters=2)
    assert [shape[-1] for shape in model.input_shape] == [1, 2]


def test_it_answers_in_logits():
    assert patchgan(filters=2).layers[-1].activation is keras.activations.linear


@pytest.mark.parametrize("layers", [-1, 7])
def test_other_depths_are_refused(layers):
    with pytest.raises(ValueError, match="use 0 to 6"):
        patchgan(layers_strided=layers)


def test_biases_are_counted_as_in_torch():
    model = patchgan(bias="all")
    assert (trainable(model), model.count_params()) == (2_769_601, 2_771_393)


def test_padding_2_enlarges_the_grid_and_not_the_patch():
    assert patchgan(filters=2, padding=2, image_size=256).output_shape == (None, 35, 35, 1)


def test_two_outputs_a_patch():
    assert patchgan(filters=2, outputs=2, image_size=256).output_shape == (None, 30, 30, 2)


@pytest.mark.parametrize("norm", ["instance", "none"])
def test_without_batch_norm_no_image_sees_its_neighbour(norm):
    model = patchgan(filters=4, norm=norm, conditional=False)
    images = np.random.default_rng(4).uniform(-1, 1, (3, 64, 64, 3)).astype(np.float32)
    together = np.asarray(model(images, training=True))
    alone = np.concatenate([model(image[None], training=True) for image in images])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_an_image_discriminator_gives_one_verdict_an_image():
    model = image_discriminator(64, filters=2, norm="none")
    assert model.output_shape == (None, 1)
    # halved six times, with 2, 4, 8, 16, 16, 16 channels
    widths = [6, 2, 4, 8, 16, 16, 16]
    kernels = sum(16 * a * b for a, b in pairwise(widths))
    assert trainable(model) == kernels + sum(widths[1:]) + 16 + 1
