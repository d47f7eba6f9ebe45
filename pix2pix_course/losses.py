"""The terms of the objective (paper §3.1), all from logits and all means; notebook 04.

Logits are the discriminator's raw outputs, one per patch, of any shape. Cross-entropy is taken
from logits because the logarithm of a probability breaks down where the probability rounds to 0.
"""

import math

from keras import ops

CHANCE = {"vanilla": math.log(2), "lsgan": 0.25}
"""Discriminator loss when it answers "one half" everywhere: log 2 ≈ 0.693, or (1/2)²."""


def _distance_to(logits, is_real: bool, kind: str):
    """Mean penalty for not having answered `is_real`."""
    if kind == "vanilla":
        # -log σ(z) = softplus(-z) for real, and -log(1 - σ(z)) = softplus(z) for fake
        return ops.mean(ops.softplus(-logits if is_real else logits))
    if kind == "lsgan":
        return ops.mean(ops.square(logits - (1.0 if is_real else 0.0)))
    raise ValueError(f"no GAN loss {kind!r}; there are {', '.join(CHANCE)}")


def discriminator_terms(real_logits, fake_logits, kind: str = "vanilla"):
    """What the discriminator pays for real patches, and for generated ones.

    Args:
        real_logits: its outputs for real images, any shape.
        fake_logits: its outputs for generated images.
        kind: "vanilla" (cross-entropy) or "lsgan" (least squares, Mao et al. 2017).

    Returns:
        Two scalars, at least 0. The loss is their mean, since §3.3 halves the sum. At chance
        each is `CHANCE[kind]`, and so is the loss.

    Raises:
        ValueError: no such kind.
    """
    return _distance_to(real_logits, True, kind), _distance_to(fake_logits, False, kind)


def generator_gan_term(fake_logits, kind: str = "vanilla"):
    """What the generator pays for patches that were not taken for real.

    The non-saturating form (§3.3): minimise -log D(G(x)) rather than log(1 - D(G(x))), whose
    gradient vanishes exactly where the generator is worst. Arguments and errors are those of
    `discriminator_terms`; the result is a scalar, at least 0.
    """
    return _distance_to(fake_logits, True, kind)


def l1_term(target, generated):
    """Mean absolute error between two batches in [-1, 1] (§3.1, equation 3): a scalar in [0, 2]."""
    return ops.mean(ops.abs(target - generated))


def belief(logits, kind: str = "vanilla"):
    """D(·): the mean answer on the scale where 0 is "generated", 1 is "real", 1/2 is chance.

    The sigmoid of the logits for "vanilla"; the outputs themselves, which nothing bounds, for
    "lsgan".
    """
    return ops.mean(ops.sigmoid(logits) if kind == "vanilla" else logits)
