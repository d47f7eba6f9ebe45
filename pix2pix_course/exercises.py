"""The checks of the course's exercises, by notebook; `checking` says how they work.

A notebook calls `exercises.check_…(answer)`. A check computes what is right on inputs of its own,
and knows the results of the mistakes that are often made. Who wants to solve the exercises should
not read on.
"""

from collections.abc import Iterable

from pix2pix_course.checking import (
    check,
    expect,
    expect_equal,
    expect_parts,
    expect_prediction,
)


def check_prediction(
    exercise: str,
    given,
    actual,
    *,
    tolerance: float = 0.05,
    misconceptions: Iterable[tuple[object, str]] = (),
) -> None:
    """Show whether a prediction came true; arguments as `checking.expect_prediction` has them.

    For what a cell above has measured. Where the result can be known beforehand, a check of its
    own keeps it, and the typical mistakes, out of the student's sight.
    """

    @check(exercise)
    def examine(prediction):
        expect_prediction(prediction, actual, tolerance=tolerance, misconceptions=misconceptions)

    examine(given)


# --- 01 · Data loading -------------------------------------------------------------------------


@check("01.1")
def check_condition_and_target(condition_and_target) -> None:
    """The halves along the width: (A, B) for "AtoB", (B, A) for "BtoA"."""
    import numpy as np

    picture = np.arange(4 * 6 * 3).reshape(4, 6, 3)  # halves of 4 × 3 pixels
    a, b = picture[:, :3], picture[:, 3:]
    roles = ("condition", "target")
    for direction, wanted in {"AtoB": (a, b), "BtoA": (b, a)}.items():
        given = condition_and_target(picture, direction)
        parts = expect_parts(given, 2, f'condition_and_target(picture, "{direction}")')
        for role, mine, right, other in zip(roles, parts, wanted, wanted[::-1], strict=True):
            what = f'the {role} for "{direction}"'
            hints = (
                (other, f"{what} is the wrong half: A is the left one, and {direction} leads from "
                 f"{direction[0]} to {direction[-1]}; is the direction used?"),
                (picture[:2], f"{what} is the upper half: axis 0 is the height"),
                (picture[2:], f"{what} is the lower half: axis 0 is the height"),
                (picture[:, :4], f"{what} is cut at the height; halves need not be square"),
                (picture[:, 4:], f"{what} is cut at the height; halves need not be square"),
            )  # fmt: skip
            expect_equal(mine, right, what=what, misconceptions=hints)


@check("01.2")
def check_flip_upside_down(flip_upside_down) -> None:
    """Both sides of a stack (2, height, width, 3), with the rows in reversed order."""
    import numpy as np

    pair = np.random.default_rng(1).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    (first, second), right = pair, pair[:, ::-1]
    not_aligned = "only the {} was turned: condition and target no longer fit"
    expect_equal(
        flip_upside_down(pair),
        right,
        what="the pair",
        dtype="uint8",
        misconceptions=(
            (pair, "nothing was turned"),
            (pair[::-1], "axis 0 holds the two sides: condition and target have changed places"),
            (pair[:, :, ::-1], "axis 2 is the width: left and right are exchanged"),
            (pair[..., ::-1], "axis 3 holds the colour channels: red and blue are exchanged"),
            (pair[:, ::-1, ::-1], "this is half a turn: left and right are exchanged as well"),
            ([right[0], second], not_aligned.format("condition")),
            ([first, right[1]], not_aligned.format("target")),
        ),
    )


@check("01.3")
def check_most_places(most_places) -> None:
    """How much earlier a buffer of 10 lets an element come: 9 places."""
    all_of_them = "that needs a buffer of all 400; this one holds ten"
    expect_prediction(
        most_places,
        9,
        misconceptions=(
            (10, "one of the ten is the element whose turn it is, and that gains nothing"),
            (0, "shuffling does move elements; which ones may come first?"),
            (4.5, "that is what a place in the buffer gains on average; at most?"),
            (5, "the middle of the buffer gains that; what does the last place gain?"),
            (390, all_of_them),
            (400, all_of_them),
        ),
    )


@check("01.6")
def check_different_results(different_results) -> None:
    """Three measurements of one answer, each with photos mirrored by another lot: all differ."""
    expect_prediction(
        different_results,
        3,
        misconceptions=(
            (1, "a mirrored photo has the same pixels at other places; does the answer move too?"),
            (
                2,
                "a result belongs to the lot of *all* photos, not of one; how many lots are drawn?",
            ),
        ),
    )


# --- 02 · U-Net generator ----------------------------------------------------------------------


@check("02.1")
def check_receptive_field(receptive_field) -> None:
    """1 + Σ (kernel - 1) · product of the strides before, for several stacks."""
    import math

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


@check("02.2")
def check_weights_with_add(weights_with_add) -> None:
    """A U-Net that adds its skips has the encoder-decoder's 39,075,459 trainable weights."""
    expect_prediction(
        weights_with_add,
        39_075_459,
        tolerance=0.001,
        misconceptions=(
            (54_413_955, "that is the number with `Concatenate`; how many channels has a sum?"),
            (15_338_496, "that is what the skips add when they are concatenated; subtract it"),
            (54_413_955 / 2, "only what the decoder reads from the skips goes, not half of all"),
            (39, "give the number itself, not millions"),
            (39.1, "give the number itself, not millions"),
        ),
    )


@check("02.3")
def check_batch_norm(batch_norm) -> None:
    """γ (z - μ) / √(σ² + ε) + β, one μ and one σ for each channel, over batch and positions."""
    import numpy as np

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


# --- 03 · PatchGAN discriminator -------------------------------------------------------------


@check("03.1")
def check_larger_picture(grid, field, strided_layers) -> None:
    """Side of the grid, of the patch, and layers for the old share, at 512 pixels: 62, 70, 4."""
    expect_prediction(
        grid,
        62,
        tolerance=0,
        misconceptions=(
            (
                60,
                "the grid does not double; what do the two layers of stride 1 cost at any size?",
            ),
            (64, "three halvings give 64; the two layers of stride 1 do not keep the size"),
            (63, "that is after four layers; the fifth costs one place more"),
            (30, "a larger picture has more patches; carry 512 through the five layers"),
            (62 * 62, "that is the number of answers; the side of the grid is asked for"),
        ),
    )
    expect_prediction(
        field,
        70,
        tolerance=0,
        misconceptions=(
            (140, "the patch follows from the layers alone, and these are the same"),
            (142, "that is the patch of one layer more"),
        ),
    )
    expect_prediction(
        strided_layers,
        4,
        tolerance=0,
        misconceptions=(
            (3, "with three, a patch of 70 is 14 per cent of the side; it was 27"),
            (1, "say how many in all, not how many more"),
            (6, "each strided layer about doubles the patch, so twice as many are far too many"),
        ),
    )


@check("03.2")
def check_padded_patch_of(padded_patch_of) -> None:
    """First and last pixel of an output's patch: 8·index - 23·padding, and 69 further on."""

    def patch(index, padding, strides=(1, 1, 2, 2, 2), sign=-1, last_padding=None, wide=3):
        first = last = index
        for stride in strides:
            first = first * stride + sign * padding
            moved = padding if last_padding is None else last_padding
            last = last * stride + sign * moved + wide
        return first, last

    for index, padding in ((4, 3), (34, 2), (7, 0)):
        given = expect_parts(padded_patch_of(index, padding), 2, "padded_patch_of")
        start = patch(index, 0)
        expect_equal(
            given,
            patch(index, padding),
            what=f"the patch of output {index} with padding {padding}",
            misconceptions=(
                (
                    patch(index, padding, last_padding=1),
                    "the patch has grown; padding moves its last pixel as well as its first",
                ),
                (
                    patch(index, 1),
                    f"that is the patch with padding 1; here `padding` is {padding}",
                ),
                (
                    patch(index, padding, strides=(2, 2, 2, 1, 1)),
                    "go backwards, from the output to the picture: the layers of stride 1 first",
                ),
                (
                    (start[0] - padding, start[1] - padding),
                    "each layer has padding, and a pixel before an inner layer is several pixels "
                    "of the picture wide",
                ),
                (
                    patch(index, padding, sign=1),
                    "padding lies before the first pixel, so the patch begins further left",
                ),
                (
                    patch(index, padding, wide=4),
                    "that is a window of five pixels; the last of four is 3 after the first",
                ),
            ),
        )


@check("03.3")
def check_cut(cut) -> None:
    """All windows of a batch, in any order; every pixel of the input has a value of its own."""
    import numpy as np

    images = np.arange(2 * 14 * 17, dtype="float32").reshape(2, 14, 17, 1)
    side, step = 5, 3

    def windows(images, step=step, end=1):
        _, rows, columns, _ = images.shape
        return np.concatenate(
            [
                images[:, top : top + side, left : left + side]
                for top in range(0, rows - side + end, step)
                for left in range(0, columns - side + end, step)
            ]
        )

    given = np.asarray(cut(images, side, step))
    count = len(windows(images))
    expect(
        given.ndim != 5 and given.dtype != object,
        "the windows are not one batch; np.concatenate joins batches along axis 0",
    )
    expect(given.ndim == 4, f"the result has the shape {given.shape}; a batch has four axes")
    expect(
        given.shape[1:3] == (side, side),
        f"a window has {given.shape[1]} rows and {given.shape[2]} columns, where both should be "
        f"{side}; axis 0 counts the images, the rows are axis 1 and the columns axis 2",
    )
    expect_equal(
        _by_first_pixel(given),
        _by_first_pixel(windows(images)),
        what=f"the batch of {count} windows",
        misconceptions=(
            (
                _by_first_pixel(windows(images, step=side)),
                "these are tiles; the next window begins `step` pixels further on, not `side`",
            ),
            (
                _by_first_pixel(windows(images, end=0)),
                "the last window of each row and column is missing; `range` leaves out its end",
            ),
            (
                _by_first_pixel(windows(images, step=1)),
                "these are windows at every pixel; the next one begins `step` pixels further on",
            ),
            (_by_first_pixel(windows(images[:1])), "these are the windows of the first image"),
        ),
    )


def _by_first_pixel(windows):
    """The windows in an order that does not depend on how they were cut."""
    import numpy as np

    return windows[np.argsort(windows[:, 0, 0, 0])]


@check("03.4")
def check_free_of_padding(count) -> None:
    """How many of the ImageGAN's 36 patches lie within 256 pixels: none, for they are 286 wide."""
    inner = (
        "does the middle of the grid look at less? A patch of 286 pixels lies in a picture of 256"
    )
    expect_prediction(
        count,
        0,
        misconceptions=(
            (36, "is a patch of 286 pixels smaller than the picture?"),
            (16, inner),
            (4, inner),
            (1, inner),
        ),
    )


# --- 04 · Losses -----------------------------------------------------------------------------


def _logits():
    """Logits of real and of generated patches, (2, 6, 6, 1): such that no two mistakes agree."""
    import numpy as np

    rng = np.random.default_rng(4)
    real, fake = rng.normal(1.5, 2, (2, 6, 6, 1)), rng.normal(-1.2, 1, (2, 6, 6, 1))
    return real.astype("float32"), fake.astype("float32")


@check("04.1")
def check_hinge_terms(hinge_terms) -> None:
    """Two scalars: mean max(0, 1 - z) over real patches, mean max(0, 1 + z) over generated."""
    import numpy as np

    real, fake = _logits()
    wanted = np.maximum(0, 1 - real).mean(), np.maximum(0, 1 + fake).mean()
    swapped = np.maximum(0, 1 + real).mean(), np.maximum(0, 1 - fake).mean()
    averaged_first = max(0, 1 - real.mean()), max(0, 1 + fake.mean())
    unclipped = (1 - real).mean(), (1 + fake).mean()
    given = hinge_terms(real, fake)
    try:
        single = np.shape(given) == ()
    except ValueError:
        single = False
    expect(
        not single,
        "one number was returned; return the two terms, as `discriminator_terms` does",
    )
    terms = expect_parts(given, 2, "hinge_terms")
    for name, mine, *answers in zip(
        ("the term of the real patches", "the term of the generated patches"),
        terms,
        wanted,
        swapped,
        averaged_first,
        unclipped,
        (wanted[0] * real.size, wanted[1] * fake.size),
        (np.maximum(0, 1 - real), np.maximum(0, 1 + fake)),
        strict=True,
    ):
        right, *wrong = answers
        hints = (
            f"{name} has the sign of z reversed: real patches should be pushed up, generated down",
            f"{name}: the logits were averaged first; charge each patch, then average (section 4)",
            f"{name} goes below 0 for patches that are right by more than 1; where is the max?",
            f"{name} is a sum over the patches; the course's losses are means",
            f"{name} has one cost per patch; average them",
        )
        expect_equal(mine, right, what=name, misconceptions=zip(wrong, hints, strict=True))


@check("04.2")
def check_least_cost(least_cost) -> None:
    """The least that a real patch costs when the sigmoid is applied twice: -log σ(1)."""
    import math

    expect_prediction(
        least_cost,
        math.log1p(math.exp(-1)),
        misconceptions=(
            (0, "that is the least from a logit; which values can D's last sigmoid give?"),
            (math.log(2), "that is the cost of the answer 0; D can do better than σ(0)"),
            (math.log1p(math.e), "that is -log(1 - σ(1)), what a generated patch costs there"),
            (1 / (1 + math.exp(-1)), "that is the probability σ(1); what does it cost?"),
            (1 - 1 / (1 + math.exp(-1)), "that is 1 - σ(1); take the logarithm of σ(1)"),
        ),
    )


@check("04.3")
def check_judged_right(judged_right) -> None:
    """Share of all patches on the right side of logit 0."""
    import numpy as np

    real, fake = _logits()
    fake = fake[:1]  # fewer, so that a mean of two means is not the mean of all
    all_patches = real.size + fake.size

    def share(real_is_right, fake_is_right):
        return (np.sum(real_is_right) + np.sum(fake_is_right)) / all_patches

    expect_equal(
        judged_right(real, fake),
        share(real > 0, fake <= 0),
        what="the share",
        misconceptions=(
            (
                share(real > 0.5, fake <= 0.5),
                "the threshold 0.5 belongs to probabilities; on logits the border is 0 (section 5)",
            ),
            (
                (np.mean(real > 0.5) + np.mean(fake <= 0.5)) / 2,
                "the threshold 0.5 belongs to probabilities, and a mean of two shares does not "
                "count each patch the same",
            ),
            (
                share(real > 0, fake > 0),
                "that is the share of patches called real; a generated one is judged right when "
                "it is called generated",
            ),
            (
                (np.mean(real > 0) + np.mean(fake <= 0)) / 2,
                "that is the mean of two shares; here are fewer generated patches than real ones, "
                "and each patch should count the same",
            ),
            (
                np.sum(real > 0) + np.sum(fake <= 0),
                "that is a number of patches; divide by how many there are",
            ),
            (np.mean(real > 0), "that is the share of the real patches alone"),
        ),
    )


@check("04.5")
def check_favourite_wall(favourite_wall) -> None:
    """Which colour L1 alone paints if 80 of 100 walls are brick: the majority's."""
    expect(
        str(favourite_wall).strip().casefold() in ("brick", "plaster", "blue", "pink"),
        f"one of 'brick', 'plaster', 'blue' and 'pink' is asked for, not {favourite_wall!r}",
    )
    expect_prediction(
        favourite_wall,
        "brick",
        misconceptions=(
            ("pink", "pink was the median at equal odds; sort 100 walls by one channel and take "
             "the middle one"),
            ("plaster", "L1 takes the side of the majority"),
            ("blue", "L1 takes the side of the majority"),
        ),
    )  # fmt: skip


# --- 05 · Training ---------------------------------------------------------------------------


@check("05.1")
def check_wrong_list(d_real_will) -> None:
    """What happens to D(real) when D follows G's loss: it rises, as D learns to say "real"."""
    expect(
        str(d_real_will).strip().casefold() in ("rise", "fall", "stay"),
        f"one of 'rise', 'fall' and 'stay' is asked for, not {d_real_will!r}",
    )
    expect_prediction(
        d_real_will,
        "rise",
        misconceptions=(
            (
                "stay",
                "so it would with G's list alone; here D moves as well, towards which answer?",
            ),
            (
                "fall",
                "nothing here asks D to tell two kinds apart; what is it rewarded for saying?",
            ),
        ),
    )


LAMBDA_L1 = 100


@check("05.2")
def check_step_at_once(step_at_once) -> None:
    """One step of networks with three weights in all, under plain gradient descent, by formula."""
    import keras
    import numpy as np

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
    import numpy as np

    condition, image = keras.Input((None, None, 1)), keras.Input((None, None, 1))
    G = keras.Model(condition, keras.layers.Dense(1, use_bias=False)(condition))
    pair = keras.layers.Concatenate()([condition, image])
    D = keras.Model([condition, image], keras.layers.Dense(1, use_bias=False)(pair))
    G.set_weights([np.array([[g]])])
    D.set_weights([np.array([[a], [b]])])
    return G, D


def _sigmoid(z):
    import numpy as np

    return 1 / (1 + np.exp(-z))


def _gradient_of_D(x, y, g, a, b):
    """Of the mean of D's two terms, with respect to a and b."""
    import numpy as np

    real, fake = _sigmoid(a * x + b * y), _sigmoid((a + b * g) * x)
    by_a = np.mean((real - 1) * x) + np.mean(fake * x)
    by_b = np.mean((real - 1) * y) + np.mean(fake * g * x)
    return np.array([by_a, by_b]) / 2


def _gradient_of_fooling(x, g, a, b):
    """Of G's adversarial term, with respect to a and b, which it must not move."""
    import numpy as np

    doubt = _sigmoid((a + b * g) * x) - 1
    return np.array([np.mean(doubt * x), np.mean(doubt * g * x)])


def _gradient_of_G(x, y, g, a, b, gan_weight=1, lambda_l1=LAMBDA_L1, saturating=False):
    """Of G's loss, with respect to g."""
    import numpy as np

    fake = _sigmoid((a + b * g) * x)
    doubt = -fake if saturating else fake - 1
    return gan_weight * np.mean(doubt * b * x) + lambda_l1 * np.mean(np.sign(g * x - y) * x)


@check("05.3")
def check_fading_rate(fading_rate) -> None:
    """Constant, then down in equal steps that would reach 0 one epoch after the last."""
    import numpy as np

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


# --- 06 · Evaluation -------------------------------------------------------------------------


@check("06.1")
def check_half_the_error(decibels) -> None:
    """By how many decibels PSNR rises when every error is halved: 20 log10 2."""
    import math

    expect_prediction(
        decibels,
        20 * math.log10(2),
        misconceptions=(
            (
                10 * math.log10(2),
                "so much brings half of the *squared* error; what becomes of the MSE when each "
                "error is halved?",
            ),
            (-20 * math.log10(2), "which way does the scale run? Higher is better"),
            (10, "20 dB are a factor of 10, but decibels count factors, not shares"),
            (2, "that is the factor; put it into the formula of section 2"),
            (20 * math.log(2), "PSNR takes the logarithm to base 10"),
        ),
    )


@check("06.2")
def check_confusion_fast(confusion_fast) -> None:
    """Counts (k, k) by true class (rows) and class read (columns), of uint8 label maps."""
    import numpy as np

    k = 20  # so that truth * k passes 255, and some classes occur nowhere
    rng = np.random.default_rng(6)
    truth, read = rng.integers(16, size=(2, 3, 20, 25), dtype=np.uint8)
    read = np.where(rng.random(read.shape) < 0.5, truth, read)

    def count(pairs):
        return np.bincount(pairs.ravel(), minlength=k * k)[: k * k].reshape(k, k)

    counts = count(truth.astype(int) * k + read)
    wrapped = count(((truth.astype(int) * k) % 256 + read) % 256)
    expect_equal(
        confusion_fast(truth, read, k),
        counts,
        what="the matrix",
        misconceptions=(
            (counts.T, "rows and columns are exchanged: a row belongs to a true class"),
            (
                counts.ravel(),
                "the counts are right, but in one row of numbers; give them the shape (k, k)",
            ),
            (
                counts > 0,
                "`counts[truth, read] += 1` adds 1 once for each pair of classes, however often it "
                "occurs; `np.add.at` and `np.bincount` count them all",
            ),
            (
                wrapped,
                "label maps are uint8, and `truth * k` counts in a circle there (section 2); take "
                "`truth.astype(int)`",
            ),
            (
                counts / np.maximum(counts.sum(axis=1, keepdims=True), 1),
                "those are shares of the rows; numbers of pixels are wanted",
            ),
        ),
    )


@check("06.5")
def check_mean_difference(mean_difference) -> None:
    """Mean and standard error of paired differences, the deviation over n or over n - 1."""
    import numpy as np

    rng = np.random.default_rng(65)
    difficulty = rng.normal(0.6, 0.15, 9)
    first = difficulty + rng.normal(0.03, 0.02, 9)
    second = difficulty + rng.normal(0, 0.02, 9)
    apart, n = first - second, len(first)
    mean, error = expect_parts(mean_difference(first, second), 2, "mean_difference")
    expect_equal(
        mean,
        apart.mean(),
        what="the mean difference",
        tolerance=1e-5,
        misconceptions=(
            (-apart.mean(), "that is `second` minus `first`"),
            (np.abs(apart).mean(), "keep the signs: a picture may also be worse than before"),
        ),
    )
    errors = [apart.std(ddof=ddof) / np.sqrt(n) for ddof in (0, 1)]
    wrong = []
    for ddof in (0, 1):
        of_each = [scores.std(ddof=ddof) / np.sqrt(n) for scores in (first, second)]
        alone = "that is the error of one mean, or of both as if other pictures had been taken for "
        alone += "the second; take the differences first, picture by picture"
        wrong += [(each, alone) for each in (*of_each, sum(of_each), np.hypot(*of_each))]
        deviation = apart.std(ddof=ddof)
        wrong += [
            (deviation, "that is the deviation of single differences; the mean of n of them "
             "wobbles √n times less"),
            (deviation / n, "the deviation is divided by n; what shrinks with 1/n is the variance"),
        ]  # fmt: skip
    is_over_n = np.allclose(error, errors[0], rtol=0, atol=1e-5)
    expect_equal(
        error,
        errors[0] if is_over_n else errors[1],
        what="the standard error",
        tolerance=1e-5,
        misconceptions=wrong,
    )


# --- 07 · The paper's tables in miniature -----------------------------------------------------


@check("07.1")
def check_seeds_needed(seeds_needed) -> None:
    """Seeds for each of two rows so that luck separates them at most once in 1000: 7."""
    expect_prediction(
        seeds_needed,
        7,
        misconceptions=(
            (3, "three and three: once in 20 (section 3)"),
            (5, "five and five: once in 252 (section 3)"),
            (6, "close: six and six separate by luck once in 924, and that is more often"),
            (10, "so many tosses of a coin would be needed; here all 2n scores are ranked, and "
             "that says more"),
            (14, "that is both rows together; how many has each?"),
        ),
    )  # fmt: skip


@check("07.2")
def check_paired(paired) -> None:
    """Number of seeds in which the first row is ahead."""
    import numpy as np

    better = np.array([0.41, 0.52, 0.33, 0.60, 0.48, 0.36])
    worse = np.array([0.40, 0.45, 0.35, 0.55, 0.48, 0.31])
    ahead = better > worse
    expect_equal(
        paired(better, worse),
        ahead.sum(),
        what="the number",
        misconceptions=(
            (
                (better[:, None] > worse).sum(),
                "that compares every seed with every other, as section 8 does; here seed k is "
                "compared with seed k alone",
            ),
            (np.mean(ahead), "that is a share; how many seeds are there?"),
            (
                (better[:, None] > worse).mean(),
                "that is a share of all pairs of seeds; count, and compare seed k with seed k",
            ),
            ((better >= worse).sum(), "in one seed the two are level; then nobody is ahead"),
            ((better < worse).sum(), "those are the seeds in which the second is ahead"),
            (
                sum(a > b for a, b in zip(sorted(better), sorted(worse), strict=True)),
                "the scores were sorted, so that seeds no longer meet themselves",
            ),
            (ahead, "those are the seeds one by one; count them"),
        ),
    )


# --- 08 · One idea, six implementations ---------------------------------------------------------


@check("08.1")
def check_instance_of_two(fate) -> None:
    """A 1×1 map under instance normalisation, two images in the batch: dead all the same."""
    expect(
        str(fate).strip().casefold() in ("dead", "alive"),
        f"one of 'dead' and 'alive' is asked for, not {fate!r}",
    )
    expect_prediction(
        fate,
        "dead",
        misconceptions=(
            (
                "alive",
                "a second image helps batch normalisation, which averages over the batch; over "
                "which numbers does instance normalisation average?",
            ),
        ),
    )


@check("08.2")
def check_no_jitter(no_jitter) -> None:
    """A `Defect` that finds enlarging with a central crop, and mends that alone."""
    from pix2pix_course.config import Config
    from pix2pix_course.recipes import RECIPES, Defect

    expect(
        isinstance(no_jitter, Defect),
        "a `recipes.Defect` is wanted: name, found_in, text, repair",
    )
    expect(
        callable(no_jitter.found_in),
        "`found_in` should be a function: it gets a Config and tells whether that has the fault",
    )
    tjwei, gluon = RECIPES["tjwei_keras"], RECIPES["gluon_tutorial"]
    expect(not no_jitter.found_in(Config()), "it also finds the paper's recipe, which has no fault")
    expect(
        not no_jitter.found_in(gluon),
        "it also finds Gluon's, which never enlarges; wanted are programs that enlarge, and gain "
        "nothing by it",
    )
    expect(no_jitter.found_in(tjwei), "it does not find tjwei's recipe")
    expect(
        not no_jitter.found_in(tjwei.replace(jitter=False)),
        "it finds a central crop even where nothing is enlarged, so that nothing is cut off",
    )
    mended = tjwei.replace(**no_jitter.repair)
    expect(not no_jitter.found_in(mended), "the fault is still there after its own `repair`")
    expect(
        mended.jitter,
        "the repair gives up the jitter; the program wanted one, so let it crop at random",
    )
    changed = [key for key, value in mended.to_dict().items() if value != tjwei.to_dict()[key]]
    expect(changed == ["crop"], f"the repair changes more than the crop: {', '.join(changed)}")


@check("08.4")
def check_own_recipe(own_recipe) -> None:
    """A `Config` without known faults that is none of the six, nor one of them at another size."""
    from pix2pix_course import recipes
    from pix2pix_course.config import Config

    expect(isinstance(own_recipe, Config), "a `Config` is wanted, such as `Config(...)`")
    faults = [f"{defect.name} (it {defect.text})" for defect in recipes.defects(own_recipe)]
    expect(not faults, f"it has a known fault: {'; '.join(faults)}")
    for name, config in recipes.RECIPES.items():
        fields = (*recipes.SCALE, "dataset", "direction", "palette", "seed")
        as_theirs = own_recipe.replace(**{field: getattr(config, field) for field in fields})
        expect(
            as_theirs not in (config, recipes.repair(config)),
            f"that is `{name}`, at most repaired or at another size; take from two",
        )
