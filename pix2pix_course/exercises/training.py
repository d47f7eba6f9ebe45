"""Checks of notebook 05, "Training": try them before you read on."""

import numpy as np

from pix2pix_course.exercises.checking import check, expect, expect_equal, expect_parts

LAMBDA_L1 = 100


@check("05.2")
def check_step_at_once(step_at_once) -> None:
    """One step of networks with three weights in all, under plain gradient descent, by formula."""

    import keras  # here, since who grades imports this module without an engine

    rng = np.random.default_rng(49)  # L1's gradient is small here, so that the other one shows
    x, y = (rng.normal(mean, 0.7, (2, 3, 3, 1)).astype("float32") for mean in (1, 0.5))
    g, a, b = 0.6, 0.3, -0.8  # G(x) = g x, and the logit of D(x, y) is a x + b y
    G, D = _three_weights(g, a, b)
    rate_G, rate_D = 0.1, 1.0
    by_G, by_D = keras.optimizers.SGD(rate_G), keras.optimizers.SGD(rate_D)
    tensors = [keras.ops.convert_to_tensor(images) for images in (x, y)]
    returned = step_at_once(G, D, by_G, by_D, *tensors)
    moved_G = (g - G.get_weights()[0].ravel()) / rate_G
    moved_D = (np.array([a, b]) - D.get_weights()[0].ravel()) / rate_D

    has_moved_G, has_moved_D = (np.abs(moved).max() > 1e-4 for moved in (moved_G, moved_D))
    expect(
        has_moved_G or has_moved_D,
        "neither network has moved; do you use the arguments G, D, adam_G and adam_D?",
    )
    expect(has_moved_D, "D has not moved")
    expect(has_moved_G, "G has not moved")
    new_g, (new_a, new_b) = g - rate_G * moved_G[0], np.array([a, b]) - rate_D * moved_D
    right_D = _gradient_of_D(x, y, g, a, b)
    fooled = _gradient_of_fooling(x, g, a, b)
    expect_equal(
        moved_D,
        right_D,
        what="D's gradient",
        misconceptions=(
            (2 * right_D, "D's loss is the mean of its two terms, not their sum"),
            (fooled, "D has followed G's loss; each gradient has its own list of weights"),
            (right_D + fooled, "D has followed both losses; G's gradient must not move D"),
            (-right_D, "D has been moved uphill"),
            (
                _gradient_of_D(x, y, new_g, a, b),
                "D was shown images of a G that had moved; take both gradients before either moves",
            ),
        ),
    )
    right_G = _gradient_of_G(x, y, g, a, b)
    expect_equal(
        moved_G,
        [right_G],
        what="G's gradient",
        misconceptions=(
            (
                [_gradient_of_G(x, y, g, new_a, new_b)],
                "G has answered to a D that had moved; take both gradients before either moves",
            ),
            ([_gradient_of_G(x, y, g, a, b, lambda_l1=0)], "the L1 term is missing"),
            ([_gradient_of_G(x, y, g, a, b, lambda_l1=1)], "the L1 term has no weight λ"),
            (
                [_gradient_of_G(x, y, g, a, b, gan_weight=0)],
                "the adversarial term is missing, or the tape could not follow it to G",
            ),
            (
                [_gradient_of_G(x, y, g, a, b, saturating=True)],
                "G minimises -log D(x, ŷ), not log(1 - D(x, ŷ)); see `generator_gan_term`",
            ),
        ),
    )
    parts = expect_parts(returned, 3, "step_at_once")
    real, fake = a * x + b * y, (a + b * g) * x
    d_loss = (np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean()) / 2
    for name, given, wanted in zip(
        ("d_loss", "g_gan", "g_l1"),
        parts,
        (d_loss, np.logaddexp(0, -fake).mean(), np.abs(y - g * x).mean()),
        strict=True,
    ):
        expect_equal(given, wanted, what=f"the networks moved rightly, but the returned {name}")


def _three_weights(g, a, b):
    """G(x) = g x, and D with the logits a x + b y, for images of one channel."""
    import keras

    condition, image = keras.Input((None, None, 1)), keras.Input((None, None, 1))
    G = keras.Model(condition, keras.layers.Dense(1, use_bias=False)(condition))
    pair = keras.layers.Concatenate()([condition, image])
    D = keras.Model([condition, image], keras.layers.Dense(1, use_bias=False)(pair))
    G.set_weights([np.array([[g]])])
    D.set_weights([np.array([[a], [b]])])
    return G, D


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _gradient_of_D(x, y, g, a, b):
    """Of the mean of D's two terms, with respect to a and b."""
    real, fake = _sigmoid(a * x + b * y), _sigmoid((a + b * g) * x)
    by_a = np.mean((real - 1) * x) + np.mean(fake * x)
    by_b = np.mean((real - 1) * y) + np.mean(fake * g * x)
    return np.array([by_a, by_b]) / 2


def _gradient_of_fooling(x, g, a, b):
    """Of G's adversarial term, with respect to a and b, which it must not move."""
    doubt = _sigmoid((a + b * g) * x) - 1
    return np.array([np.mean(doubt * x), np.mean(doubt * g * x)])


def _gradient_of_G(x, y, g, a, b, gan_weight=1, lambda_l1=LAMBDA_L1, saturating=False):
    """Of G's loss, with respect to g."""
    fake = _sigmoid((a + b * g) * x)
    doubt = -fake if saturating else fake - 1
    return gan_weight * np.mean(doubt * b * x) + lambda_l1 * np.mean(np.sign(g * x - y) * x)


@check("05.3")
def check_fading_rate(fading_rate) -> None:
    """Constant, then down in equal steps that would reach 0 one epoch after the last."""
    epochs, decay, start = 10, 4, 5.0
    epoch = np.arange(1, epochs + 1)
    left = epochs - epoch
    given = [fading_rate(int(number), epochs, decay, start) for number in epoch]
    expect_equal(
        given,
        start * np.minimum(1, (left + 1) / (decay + 1)),
        what=f"of {epochs} epochs, the last {decay} of which fade from {start}, the list of rates",
        misconceptions=(
            (
                start * np.minimum(1, left / decay),
                "the last epoch has rate 0 and learns nothing; 0 is reached one epoch after it",
            ),
            (
                start * np.minimum(1, left / (decay + 1)),
                "epochs count from 1 here, so that the last one is number `epochs`",
            ),
            (
                start * np.minimum(1, (left + 1) / decay),
                "the fading begins an epoch late; the first of the last `decay_epochs` is lower",
            ),
            (
                start * (left + 1) / (decay + 1),
                "the first epochs have more than `start`; the rate is constant until it fades",
            ),
            (
                start * (left + 1) / (epochs + 1),
                "the rate fades from the first epoch; only the last `decay_epochs` should",
            ),
            (
                np.minimum(1, (left + 1) / (decay + 1)),
                "that is the share of the rate; multiply by `start`",
            ),
        ),
    )
