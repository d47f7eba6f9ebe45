"""The adversarial losses of other implementations."""

import math

import keras
import numpy as np
import pytest

from pix2pix_course import losses
from pix2pix_course.variants.losses import (
    CHANCE,
    KINDS,
    accuracy,
    belief,
    discriminator_terms,
    generator_gan_term,
)

LOGITS = np.random.default_rng(0).normal(0, 3, (2, 5, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("kind", losses.CHANCE)
def test_the_cores_losses_are_handed_through(kind):
    for function, args in (
        ("discriminator_terms", (LOGITS, -LOGITS)),
        ("generator_gan_term", (LOGITS,)),
        ("belief", (LOGITS,)),
        ("accuracy", (LOGITS, -LOGITS / 2)),
    ):
        found = globals()[function](*args, kind)
        np.testing.assert_array_equal(found, getattr(losses, function)(*args, kind))


def test_the_mean_output_of_a_critic_is_its_belief():
    assert float(belief(np.array([1.0, 4.0]), "wgan_gp")) == 2.5


def test_every_kind_has_a_chance_level():
    assert CHANCE.keys() == KINDS.keys()


def test_by_way_of_probabilities_it_is_the_same_until_they_round():
    for wanted, found in zip(
        discriminator_terms(LOGITS, LOGITS),
        discriminator_terms(LOGITS, LOGITS, "probabilities"),
        strict=True,
    ):
        assert float(found) == pytest.approx(float(wanted), rel=1e-4)
    certain = np.full((1, 1), -100.0, np.float32)
    # in truth 100; the logarithm sees nothing below its 1e-12
    assert float(generator_gan_term(certain, "probabilities")) == pytest.approx(12 * math.log(10))


def test_in_float16_the_tiny_number_is_no_help():
    certain = keras.ops.cast(np.full((1, 1), -100.0), "float16")
    assert not np.isfinite(float(generator_gan_term(certain, "probabilities")))
    assert float(generator_gan_term(certain, "vanilla")) == 100


def test_a_softmax_of_two_is_keras_crossentropy_of_two():
    pair = np.random.default_rng(1).normal(0, 3, (6, 2)).astype(np.float32)
    real, fake = discriminator_terms(pair, pair, "softmax")
    for found, index in ((real, 1), (fake, 0)):
        labels = np.tile(np.eye(2, dtype=np.float32)[index], (6, 1))
        wanted = keras.losses.CategoricalCrossentropy(from_logits=True)(labels, pair)
        assert float(found) == pytest.approx(float(wanted), rel=1e-5)
        # The book's binary cross-entropy of both units of the softmax is the same number. (As
        # NumPy, because Keras remembers the logits of its own softmax, and takes their sigmoid.)
        shares = np.asarray(keras.ops.softmax(pair))
        books = keras.losses.BinaryCrossentropy()(labels, shares)
        assert float(found) == pytest.approx(float(books), rel=1e-3)


def test_wasserstein_by_hand():
    real, fake = discriminator_terms(np.array([1.0, 3.0]), np.array([0.0, -4.0]), "wgan_gp")
    assert (float(real), float(fake)) == (-2, -2)
    assert float(generator_gan_term(np.array([0.0, -4.0]), "wgan_gp")) == 2


@pytest.mark.parametrize(
    ("kind", "real", "fake", "share"),
    [
        ("softmax", [[0.0, 1.0]], [[0.0, 1.0]], 0.5),
        ("wgan_gp", [10.0, 12.0], [7.0, 8.0], 1.0),
    ],
)
def test_the_threshold_of_each_kind(kind, real, fake, share):
    assert float(accuracy(np.array(real), np.array(fake), kind)) == share
