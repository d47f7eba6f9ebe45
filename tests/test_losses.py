import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course.losses import (
    CHANCE,
    accuracy,
    belief,
    discriminator_terms,
    generator_gan_term,
    l1_term,
)

LOGITS = np.random.default_rng(0).normal(0, 3, (2, 5, 5, 1)).astype(np.float32)


@pytest.mark.parametrize("is_real", [True, False])
def test_vanilla_is_keras_cross_entropy_from_logits(is_real):
    wanted = keras.losses.BinaryCrossentropy(from_logits=True)(
        np.full_like(LOGITS, is_real), LOGITS
    )
    real, fake = discriminator_terms(LOGITS, LOGITS)
    assert float(real if is_real else fake) == pytest.approx(float(wanted), rel=1e-6)


def test_vanilla_by_hand():
    z = math.log(3)  # a probability of 3/4
    real, fake = discriminator_terms(np.full((1, 2, 2, 1), z), np.full((1, 2, 2, 1), z))
    assert float(real) == pytest.approx(-math.log(3 / 4), rel=1e-6)
    assert float(fake) == pytest.approx(-math.log(1 / 4), rel=1e-6)
    assert float(generator_gan_term(np.full((1, 1), z))) == pytest.approx(-math.log(3 / 4))


def test_lsgan_by_hand():
    real, fake = discriminator_terms(np.array([0.0, 3.0]), np.array([1.0, 2.0]), "lsgan")
    assert (float(real), float(fake)) == (2.5, 2.5)
    assert float(generator_gan_term(np.array([0.0, 3.0]), "lsgan")) == 2.5


@pytest.mark.parametrize(("kind", "undecided"), [("vanilla", 0.0), ("lsgan", 0.5)])
def test_chance(kind, undecided):
    logits = np.full((1, 3, 3, 1), undecided, np.float32)
    for term in discriminator_terms(logits, logits, kind):
        assert float(term) == pytest.approx(CHANCE[kind])
    assert float(belief(logits, kind)) == pytest.approx(0.5)


def test_the_gradient_of_the_generator_does_not_vanish_where_it_is_worst():
    logits = tf.Variable([-20.0])  # D is certain that this is generated
    with tf.GradientTape(persistent=True) as tape:
        non_saturating = generator_gan_term(logits)
        saturating = -discriminator_terms(logits, logits)[1]  # minimise log(1 - D(G(x)))
    # d/dz softplus(-z) = -σ(-z), close to -1; d/dz -softplus(z) = -σ(z), close to 0
    assert float(tape.gradient(non_saturating, logits)[0]) == pytest.approx(-1, abs=1e-6)
    assert abs(float(tape.gradient(saturating, logits)[0])) < 1e-8


def test_huge_logits_stay_finite():
    for value in (-1e4, 1e4):
        logits = np.full((1, 1), value, np.float32)
        assert all(math.isfinite(float(term)) for term in discriminator_terms(logits, logits))


def test_l1_is_the_mean_not_the_sum():
    assert float(l1_term(np.full((2, 4, 4, 3), 1.0), np.full((2, 4, 4, 3), -0.5))) == 1.5


def test_accuracy_asks_for_more_than_one_half():
    # probabilities .55 and .60 for real, .45 for generated: all three are right
    real, fake = np.log([[0.55 / 0.45], [0.6 / 0.4]]), np.log([[0.45 / 0.55]])
    assert float(accuracy(real, fake)) == 1
    # a logit of 0.5 is a probability of 0.62: between the two borders lies what 0.5 would miscount
    assert float(belief(np.array([0.5]))) == pytest.approx(0.6225, abs=1e-4)
    assert float(accuracy(np.array([0.4]), np.array([-0.4]))) == 1


@pytest.mark.parametrize(
    ("kind", "real", "fake", "share"),
    [
        ("lsgan", [0.6, 0.4], [0.4, 0.4], 0.75),
        ("vanilla", [0.0], [0.0], 0.5),
    ],
)
def test_the_threshold_of_each_kind(kind, real, fake, share):
    assert float(accuracy(np.array(real), np.array(fake), kind)) == share
