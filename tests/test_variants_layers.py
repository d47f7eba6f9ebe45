import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.variants import Variant
from pix2pix_course.variants.layers import (
    ImagePool,
    MinibatchDiscrimination,
    Normalise,
    ReflectionPadding2D,
    has_bias,
    kernel_initializer,
)

RANDOM = np.random.default_rng(0)


def test_layers_do_not_share_their_numbers():
    keras.utils.set_random_seed(0)
    first, second = (np.asarray(kernel_initializer(0.02)((40, 40))) for _ in range(2))
    assert not np.array_equal(first, second)
    assert first.std() == pytest.approx(0.02, rel=0.1)


def test_none_is_glorot():
    numbers = np.asarray(kernel_initializer(None)((300, 300)))
    # uniform within ±√(6 / (in + out))
    assert np.abs(numbers).max() == pytest.approx(np.sqrt(6 / 600), rel=0.01)


@pytest.mark.parametrize(
    ("rule", "inner", "normalised", "last"),
    [
        ("last", False, False, True),
        ("unnormalised", True, False, True),
        ("all", True, True, True),
    ],
)
def test_where_a_bias_is(rule, inner, normalised, last):
    assert has_bias(rule, is_normalised=False) is inner
    assert has_bias(rule, is_normalised=True) is normalised
    assert has_bias(rule, is_normalised=False, is_last=True) is last


def test_instance_norm_takes_each_image_and_channel_by_itself_and_has_no_weights():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, Normalise("instance", Variant())(inputs))
    images = RANDOM.normal(2, 3, (2, 4, 6, 3)).astype(np.float32)
    mean, std = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
    np.testing.assert_allclose(model(images), (images - mean) / std, atol=1e-4)
    assert model.count_params() == 0


def test_batch_norm_starts_its_scales_where_told():
    inputs = keras.Input((4, 4, 2000))
    for stddev in (0.0, 0.02):
        model = keras.Model(inputs, Normalise("batch", Variant(gamma_stddev=stddev))(inputs))
        gamma = np.asarray(model.layers[-1].gamma)
        assert gamma.mean() == pytest.approx(1, abs=0.002)
        assert gamma.std() == pytest.approx(stddev, rel=0.1)


def test_no_norm_adds_nothing():
    inputs = keras.Input((4, 4, 2))
    assert Normalise("none", Variant())(inputs) is inputs


def test_reflection_is_numpys():
    images = RANDOM.normal(size=(2, 5, 6, 3)).astype(np.float32)
    margin = (3, 3)
    wanted = np.pad(images, ((0, 0), margin, margin, (0, 0)), mode="reflect")
    np.testing.assert_array_equal(ReflectionPadding2D(3)(images), wanted)


def test_minibatch_discrimination_by_its_formula():
    layer = MinibatchDiscrimination(features=4, dimensions=3)
    images = RANDOM.normal(0, 0.3, (5, 7)).astype(np.float32)
    found = np.asarray(layer(images))
    projected = (images @ np.asarray(layer.kernel)).reshape(5, 4, 3)
    for i in range(5):
        for feature in range(4):
            apart = np.abs(projected[i, feature] - projected[:, feature]).sum(axis=-1)
            assert found[i, feature] == pytest.approx(np.exp(-apart).sum(), rel=1e-5)


def test_at_batch_size_1_minibatch_discrimination_says_nothing():
    layer = MinibatchDiscrimination(features=100)
    for image in RANDOM.normal(size=(2, 1, 7)).astype(np.float32):
        np.testing.assert_array_equal(layer(image), np.ones((1, 100)))


# --- the image pool --------------------------------------------------------------------------


def numbered(start: int, count: int = 1) -> np.ndarray:
    """Images that hold their own number."""
    numbers = np.arange(start, start + count, dtype=np.float32)
    return np.broadcast_to(numbers[:, None, None, None], (count, 2, 2, 1))


@pytest.fixture
def pool():
    return ImagePool(5, seed=3)


def test_until_it_is_full_images_come_straight_back(pool):
    for number in range(5):
        np.testing.assert_array_equal(pool(numbered(number)), numbered(number))
    assert list(np.asarray(pool.kept)[:, 0, 0, 0]) == [0, 1, 2, 3, 4]


def test_a_full_pool_exchanges_half_of_the_images_and_loses_none(pool):
    seen, returned = 200, []
    for number in range(seen):
        returned.append(float(np.asarray(pool(numbered(number)))[0, 0, 0, 0]))
    kept = list(np.asarray(pool.kept)[:, 0, 0, 0])
    exchanged = sum(value != number for number, value in enumerate(returned[5:], start=5))
    assert 0.4 < exchanged / (seen - 5) < 0.6
    # The first five were returned as they came, and are kept as well, so may come a second time.
    later = sorted(returned[5:] + kept)
    assert later == sorted(range(seen))


def test_every_slot_is_reached():
    """The last one too; a truncated draw from [0, size - 1] would never reach it."""
    pool = ImagePool(4, seed=0)
    for number in range(100):
        pool(numbered(number))
    assert all(np.asarray(pool.kept)[:, 0, 0, 0] >= 4)


def test_a_batch_is_exchanged_image_by_image_in_a_graph_too():
    eager, graph = ImagePool(5, seed=1), ImagePool(5, seed=1)
    for pool in (eager, graph):
        pool.build((3, 2, 2, 1))
    compiled = tf.function(graph.call)
    for start in range(0, 60, 3):
        images = tf.constant(numbered(start, 3))
        np.testing.assert_array_equal(eager(images), compiled(images))
    np.testing.assert_array_equal(eager.kept, graph.kept)


def test_its_state_can_be_kept_and_put_back(pool):
    for number in range(7):
        pool(numbered(number))
    other = ImagePool(5)
    other.build((1, 2, 2, 1))
    other.set_weights(pool.get_weights())
    np.testing.assert_array_equal(other.kept, pool.kept)
    assert int(keras.ops.convert_to_numpy(other.count)) == 5
