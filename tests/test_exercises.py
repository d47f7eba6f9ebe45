"""Each check: the right answer, the stub, and the mistakes that it knows."""

import numpy as np
import pytest

from pix2pix_course import exercises
from pix2pix_course.discriminators import patchgan, receptive_field
from pix2pix_course.exercises.checking import NOT_TRIED, RIGHT, WRONG, hit, judge
from pix2pix_course.exercises.predictions import PREDICTIONS
from pix2pix_course.palettes import PALETTES
from pix2pix_course.variants.recipes import RECIPES, Defect, recipe

CHECKS = [value for name, value in vars(exercises).items() if name.startswith("check_")]


def hint(check, answer) -> str:
    """The hint for an answer; empty if it is right."""
    outcome = judge("00.0", check.__wrapped__, answer)
    assert outcome.status == RIGHT or outcome.hint
    return outcome.hint


@pytest.mark.parametrize("check", [c for c in CHECKS if hasattr(c, "__wrapped__")])
def test_every_check_knows_an_open_answer(check):
    assert judge("00.0", check.__wrapped__, ...).status == NOT_TRIED


# --- predictions: a table -----------------------------------------------------------------------

PARTS = [(name, n) for name, row in PREDICTIONS.items() for n in range(len(row) - 2)]


def predicted(name: str, part: int, value):
    """The outcome of a prediction whose other parts are right."""
    exercise, _, *parts = PREDICTIONS[name]
    answers = [each.answer for each in parts]
    answers[part] = value
    return judge(exercise, exercises.CHECKS[f"check_{name}"].__wrapped__, *answers)


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_the_right_prediction_gets_no_hint(name, part):
    right = PREDICTIONS[name][2 + part].answer
    assert predicted(name, part, right).status == RIGHT
    if isinstance(right, str):
        assert predicted(name, part, f" {right.upper()} ").status == RIGHT


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_every_known_mistake_gets_its_own_hint(name, part):
    row = PREDICTIONS[name][2 + part]
    for guess, wanted in row.guesses:
        outcome = predicted(name, part, guess)
        assert (outcome.status, outcome.hint) == (WRONG, wanted)
        # no guess lies so near to another one, or to the right answer, that either could be meant
        assert not hit(guess, row.answer, row.tolerance)
        assert [other for other, _ in row.guesses if hit(guess, other, row.tolerance)] == [guess]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_any_other_guess_is_wrong_and_does_not_tell_the_answer(name, part):
    row = PREDICTIONS[name][2 + part]
    if row.words:
        for value in ("something else", 3):
            assert f"asked for, not {value!r}" in predicted(name, part, value).hint
        return
    assert "too high" in predicted(name, part, 12345.678 * (row.answer + 1)).hint
    assert "which is too low" in predicted(name, part, -987.5).hint
    for value in ("many", [row.answer, row.answer]):
        assert predicted(name, part, value).status == WRONG


def test_predictions_agree_with_the_package():
    """What the table says of grids and patches, as the networks themselves have it."""
    grid, patch, strided = PREDICTIONS["larger_picture"][2:]
    side = patchgan(3, filters=1).compute_output_shape([(None, 512, 512, 3)] * 2)[1]
    assert side == grid.answer
    assert receptive_field(3) == patch.answer
    assert round(receptive_field(strided.answer) / 512, 1) == round(receptive_field(3) / 256, 1)


def test_a_prediction_in_the_notebook_is_shown(capsys):
    exercises.check_prediction("09.9", 3, 30, misconceptions=[(3, "that is one side's third")])
    exercises.check_prediction("09.9", 30, 30.2)
    exercises.check_prediction("09.9", ..., 30)
    assert capsys.readouterr().out.splitlines() == [
        "09.9 wrong: that is one side's third",
        "09.9 right",
        "09.9 not yet tried",
    ]


# --- 00 · Start here ---------------------------------------------------------------------------


PALETTE = PALETTES["facades"]


def replaced(label, old, new):
    ids = PALETTE.to_ids(label)
    ids[ids == PALETTE.names.index(old)] = PALETTE.names.index(new)
    return PALETTE.to_rgb(ids)


def replaced_in_place(label, old, new):
    label[:] = replaced(label, old, new)
    return label


def colour(name):
    return np.array(PALETTE.colours[PALETTE.names.index(name)], np.uint8)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (replaced, ""),
        (lambda m, a, b: np.where((m == colour(a)).all(-1, keepdims=True), colour(b), m), ""),
        (lambda m, a, b: m, "nothing has changed"),
        (lambda m, a, b: replaced(m, b, a), "the other way round"),
        (lambda m, a, b: np.zeros_like(m) + colour(b), "every pixel became"),
        (lambda m, a, b: np.where(m == colour(a), colour(b), m), "one by one"),
        (lambda m, a, b: PALETTE.to_ids(replaced(m, a, b)), "classes' numbers"),
        (replaced_in_place, "work on a copy"),
        (lambda m, a, b: replaced(m, a, b) / 255, "float64"),
        (lambda m, a, b: replaced(m, "window", "blind"), '"shop" → "door"'),
    ],
)
def test_replace_class(answer, part):
    found = hint(exercises.check_replace_class, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 01 · Data loading -------------------------------------------------------------------------


def halves(picture, direction):
    half = picture.shape[1] // 2
    a, b = picture[:, :half], picture[:, half:]
    return (a, b) if direction == "AtoB" else (b, a)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (halves, ""),
        (lambda p, d: tuple(np.split(p, 2, axis=1))[:: 1 if d == "AtoB" else -1], ""),
        (lambda p, d: halves(p, "BtoA"), 'condition for "AtoB" is the wrong half'),
        (lambda p, d: halves(p, "AtoB"), 'condition for "BtoA" is the wrong half'),
        (lambda p, d: halves(p, d)[::-1], "leads from A to B"),
        (lambda p, d: (p[:2], p[2:]), "upper half"),
        (lambda p, d: (p[2:], p[:2]), "lower half"),
        (lambda p, d: (p[:, : len(p)], p[:, len(p) :]), "need not be square"),
        (lambda p, d: (p[:, len(p) :], p[:, : len(p)]), "need not be square"),
        (lambda p, d: (p[:, :256], p[:, 256:]), "shape (4, 6, 3)"),
        (lambda p, d: p, "2 values are wanted"),
    ],
)
def test_condition_and_target(answer, part):
    found = hint(exercises.check_condition_and_target, answer)
    assert part in found
    assert bool(part) == bool(found)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda pair: pair[:, ::-1], ""),
        (lambda pair: np.flip(pair, axis=1), ""),
        (lambda pair: pair, "nothing"),
        (lambda pair: pair[::-1], "changed places"),
        (lambda pair: np.flip(pair, axis=2), "width"),
        (lambda pair: pair[..., ::-1], "red and blue"),
        (lambda pair: np.rot90(pair, 2, axes=(1, 2)), "half a turn"),
        (lambda pair: np.stack([pair[0, ::-1], pair[1]]), "only the condition"),
        (lambda pair: np.stack([pair[0], pair[1, ::-1]]), "only the target"),
        (lambda pair: pair[:, ::-1] / 255, "type float64"),
        (lambda pair: pair[0, ::-1], "shape"),
    ],
)
def test_flip_upside_down(answer, part):
    found = hint(exercises.check_flip_upside_down, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 02 · U-Net generator ----------------------------------------------------------------------


def field(growth, start=1):
    """A receptive field to which each layer adds growth(kernel, stride, step)."""

    def answer(stack):
        found, step = start, 1
        for kernel, stride in stack:
            found += growth(kernel, stride, step)
            step *= stride
        return found

    return answer


right_field = field(lambda kernel, stride, step: (kernel - 1) * step)


def field_from_the_end(stack):
    """The same by another way: what a number sees grows from the last layer to the first."""
    found = 1
    for kernel, stride in reversed(stack):
        found = (found - 1) * stride + kernel
    return found


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (right_field, ""),
        (field_from_the_end, ""),
        (lambda stack: right_field(stack[::-1]), "read from its end"),
        (field(lambda kernel, stride, step: kernel - 1), "strides have no effect"),
        (field(lambda kernel, stride, step: (kernel - 1) * step * stride), "too early"),
        (field(lambda kernel, stride, step: kernel * step), "adds nothing"),
        (field(lambda kernel, stride, step: (kernel - 1) * step, start=0), "short by 1"),
        (field(lambda kernel, stride, step: (kernel - 1) * stride), "stride is used alone"),
        (field(lambda kernel, stride, step: 3 * step), "3 is right for 4×4"),
        (lambda stack: min(256, right_field(stack)), "wider than the picture"),
        (lambda stack: 1 + 3 * (2 ** len(stack) - 1), "where"),
    ],
)
def test_receptive_field(answer, part):
    found = hint(exercises.check_receptive_field, answer)
    assert part in found
    assert bool(part) == bool(found)


def test_receptive_field_of_the_patchgan_is_70():
    assert right_field([(4, 2)] * 3 + [(4, 1)] * 2) == 70


def normalised(z, gamma, beta, epsilon, axes=(0, 1, 2), ddof=0):
    mean, variance = z.mean(axes, keepdims=True), z.var(axes, ddof=ddof, keepdims=True)
    return gamma * (z - mean) / np.sqrt(variance + epsilon) + beta


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (normalised, ""),
        (lambda *given: normalised(*given, axes=(1, 2)), "instance normalisation"),
        (lambda *given: normalised(*given, axes=(0, 1, 2, 3)), "one mean for all channels"),
        (lambda *given: normalised(*given, axes=3), "layer normalisation"),
        (lambda *given: normalised(*given, axes=0), "over the batch alone"),
        (lambda *given: normalised(*given, ddof=1), "n - 1"),
        (lambda z, g, b, e: normalised(z, g, b, 0), "where is ε?"),
        (lambda z, g, b, e: normalised(z, 1, 0, e), "γ and β are not used"),
        (lambda z, g, b, e: normalised(z, g, 0, e), "β is not added"),
        (lambda z, g, b, e: normalised(z, 1, b, e), "γ is not used"),
        (lambda z, g, b, e: g * (normalised(z, 1, b, e)), "before the scaling"),
        (
            lambda z, g, b, e: g * (z - z.mean((0, 1, 2))) / (z.std((0, 1, 2)) + e) + b,
            "under the root",
        ),
        (
            lambda z, g, b, e: g * (z - z.mean((0, 1, 2))) / (z.var((0, 1, 2)) + e) + b,
            "take its root",
        ),
        (lambda z, g, b, e: g * z / np.sqrt(z.var((0, 1, 2)) + e) + b, "not subtracted"),
        (lambda z, g, b, e: normalised(z, g, b, e)[0], "shape"),
    ],
)
def test_batch_norm(answer, part):
    found = hint(exercises.check_batch_norm, answer)
    assert part in found
    assert bool(part) == bool(found)


def test_batch_norm_is_what_keras_computes():
    from keras import layers

    def answer(z, gamma, beta, epsilon):
        layer = layers.BatchNormalization(epsilon=epsilon)
        layer.build(z.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        return layer(z.astype("float32"), training=True)

    assert hint(exercises.check_batch_norm, answer) == ""


# --- 03 · PatchGAN discriminator -------------------------------------------------------------


def walk_back(index, strides, first_padding, last_padding, wide=3):
    first = last = index
    for stride in strides:
        first, last = first * stride - first_padding, last * stride - last_padding + wide
    return first, last


BACKWARDS = (1, 1, 2, 2, 2)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda i, p: walk_back(i, BACKWARDS, p, p), ""),
        (lambda i, p: (8 * i - 23 * p, 8 * i - 23 * p + 69), ""),
        (lambda i, p: np.array(walk_back(i, BACKWARDS, p, p)), "2 values are wanted"),
        (lambda i, p: walk_back(i, BACKWARDS, p, 1), "has grown"),
        (lambda i, p: walk_back(i, BACKWARDS, 1, 1), "with padding 1"),
        (lambda i, p: walk_back(i, BACKWARDS[::-1], p, p), "go backwards"),
        (lambda i, p: (8 * i - p, 8 * i - p + 69), "each layer has padding"),
        (lambda i, p: walk_back(i, BACKWARDS, -p, -p), "further left"),
        (lambda i, p: walk_back(i, BACKWARDS, p, p, 4), "five pixels"),
        (lambda i, p: (8 * i, 8 * i + 70), "where"),
    ],
)
def test_padded_patch_of(answer, part):
    found = hint(exercises.check_padded_patch_of, answer)
    assert part in found
    assert bool(part) == bool(found)


def sliding(images, side, step):
    """All windows by NumPy's own view."""
    view = np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2))
    return np.moveaxis(view[:, ::step, ::step], 3, -1).reshape(-1, side, side, images.shape[-1])


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (sliding, ""),
        (lambda im, side, step: sliding(im, side, step)[::-1], ""),
        (lambda im, side, step: sliding(im, side, side), "these are tiles"),
        (lambda im, side, step: sliding(im[:, :-1, :-1], side, step), "`range` leaves out"),
        (lambda im, side, step: sliding(im, side, 1), "at every pixel"),
        (lambda im, side, step: sliding(im[:1], side, step), "the first image"),
        (lambda im, side, step: im[0:side, 0:side], "axis 0 counts the images"),
        (lambda im, side, step: [im[:, :5, :5], im[:, 3:8, :5]], "not one batch"),
        (lambda im, side, step: [im[:, :5], im[:, 3:]], "inhomogeneous"),
        (lambda im, side, step: 3, "has the shape ()"),
        (lambda im, side, step: sliding(im, side, step) + 1, "where"),
    ],
)
def test_cut(answer, part):
    found = hint(exercises.check_cut, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 04 · Losses -----------------------------------------------------------------------------


def hinge(real, fake):
    return np.maximum(0, 1 - real).mean(), np.maximum(0, 1 + fake).mean()


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (hinge, ""),
        (lambda real, fake: list(hinge(real, fake)), ""),
        (lambda real, fake: hinge(-real, -fake), "sign of z reversed"),
        (lambda real, fake: hinge(real, -fake), "generated patches has the sign of z reversed"),
        (lambda real, fake: sum(hinge(real, fake)) / 2, "one number was returned"),
        (lambda real, fake: ((1 - real).mean(), (1 + fake).mean()), "where is the max?"),
        (lambda real, fake: hinge(real.mean(), fake.mean()), "averaged first"),
        (lambda real, fake: [72 * term for term in hinge(real, fake)], "is a sum over"),
        (lambda real, fake: (np.maximum(0, 1 - real), 0), "one cost per patch"),
        (lambda real, fake: hinge(real / 2, fake), "where"),
    ],
)
def test_hinge_terms(answer, part):
    found = hint(exercises.check_hinge_terms, answer)
    assert part in found
    assert bool(part) == bool(found)


def test_hinge_terms_may_be_written_with_keras():
    from keras import ops

    def answer(real, fake):
        return ops.mean(ops.relu(1 - real)), ops.mean(ops.relu(1 + fake))

    assert hint(exercises.check_hinge_terms, answer) == ""


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda r, f: ((r > 0).sum() + (f <= 0).sum()) / (r.size + f.size), ""),
        (lambda r, f: np.mean(np.concatenate([r > 0, f < 0])), ""),
        (lambda r, f: np.mean(np.concatenate([r > 0.5, f < 0.5])), "belongs to probabilities"),
        (lambda r, f: (np.mean(r > 0.5) + np.mean(f < 0.5)) / 2, "0.5 belongs"),
        (lambda r, f: np.mean(np.concatenate([r > 0, f > 0])), "called real"),
        (lambda r, f: ((r > 0).mean() + (f <= 0).mean()) / 2, "mean of two shares"),
        (lambda r, f: (r > 0).sum() + (f <= 0).sum(), "number of patches"),
        (lambda r, f: (r > 0).mean(), "real patches alone"),
        (lambda r, f: np.concatenate([r > 0, f <= 0]), "shape"),
    ],
)
def test_judged_right(answer, part):
    found = hint(exercises.check_judged_right, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 05 · Training ---------------------------------------------------------------------------


def step(
    first="both",
    lambda_l1=100.0,
    gan_weight=1.0,
    halved=0.5,
    list_of_D="own",
    saturating=False,
    moves="GD",
    returns=lambda *terms: terms,
):
    """A step with TensorFlow's tape, and one of its mistakes."""
    import tensorflow as tf
    from keras import ops

    from pix2pix_course import losses

    def gradients(G, D, x, y):
        with tf.GradientTape(persistent=True) as tape:
            y_hat = G(x, training=True)
            real, fake = D([x, y], training=True), D([x, y_hat], training=True)
            d_loss = halved * sum(losses.discriminator_terms(real, fake))
            g_gan, g_l1 = losses.generator_gan_term(fake), losses.l1_term(y, y_hat)
            seen = -ops.mean(ops.softplus(fake)) if saturating else g_gan
            objective = gan_weight * seen + lambda_l1 * g_l1
            of_D = {"own": d_loss, "G": objective, "both": d_loss + objective}[list_of_D]
        of_D = tape.gradient(of_D, D.trainable_variables)
        return of_D, tape.gradient(objective, G.trainable_variables), (d_loss, g_gan, g_l1)

    def answer(G, D, adam_G, adam_D, x, y):
        of_D, of_G, terms = gradients(G, D, x, y)
        if first != "G" and "D" in moves:
            adam_D.apply(of_D, D.trainable_variables)
        if first == "D":
            _, of_G, _ = gradients(G, D, x, y)
        if "G" in moves:
            adam_G.apply(of_G, G.trainable_variables)
        if first == "G":
            of_D, _, _ = gradients(G, D, x, y)
            adam_D.apply(of_D, D.trainable_variables)
        return returns(*terms)

    return answer


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (step(), ""),
        (step(returns=lambda *terms: [float(term) for term in terms]), ""),
        (step(first="D"), "G has answered to a D that had moved"),
        (step(first="G"), "D was shown images of a G that had moved"),
        (step(lambda_l1=0.0), "L1 term is missing"),
        (step(lambda_l1=1.0), "no weight λ"),
        (step(gan_weight=0.0), "adversarial term is missing"),
        (step(halved=1.0), "not their sum"),
        (step(halved=-0.5), "uphill"),
        (step(list_of_D="G", lambda_l1=0.0), "D has followed G's loss"),
        (step(list_of_D="G"), "D has followed G's loss"),
        (step(list_of_D="both"), "D has followed both losses"),
        (step(saturating=True), "not log(1 - D"),
        (step(moves=""), "neither network has moved"),
        (step(moves="D"), "G has not moved"),
        (step(moves="G"), "D has not moved"),
        (step(returns=lambda d, g, l1: (d, g + 100 * l1)), "3 values are wanted"),
        (step(returns=lambda d, g, l1: (d, g, 100 * l1)), "g_l1 is 100 times"),
        (step(halved=0.4), "D's gradient is 0.8 times"),
    ],
)
def test_step_at_once(answer, part):
    found = hint(exercises.check_step_at_once, answer)
    assert part in found
    assert bool(part) == bool(found)


def fade(epoch, epochs, decay, start):
    return float(np.interp(epoch, [epochs - decay, epochs + 1], [start, 0]))


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (fade, ""),
        (lambda n, all_, decay, start: fade(n, all_ - 1, decay - 1, start), "learns nothing"),
        (lambda n, all_, decay, start: fade(n + 1, all_, decay, start), "count from 1"),
        (lambda n, all_, decay, start: fade(n, all_, decay - 1, start), "an epoch late"),
        (lambda n, all_, decay, start: start * (all_ + 1 - n) / (decay + 1), "more than `start`"),
        (lambda n, all_, decay, start: start * (all_ + 1 - n) / (all_ + 1), "from the first epoch"),
        (lambda n, all_, decay, start: fade(n, all_, decay, 1), "multiply by `start`"),
        (lambda n, all_, decay, start: start, "where"),
    ],
)
def test_fading_rate(answer, part):
    found = hint(exercises.check_fading_rate, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 06 · Evaluation -------------------------------------------------------------------------


def add_at(truth, read, k):
    counts = np.zeros((k, k), int)
    np.add.at(counts, (truth, read), 1)
    return counts


def add_once(truth, read, k):
    counts = np.zeros((k, k), int)
    counts[truth, read] += 1
    return counts


def bincount(pairs, k, **options):
    return np.bincount(pairs.ravel(), **({"minlength": k * k} | options)).reshape(k, k)


def row_shares(truth, read, k):
    counts = add_at(truth, read, k)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (add_at, ""),
        (lambda truth, read, k: bincount(truth.astype(int) * k + read, k), ""),
        (lambda truth, read, k: add_at(read, truth, k), "exchanged"),
        (lambda truth, read, k: add_at(truth, read, k).ravel(), "one row of numbers"),
        (add_once, "however often"),
        (lambda truth, read, k: bincount(truth * np.uint8(k) + read, k), "in a circle"),
        (row_shares, "shares of the rows"),
        (lambda t, r, k: bincount(t.astype(int) * k + r, k, minlength=0), "cannot reshape"),
        (lambda truth, read, k: 2 * add_at(truth, read, k), "2 times"),
    ],
)
def test_confusion_fast(answer, part):
    found = hint(exercises.check_confusion_fast, answer)
    assert part in found
    assert bool(part) == bool(found)


def paired_error(first, second, ddof=1):
    return (first - second).std(ddof=ddof) / np.sqrt(len(first))


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda a, b: (np.mean(a - b), paired_error(a, b)), ""),
        (lambda a, b: (np.mean(a) - np.mean(b), paired_error(a, b, ddof=0)), ""),
        (lambda a, b: (np.mean(b - a), paired_error(a, b)), "`second` minus `first`"),
        (lambda a, b: (np.abs(a - b).mean(), paired_error(a, b)), "keep the signs"),
        (lambda a, b: (np.mean(a - b), a.std() / 3), "error of one mean"),
        (lambda a, b: (np.mean(a - b), np.hypot(a.std(), b.std()) / 3), "as if other pictures"),
        (lambda a, b: (np.mean(a - b), (a.std() + b.std()) / 3), "as if other pictures"),
        (lambda a, b: (np.mean(a - b), (a - b).std()), "√n times less"),
        (lambda a, b: (np.mean(a - b), (a - b).std(ddof=1) / 9), "divided by n"),
        (lambda a, b: (a - b).mean(), "2 values are wanted"),
    ],
)
def test_mean_difference(answer, part):
    found = hint(exercises.check_mean_difference, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 07 · The paper's tables in miniature -----------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (lambda a, b: (a > b).sum(), ""),
        (lambda a, b: sum(one > other for one, other in zip(a, b, strict=True)), ""),
        (lambda a, b: (a[:, None] > b).sum(), "seed k alone"),
        (lambda a, b: (a > b).mean(), "that is a share; how"),
        (lambda a, b: (a[:, None] > b).mean(), "share of all pairs"),
        (lambda a, b: (a >= b).sum(), "the two are level"),
        (lambda a, b: (b > a).sum(), "the second is ahead"),
        (lambda a, b: (np.sort(a) > np.sort(b)).sum(), "were sorted"),
        (lambda a, b: a > b, "count them"),
    ],
)
def test_paired(answer, part):
    found = hint(exercises.check_paired, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 08 · One idea, six implementations ---------------------------------------------------------


@pytest.mark.parametrize(
    ("found_in", "repair", "part"),
    [
        (lambda c: c.jitter and c.crop == "centre", {"crop": "random"}, ""),
        (lambda c: c.jitter, {"crop": "random"}, "the paper's recipe"),
        (lambda c: c.crop == "centre" or not c.jitter, {"crop": "random"}, "finds Gluon's"),
        (lambda c: c.jitter and c.crop == "center", {"crop": "random"}, "not find tjwei's"),
        (lambda c: c.crop == "centre", {"crop": "random"}, "where nothing is enlarged"),
        (lambda c: c.jitter and c.crop == "centre", {}, "after its own"),
        (lambda c: c.jitter and c.crop == "centre", {"jitter": False}, "gives up the jitter"),
        (lambda c: c.jitter and c.crop == "centre", {"crop": "random", "mirror": False}, "mirror"),
        (True, {"crop": "random"}, "should be a function"),
    ],
)
def test_no_jitter(found_in, repair, part):
    found = hint(exercises.check_no_jitter, Defect("no jitter", found_in, "crops", repair))
    assert part in found
    assert bool(part) == bool(found)


def test_no_jitter_is_a_defect():
    assert "`recipes.Defect`" in hint(exercises.check_no_jitter, lambda c: c.crop == "centre")


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (RECIPES["pytorch_reference"].replace(resize="by_kind", gan_loss="lsgan"), ""),
        ("paper", "a `Config` is wanted"),
        (RECIPES["tensorflow_tutorial"].replace(mirror=False), "dead bottleneck"),
        (RECIPES["paper"].replace(epochs=7, image_size=64), "that is `paper`"),
        (recipe("keras_book", "cpu", repaired=True), "that is `keras_book`"),
    ],
)
def test_own_recipe(answer, part):
    found = hint(exercises.check_own_recipe, answer)
    assert part in found
    assert bool(part) == bool(found)
