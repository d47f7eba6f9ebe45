"""All five adversarial losses: the two of the core, and three others; notebook 08."""

import math

from keras import ops

from pix2pix_course import losses

KINDS = {
    "vanilla": "cross-entropy from logits (§3.1)",
    "probabilities": "the same by way of the sigmoid, as -log(p + 1e-12); breaks in float16",
    "softmax": "the same from two outputs per patch: the second less the first is the logit",
    "lsgan": "least squares (Mao et al. 2017)",
    "wgan_gp": "Wasserstein distance (Arjovsky et al. 2017); the penalty is the model's part",
}
"""The adversarial losses, by their name in `Config.gan_loss`."""

CHANCE = losses.CHANCE | {"probabilities": math.log(2), "softmax": math.log(2), "wgan_gp": 0.0}
"""Discriminator loss when it answers the same everywhere: log 2 ≈ 0.693, (1/2)², or 0."""

TINY = 1e-12  # keeps the logarithm of a probability finite, in float32


def difference(pair_of_logits):
    """(…, 2) → (…, 1): the logit to which a softmax of two amounts, "real" less "generated"."""
    return pair_of_logits[..., 1:] - pair_of_logits[..., :1]


def distance_to(logits, is_real: bool, kind: str = "vanilla"):
    """Mean penalty for not having answered "real" (or "generated")."""
    if kind == "softmax":
        return losses.distance_to(difference(logits), is_real)
    if kind == "probabilities":
        real = ops.sigmoid(logits)
        return -ops.mean(ops.log((real if is_real else 1 - real) + TINY))
    if kind == "wgan_gp":
        return ops.mean(-logits if is_real else logits)
    return losses.distance_to(logits, is_real, kind)


def discriminator_terms(real_logits, fake_logits, kind: str = "vanilla"):
    """What D pays for real patches and for generated ones; at least 0 except for "wgan_gp"."""
    return distance_to(real_logits, True, kind), distance_to(fake_logits, False, kind)


def generator_gan_term(fake_logits, kind: str = "vanilla"):
    """What G pays for patches that were not taken for real."""
    return distance_to(fake_logits, True, kind)


def belief(logits, kind: str = "vanilla"):
    """D's mean answer; where nothing bounds it ("lsgan", "wgan_gp"), the mean output."""
    if kind == "wgan_gp":
        return ops.mean(logits)
    return losses.belief(difference(logits) if kind == "softmax" else logits, kind)


def accuracy(real_logits, fake_logits, kind: str = "vanilla"):
    """Share of patches that D judges right; outputs of "wgan_gp" are held against their middle."""
    if kind == "softmax":
        real_logits, fake_logits = difference(real_logits), difference(fake_logits)
    if kind == "wgan_gp":  # they have no zero of their own
        middle = (ops.mean(real_logits) + ops.mean(fake_logits)) / 2
        real_logits, fake_logits = real_logits - middle, fake_logits - middle
    return losses.accuracy(real_logits, fake_logits, kind)
