import keras
import numpy as np
import pytest

from pix2pix_course.blocks import (
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
    model = keras.Model(inputs, Normalise("instance", 1e-5, 0.9, 0.02)(inputs, "norm"))
    images = RANDOM.normal(2, 3, (2, 4, 6, 3)).astype(np.float32)
    mean, std = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
    np.testing.assert_allclose(model(images), (images - mean) / std, atol=1e-4)
    assert model.count_params() == 0


def test_batch_norm_starts_its_scales_where_told():
    inputs = keras.Input((4, 4, 2000))
    for stddev in (0.0, 0.02):
        model = keras.Model(inputs, Normalise("batch", 1e-5, 0.9, stddev)(inputs, "norm"))
        gamma = np.asarray(model.get_layer("norm").gamma)
        assert gamma.mean() == pytest.approx(1, abs=0.002)
        assert gamma.std() == pytest.approx(stddev, rel=0.1)


def test_no_norm_adds_nothing():
    inputs = keras.Input((4, 4, 2))
    assert Normalise("none", 1e-5, 0.9, 0.02)(inputs, "norm") is inputs


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
