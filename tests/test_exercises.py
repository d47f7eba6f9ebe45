"""Each check: the right answer, the stub, and the mistakes that it knows."""

import numpy as np
import pytest

from pix2pix_course import exercises
from pix2pix_course.checking import NOT_TRIED, RIGHT, judge

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
