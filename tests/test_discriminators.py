import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.discriminators import patchgan, receptive_field

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
    with keras.StatelessScope(initialize_variables=False):  # no number is drawn or stored
        model = patchgan(layers)
        shape = model.compute_output_shape([(None, 256, 256, 3)] * 2)
        assert trainable(model) == count
    assert shape == (None, grid, grid, 1)


@pytest.mark.parametrize("layers", FAMILY)
def test_the_receptive_field_by_formula(layers):
    assert receptive_field(layers) == FAMILY[layers][0]


@pytest.mark.parametrize("layers", FAMILY)
def test_the_receptive_field_by_gradient(layers):
    field = FAMILY[layers][0]
    side = {5: 320, 6: 640}.get(layers, 256)
    # Without normalisation a patch sees only itself; with it, the batch statistics leak the rest.
    keras.utils.set_random_seed(0)
    model = patchgan(layers, filters=2, conditional=False)
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
    model = patchgan(layers, filters=4)
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
    model = patchgan(conditional=False, filters=16)
    assert model.input_shape == (None, None, None, 3)
    # three input channels fewer in the first 4×4 convolution
    assert trainable(patchgan(filters=16)) - trainable(model) == 3 * 4 * 4 * 16


def test_channels_of_condition_and_image_can_differ():
    model = patchgan(input_channels=1, target_channels=2, filters=2)
    assert [shape[-1] for shape in model.input_shape] == [1, 2]


def test_it_answers_in_logits():
    assert patchgan(filters=2).layers[-1].activation is keras.activations.linear
