"""Checks of notebook 02, "U-Net generator": try them before you read on."""

import math

import numpy as np

from pix2pix_course.exercises.checking import check, expect, expect_equal


@check("02.1")
def check_receptive_field(receptive_field) -> None:
    """1 + Σ (kernel - 1) · product of the strides before, for several stacks."""
    stacks = ([(3, 1), (5, 3), (2, 2)], [(4, 2)] * 3, [(4, 2)] * 3 + [(4, 1)] * 2, [(4, 2)] * 8)

    def fields(growth, start=1):
        """Of each stack, if a layer adds growth(kernel, stride, product of the strides before)."""
        return [
            start
            + sum(
                growth(kernel, stride, math.prod(before for _, before in stack[:place]))
                for place, (kernel, stride) in enumerate(stack)
            )
            for stack in stacks
        ]

    wanted = fields(lambda kernel, stride, step: (kernel - 1) * step)
    given = [receptive_field(list(stack)) for stack in stacks]
    backwards = [receptive_field(list(reversed(stack))) for stack in stacks]
    hints = (
        (fields(lambda kernel, stride, step: kernel - 1),
         "the strides have no effect: after a stride of 2 a step of the grid is two pixels wide"),
        (fields(lambda kernel, stride, step: (kernel - 1) * step * stride),
         "a layer's own stride counts too early: it widens the step for the layers *after* it"),
        (fields(lambda kernel, stride, step: kernel * step),
         "each layer adds `kernel` steps; a kernel of 1 adds nothing, so it must be `kernel - 1`"),
        (fields(lambda kernel, stride, step: (kernel - 1) * step, start=0),
         "every field is short by 1: with no layer at all, a number sees one pixel"),
        (fields(lambda kernel, stride, step: (kernel - 1) * stride),
         "each layer's own stride is used alone; multiply the strides of all layers before it"),
        (fields(lambda kernel, stride, step: 3 * step),
         "the kernel has no effect: 3 is right for 4×4 kernels alone"),
        ([min(field, 256) for field in wanted],
         "a field may be wider than the picture; only what `sees` can count is bounded by 256"),
    )  # fmt: skip
    is_reversed = list(backwards) == wanted and list(given) != wanted
    expect(not is_reversed, "the stack is read from its end; its first pair is the first layer")
    expect_equal(given, wanted, what="receptive_field of the stacks tried", misconceptions=hints)


@check("02.3")
def check_batch_norm(batch_norm) -> None:
    """γ (z - μ) / √(σ² + ε) + β, one μ and one σ for each channel, over batch and positions."""
    rng = np.random.default_rng(2)
    scale = np.array([1, 0.01, 5])  # one channel so small that ε shows
    z = scale * rng.normal(0.5, 1, (2, 4, 5, 3)) + 0.3 * np.arange(2)[:, None, None, None] * scale
    z += scale * np.linspace(0, 1, 20).reshape(4, 5, 1)
    gamma, beta, epsilon = np.array([0.5, 2, 1.5]), np.array([0.1, -1, 3]), 1e-3

    def normal(axes, ddof=0):
        mean, variance = z.mean(axes, keepdims=True), z.var(axes, ddof=ddof, keepdims=True)
        return (z - mean) / np.sqrt(variance + epsilon)

    axes = (0, 1, 2)
    centred, deviation = z - z.mean(axes), z.std(axes)
    unit = normal(axes)
    hints = (
        (gamma * normal((1, 2)) + beta,
         "each image is normalised by itself: that is instance normalisation, the same thing at "
         "batch size 1 alone"),
        (gamma * normal((0, 1, 2, 3)) + beta,
         "there is one mean for all channels; each has its own"),
        (gamma * normal(3) + beta,
         "the mean is that of the channels at each position: that is layer normalisation's idea; "
         "average over batch and positions"),
        (gamma * normal(0) + beta,
         "the mean is over the batch alone, one for each position; average over positions too"),
        (gamma * centred / (deviation + epsilon) + beta,
         "ε is added to the deviation; it belongs to the variance, under the root"),
        (gamma * centred / deviation + beta, "where is ε? One channel here has a small deviation"),
        (gamma * centred / (deviation**2 + epsilon) + beta,
         "the division is by the variance; take its root"),
        (gamma * normal(axes, ddof=1) + beta, "the variance divides by n - 1; here it is n"),
        (unit, "γ and β are not used"),
        (gamma * unit, "β is not added"),
        (unit + beta, "γ is not used"),
        (gamma * (unit + beta), "β is added before the scaling by γ; it comes last"),
        (gamma * z / np.sqrt(deviation**2 + epsilon) + beta, "the mean is not subtracted"),
    )  # fmt: skip
    expect_equal(batch_norm(z, gamma, beta, epsilon), gamma * unit + beta, misconceptions=hints)
