"""Outcomes and hints, on functions as students write them."""

import linecache
import textwrap

import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter

from pix2pix_course.exercises.checking import (
    MIME,
    NOT_TRIED,
    RIGHT,
    WRONG,
    Outcome,
    check,
    expect_equal,
    expect_parts,
    expect_prediction,
    judge,
)


def student(code: str):
    """The function `f` of a student's cell, whose source can be looked up as in a notebook."""
    code, name = textwrap.dedent(code).lstrip("\n"), f"<cell {abs(hash(code))}>"
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    space = {"np": np}
    exec(compile(code, name, "exec"), space)
    return space["f"]


def doubles(f):
    expect_equal(f(np.array([1.0, -2.0, 3.0])), [2.0, -4.0, 6.0])


def outcome(code: str) -> Outcome:
    return judge("09.9", doubles, student(code))


# --- outcomes --------------------------------------------------------------------------------


def test_a_right_answer_needs_no_words():
    assert repr(outcome("def f(x):\n    return 2 * x")) == "09.9 right"


@pytest.mark.parametrize(
    "code",
    [
        "def f(x):\n    '''Twice x.'''\n    ...  # your turn",
        "def f(x):\n    n = len(x)\n    ...",
        "def f(x):\n    twice = ...  # your turn\n    return twice",
        "def f(x):\n    twice = ...  # your turn\n    return twice + 1",
        "def f(x):\n    ...  # your turn\n    return twice",
        "def f(x):\n    return ..., x",
    ],
)
def test_an_open_hole_is_not_a_mistake(code):
    assert outcome(code) == Outcome("09.9", NOT_TRIED)


@pytest.mark.parametrize("answer", [..., None])
def test_a_value_not_given_is_not_a_mistake(answer):
    assert judge("09.9", lambda x: expect_equal(x, 3), answer).status == NOT_TRIED


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("def f(x):\n    y = 2 * x", "`f` returned None; is a `return` missing?"),
        (
            "def f(x):\n    y = 2\n    return y * z",
            "`f` raised NameError: name 'z' is not defined, in the line `return y * z`",
        ),
        (
            "def g(x):\n    return x[9]\ndef f(x):\n    return g(x)",
            "`f` raised IndexError: index 9 is out of bounds for axis 0 with size 3, "
            "in the line `return x[9]`",
        ),
        ("def f(x):\n    raise SystemExit", "`f` raised SystemExit: , in the line"),
        ("def f():\n    return 1", "`f` raised TypeError: f() takes 0 positional arguments"),
        ("def f(x):\n    return 'six'", "the result is a text, where numbers are wanted"),
        ("def f(x):\n    return object()", "one value of type object, where numbers are wanted"),
        ("def f(x):\n    return 2 * x[:2]", "has the shape (2,), where (3,) is wanted"),
        ("def f(x):\n    return -2 * x", "the result has the wrong sign"),
        ("def f(x):\n    return 3 * x", "the result is 1.5 times what is wanted"),
        ("def f(x):\n    return x / 0", "the result holds NaN or infinity"),
        ("def f(x):\n    return x * x", "the result is 4 at [1], where -4 is wanted"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_wrong_answer_gets_a_hint(code, hint):
    found = outcome(code)
    assert found.status == WRONG
    assert hint in found.hint
    assert "\n" not in repr(found)


def test_a_check_that_breaks_on_an_answer_shows_no_stack_trace():
    found = judge("09.9", lambda answer: answer.shape, "text")
    assert found.status == WRONG
    assert "cannot use this answer (AttributeError" in found.hint


# --- comparing -------------------------------------------------------------------------------


def hint_of(function, *args, **options) -> str:
    return judge("1", lambda: function(*args, **options)).hint


def test_a_misconception_is_known_by_its_result_before_its_shape():
    known = [(np.ones((2, 2)), "not averaged"), (1.0, "right, and no misconception")]
    assert hint_of(expect_equal, np.ones((2, 2)), 1.0, misconceptions=known) == "not averaged"
    assert hint_of(expect_equal, 1.0, 1.0, misconceptions=known) == ""


def test_a_single_number_is_a_multiple_only_by_a_likely_factor():
    assert hint_of(expect_equal, 0.6, 0.3) == "the result is 2 times what is wanted"
    assert hint_of(expect_equal, 0.5, 0.3) == "the result is 0.5, where 0.3 is wanted"


def test_a_type_may_be_wanted():
    hint = hint_of(expect_equal, np.ones(2), np.ones(2), dtype="float32")
    assert hint == "the result is of type float64, not of float32"


def test_parts_are_counted():
    assert expect_parts([1, 2], 2, "f") == (1, 2)
    assert hint_of(expect_parts, 1.5, 2, "f") == "f: 2 values are wanted, a number was returned"
    assert (
        hint_of(expect_parts, (1,), 2, "f") == "f: 2 values are wanted, a tuple of 1 was returned"
    )


@pytest.mark.parametrize(
    ("given", "actual", "hint"),
    [
        (0.3, 0.31, ""),
        (0.2, 0.31, "you predicted 0.2, which is too low"),
        (900, 30, "you predicted 900, which is too high"),
        (0.69, 0.31, "that is chance"),
        (" Brick", "brick", ""),
        ("pink", "brick", "you predicted 'pink', which is not what happens"),
        (True, True, ""),
        (np.float32(30), 30, ""),
        (np.array(30), 30, ""),
        (np.bool_(True), True, ""),
        ([30, 31], 30, "you predicted [30, 31], where a number is asked for"),
        ("30", 30, "you predicted '30', where a number is asked for"),
        (1, True, "you predicted 1, where True or False is asked for"),
    ],
)
def test_a_prediction_that_missed_is_told_without_the_answer(given, actual, hint):
    known = [(0.69, "that is chance")]
    assert hint_of(expect_prediction, given, actual, misconceptions=known) == hint


# --- showing ---------------------------------------------------------------------------------


def test_one_display_holds_a_line_and_a_record():
    data, _ = DisplayFormatter().format(Outcome("04.1", WRONG, "too low"))
    assert data == {
        "text/plain": "04.1 wrong: too low",
        MIME: {"exercise": "04.1", "outcome": "wrong"},
    }


def test_outside_a_notebook_a_check_prints_its_line(capsys):
    check("09.9")(doubles)(student("def f(x):\n    return 2 * x"))
    assert capsys.readouterr().out == "09.9 right\n"
    assert RIGHT == "right"
