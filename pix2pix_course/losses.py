"""The terms of the objective (§3.1), all from logits and all means; notebook 04.

Logits are the discriminator's raw outputs, one a patch, of any shape. Cross-entropy is taken from
logits because the logarithm of a probability breaks down where the probability rounds to 0.
"""

import math

from keras import ops

CHANCE = {"vanilla": math.log(2), "lsgan": 0.25}
"""D's loss when it answers the same everywhere: log 2 ≈ 0.693, or (1/2)²."""


def distance_to(logits, is_real: bool, kind: str = "vanilla"):
    """Mean penalty for not having answered "real" (or "generated")."""
    if kind == "lsgan":
        return ops.mean(ops.square(logits - float(is_real)))
    # -log σ(z) = softplus(-z) for real, and -log(1 - σ(z)) = softplus(z) for generated
    return ops.mean(ops.softplus(-logits if is_real else logits))


def discriminator_terms(real_logits, fake_logits, kind: str = "vanilla"):
    """What D pays for real patches and for generated ones; its loss is their mean (§3.3)."""
    return distance_to(real_logits, True, kind), distance_to(fake_logits, False, kind)


def generator_gan_term(fake_logits, kind: str = "vanilla"):
    """What G pays for patches that were not taken for real.

    The non-saturating form (§3.3): -log D(G(x)) rather than log(1 - D(G(x))), whose gradient
    vanishes exactly where the generator is worst.
    """
    return distance_to(fake_logits, True, kind)


def l1_term(target, generated):
    """Mean absolute error between two batches in [-1, 1] (§3.1, equation 3): 0 to 2."""
    return ops.mean(ops.abs(target - generated))


def belief(logits, kind: str = "vanilla"):
    """D's mean answer where 0 is "generated", 1 is "real", 1/2 is chance."""
    return ops.mean(logits if kind == "lsgan" else ops.sigmoid(logits))


def accuracy(real_logits, fake_logits, kind: str = "vanilla"):
    """Share of patches that D judges right; 1/2 is chance, half of each kind."""
    border = 0.5 if kind == "lsgan" else 0.0  # a logit of 0 is a probability of 1/2
    right_real = ops.mean(ops.cast(real_logits > border, "float32"))
    right_fake = ops.mean(ops.cast(fake_logits <= border, "float32"))
    return (right_real + right_fake) / 2
