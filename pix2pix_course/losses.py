"""The terms of the objective (paper §3.1), all from logits and all means; notebook 04.

Logits are the discriminator's raw outputs, one per patch, of any shape. Cross-entropy is taken
from logits because the logarithm of a probability breaks down where the probability rounds to 0.
"""

import math

from keras import ops

KINDS = {
    "vanilla": "cross-entropy from logits (§3.1)",
    "probabilities": "the same by way of the sigmoid, as -log(p + 1e-12); breaks in float16",
    "softmax": "the same from two outputs per patch: the second less the first is the logit",
    "lsgan": "least squares (Mao et al. 2017)",
    "wgan_gp": "Wasserstein distance (Arjovsky et al. 2017); the penalty is `Pix2Pix`'s part",
}
"""The adversarial losses, by their name in `Config.gan_loss`."""

CHANCE = {
    "vanilla": math.log(2),
    "probabilities": math.log(2),
    "softmax": math.log(2),
    "lsgan": 0.25,
    "wgan_gp": 0.0,
}
"""Discriminator loss when it answers the same everywhere: log 2 ≈ 0.693, (1/2)², or 0."""

TINY = 1e-12  # keeps the logarithm of a probability finite, in float32


def _distance_to(logits, is_real: bool, kind: str):
    """Mean penalty for not having answered `is_real`."""
    if kind == "softmax":
        logits = difference(logits)
    if kind in ("vanilla", "softmax"):
        # -log σ(z) = softplus(-z) for real, and -log(1 - σ(z)) = softplus(z) for fake
        return ops.mean(ops.softplus(-logits if is_real else logits))
    if kind == "probabilities":
        real = ops.sigmoid(logits)
        return -ops.mean(ops.log((real if is_real else 1 - real) + TINY))
    if kind == "lsgan":
        return ops.mean(ops.square(logits - (1.0 if is_real else 0.0)))
    if kind == "wgan_gp":
        return ops.mean(-logits if is_real else logits)
    raise ValueError(f"no GAN loss {kind!r}; there are {', '.join(KINDS)}")


def difference(pair_of_logits):
    """(…, 2) → (…, 1): the logit to which a softmax of two amounts, "real" less "generated"."""
    return pair_of_logits[..., 1:] - pair_of_logits[..., :1]


def discriminator_terms(real_logits, fake_logits, kind: str = "vanilla"):
    """What the discriminator pays for real patches, and for generated ones.

    Args:
        real_logits: its outputs for real images, any shape.
        fake_logits: its outputs for generated images.
        kind: one of `KINDS`.

    Returns:
        Two scalars, at least 0 except for "wgan_gp". The loss is their mean, since §3.3 halves the
        sum. At chance that is `CHANCE[kind]`.

    Raises:
        ValueError: no such kind.
    """
    return _distance_to(real_logits, True, kind), _distance_to(fake_logits, False, kind)


def generator_gan_term(fake_logits, kind: str = "vanilla"):
    """What the generator pays for patches that were not taken for real.

    The non-saturating form (§3.3): minimise -log D(G(x)) rather than log(1 - D(G(x))), whose
    gradient vanishes exactly where the generator is worst. Arguments and errors are those of
    `discriminator_terms`; the result is a scalar, at least 0 except for "wgan_gp".
    """
    return _distance_to(fake_logits, True, kind)


def l1_term(target, generated):
    """Mean absolute error between two batches in [-1, 1] (§3.1, equation 3): a scalar in [0, 2]."""
    return ops.mean(ops.abs(target - generated))


def belief(logits, kind: str = "vanilla"):
    """D(·): the mean answer on the scale where 0 is "generated", 1 is "real", 1/2 is chance.

    The sigmoid of the logits for cross-entropy; the outputs themselves, which nothing bounds, for
    "lsgan" and "wgan_gp".
    """
    if kind in ("lsgan", "wgan_gp"):
        return ops.mean(logits)
    return ops.mean(ops.sigmoid(difference(logits) if kind == "softmax" else logits))


def accuracy(real_logits, fake_logits, kind: str = "vanilla"):
    """Share of patches that the discriminator judges right: 1/2 is chance, half of each kind.

    The threshold is where the answer turns: a logit of 0 (probability 1/2), 1/2 for "lsgan", and
    midway between the two means for "wgan_gp", whose outputs have no zero of their own. A logit
    held against 0.5, as in the Gluon tutorial, asks for a probability of 0.62.
    """
    if kind == "softmax":
        real_logits, fake_logits = difference(real_logits), difference(fake_logits)
    threshold = {"lsgan": 0.5}.get(kind, 0.0)
    if kind == "wgan_gp":
        threshold = (ops.mean(real_logits) + ops.mean(fake_logits)) / 2
    right_real = ops.mean(ops.cast(real_logits > threshold, "float32"))
    right_fake = ops.mean(ops.cast(fake_logits <= threshold, "float32"))
    return (right_real + right_fake) / 2
