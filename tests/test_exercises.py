"""Each check: the right answer, the stub, and the mistakes that it knows."""

import numpy as np
import pytest

from pix2pix_course import exercises
from pix2pix_course.checking import NOT_TRIED, RIGHT, judge
from pix2pix_course.recipes import RECIPES, Defect, recipe

CHECKS = [value for name, value in vars(exercises).items() if name.startswith("check_")]


def hint(check, answer) -> str:
    """The hint for an answer; empty if it is right."""
    outcome = judge("00.0", check.__wrapped__, answer)
    assert outcome.status == RIGHT or outcome.hint
    return outcome.hint


@pytest.mark.parametrize("check", [c for c in CHECKS if hasattr(c, "__wrapped__")])
def test_every_check_knows_an_open_answer(check):
    assert judge("00.0", check.__wrapped__, ...).status == NOT_TRIED


def test_a_prediction_in_the_notebook_is_shown(capsys):
    exercises.check_prediction("09.9", 3, 30, misconceptions=[(3, "that is one side's third")])
    exercises.check_prediction("09.9", 30, 30.2)
    exercises.check_prediction("09.9", ..., 30)
    assert capsys.readouterr().out.splitlines() == [
        "09.9 wrong: that is one side's third",
        "09.9 right",
        "09.9 not yet tried",
    ]


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
        (0.31, ""),
        (-np.log(1 / (1 + np.exp(-1))), ""),
        (0, "which values can"),
        (0.69, "the cost of the answer 0"),
        (1.31, "what a generated patch costs"),
        (0.73, "what does it cost?"),
        (0.1, "too low"),
    ],
)
def test_least_cost(answer, part):
    found = hint(exercises.check_least_cost, answer)
    assert part in found
    assert bool(part) == bool(found)


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


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ("Brick", ""),
        ("pink", "at equal odds"),
        ("blue", "majority"),
        ("brown", "asked for, not 'brown'"),
        (3, "asked for, not 3"),
    ],
)
def test_favourite_wall(answer, part):
    found = hint(exercises.check_favourite_wall, answer)
    assert part in found
    assert bool(part) == bool(found)


# --- 06 · Evaluation -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (6, ""),
        (6.02, ""),
        (3, "half of the *squared* error"),
        (-6, "Higher is better"),
        (10, "a factor of 10"),
        (2, "that is the factor"),
        (13.9, "base 10"),
        (5, "too low"),
    ],
)
def test_half_the_error(answer, part):
    found = hint(exercises.check_half_the_error, answer)
    assert part in found
    assert bool(part) == bool(found)


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
        (7, ""),
        (3, "once in 20"),
        (5, "once in 252"),
        (6, "once in 924"),
        (10, "tosses of a coin"),
        (14, "how many has each?"),
        (8, "too high"),
    ],
)
def test_seeds_needed(answer, part):
    found = hint(exercises.check_seeds_needed, answer)
    assert part in found
    assert bool(part) == bool(found)


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
    ("answer", "part"),
    [("Dead", ""), ("alive", "over which numbers"), ("ill", "asked for, not 'ill'")],
)
def test_instance_of_two(answer, part):
    found = hint(exercises.check_instance_of_two, answer)
    assert part in found
    assert bool(part) == bool(found)


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
