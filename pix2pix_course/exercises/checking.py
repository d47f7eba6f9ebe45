"""How an answer is checked: right, wrong with a hint, or not yet tried; never a stack trace.

A check is a function that examines answers and raises `Wrong` with a hint for the student.
`check` makes of it what a notebook calls: it shows one line for people and, with the same display,
a record for programs, so that an executed notebook carries its results.
"""

import functools
import inspect
import linecache
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

RIGHT, WRONG, NOT_TRIED = "right", "wrong", "not yet tried"
MIME = "application/vnd.pix2pix-course.exercise+json"
"""Key of the record in a cell's output: {"exercise": "04.1", "outcome": "right"}."""

HOLE = re.compile(r"^\s*(\w+ = )?\.\.\.\s*(#.*)?$", re.MULTILINE)
"""A line of a student edition that waits for code: `...` alone, or `name = ...`."""

FACTORS = (2, 3, 4, 10, 100, 127.5, 255)
"""What a single number is plausibly wrong by; for an array any constant factor is recognised."""


class Wrong(Exception):
    """The answer is wrong; the message is the hint."""


class NotTried(Exception):
    """The answer is still the stub."""


@dataclass(frozen=True, repr=False)
class Outcome:
    """What became of one exercise. Shown in a notebook, it is a line and a record.

    `status` is one of `RIGHT`, `WRONG`, `NOT_TRIED`; `hint` says what is off.
    """

    exercise: str
    status: str
    hint: str = ""

    def __repr__(self) -> str:
        return f"{self.exercise} {self.status}" + (f": {self.hint}" if self.hint else "")

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        record = {"exercise": self.exercise, "outcome": self.status}
        return {"text/plain": repr(self), MIME: record}


def check(exercise: str) -> Callable:
    """Decorator: the function examines the answers of this exercise ("04.1").

    The decorated function shows the outcome and returns nothing. See `judge` for what counts as
    which outcome.
    """

    def decorate(examine: Callable) -> Callable:
        @functools.wraps(examine)
        def shown(*answers):
            from IPython.display import display

            display(judge(exercise, examine, *answers))

        return shown

    return decorate


def judge(exercise: str, examine: Callable, *answers) -> Outcome:
    """Examine answers. Whatever they do, the result is an outcome and not an error.

    Not yet tried are `...` and None, and a function that still has its hole (`HOLE`) and so
    returns nothing or fails. A function that raises is wrong, with its error and line as hint.
    """
    try:
        examine(*map(_guarded, answers))
    except NotTried:
        return Outcome(exercise, NOT_TRIED)
    except Wrong as wrong:
        return Outcome(exercise, WRONG, str(wrong))
    except Exception as error:  # an answer of a kind that the check did not foresee
        if "ellipsis" in str(error).lower():
            return Outcome(exercise, NOT_TRIED)
        hint = (
            f"the check cannot use this answer ({type(error).__name__}: {first_line(error)[:200]})"
        )
        return Outcome(exercise, WRONG, hint)
    return Outcome(exercise, RIGHT)


def _guarded(answer):
    if answer is None or answer is ...:
        raise NotTried
    return _guarded_function(answer) if inspect.isfunction(answer) else answer


def _guarded_function(function: Callable) -> Callable:
    """The student's function, whose errors become hints."""

    @functools.wraps(function)
    def call(*args, **options):
        try:
            result = function(*args, **options)
        except (Exception, SystemExit) as error:
            if _has_hole(function) or "ellipsis" in str(error).lower():
                raise NotTried from None
            raise Wrong(_what_was_raised(function, error)) from None
        parts = result if isinstance(result, tuple | list) else (result,)
        if any(part is ... for part in parts) or (result is None and _has_hole(function)):
            raise NotTried
        if result is None:
            raise Wrong(f"`{function.__name__}` returned None; is a `return` missing?")
        return result

    return call


def _has_hole(function: Callable) -> bool:
    try:
        return bool(HOLE.search(inspect.getsource(function)))
    except (OSError, TypeError):  # no source, as for a function made by exec
        return False


def _what_was_raised(function: Callable, error: BaseException) -> str:
    code, place = function.__code__, ""
    frame = error.__traceback__
    while frame:
        if frame.tb_frame.f_code.co_filename == code.co_filename:
            line = linecache.getline(code.co_filename, frame.tb_lineno).strip()
            place = f", in the line `{line}`" if line else ""
        frame = frame.tb_next
    return f"`{function.__name__}` raised {type(error).__name__}: {first_line(error)[:200]}{place}"


def first_line(text: object) -> str:
    """The first line of a text or of an error's message; empty where there is none."""
    return (str(text).strip().splitlines() or [""])[0]


# --- comparing -----------------------------------------------------------------------------


def expect(condition, hint: str) -> None:
    """Raise `Wrong` with the hint unless the condition holds."""
    if not condition:
        raise Wrong(hint)


def expect_parts(given, count: int, what: str) -> tuple:
    """The parts of a tuple or list of that length; `Wrong` says what was found instead."""
    found = len(given) if isinstance(given, tuple | list) else None
    expect(found == count, f"{what}: {count} values are wanted, {_kind(given)} was returned")
    return tuple(given)


def expect_equal(
    given,
    wanted,
    *,
    what: str = "the result",
    tolerance: float = 1e-4,
    misconceptions: Iterable[tuple[object, str]] = (),
    dtype: str | None = None,
) -> None:
    """Raise `Wrong` with the first thing that is off between two numbers or arrays.

    In this order: not numbers, a misconception, shape, dtype, NaN, sign, a constant factor, values.

    Args:
        given: the student's, anything that NumPy can read as an array.
        wanted: what is right.
        what: its name in the hint.
        tolerance: relative to the largest of `wanted`, and absolute where that is below 1.
        misconceptions: pairs (the result of a known mistake, its hint).
        dtype: wanted type; None: any.
    """
    import numpy as np

    wanted = np.asarray(wanted, "float64")
    try:
        as_given = np.asarray(given)
        mine = as_given.astype("float64")
    except (TypeError, ValueError):
        raise Wrong(f"{what} is {_kind(given)}, where numbers are wanted") from None
    margin = tolerance * max(1.0, float(np.abs(wanted).max(initial=0)))

    def near(other) -> bool:
        other = np.asarray(other, "float64")
        return mine.shape == other.shape and np.allclose(mine, other, rtol=0, atol=margin)

    is_right = near(wanted)
    for result, hint in misconceptions:
        if near(result) and not is_right:
            raise Wrong(hint)
    expect(
        mine.shape == wanted.shape,
        f"{what} has the shape {mine.shape}, where {wanted.shape} is wanted",
    )
    expect(
        dtype in (None, as_given.dtype.name), f"{what} is of type {as_given.dtype}, not of {dtype}"
    )
    if is_right:
        return
    expect(np.isfinite(mine).all(), f"{what} holds NaN or infinity")
    expect(not near(-wanted), f"{what} has the wrong sign")
    factor = _factor(mine, wanted, near)
    expect(factor is None, f"{what} is {factor} times what is wanted")
    place = np.unravel_index(np.abs(mine - wanted).argmax(), mine.shape)
    where = f" at {[int(index) for index in place]}" if mine.ndim else ""
    raise Wrong(f"{what} is {mine[place]:.4g}{where}, where {wanted[place]:.4g} is wanted")


def _factor(mine, wanted, near) -> str | None:
    """By which constant `mine` is too large or too small, if that is all that is wrong."""
    import numpy as np

    scale = float(np.vdot(wanted, wanted))
    if scale == 0 or not np.any(mine):
        return None
    ratio = float(np.vdot(mine, wanted)) / scale
    close = [known for f in FACTORS for known in (f, 1 / f) if np.isclose(ratio, known, rtol=1e-3)]
    if wanted.size == 1 and not close:
        return None
    return f"{ratio:.3g}" if ratio > 0 and near(ratio * wanted) else None


def expect_prediction(
    given,
    actual,
    *,
    tolerance: float = 0.05,
    misconceptions: Iterable[tuple[object, str]] = (),
) -> None:
    """Raise `Wrong` if a prediction missed, without telling what was right.

    Args:
        given: a number, a word (compared without case) or a truth value.
        actual: what came out.
        tolerance: for numbers, relative to `actual`.
        misconceptions: pairs (a guess that betrays a known mistake, its hint).
    """
    given, actual = _plain(given), _plain(actual)
    if hit(given, actual, tolerance):
        return
    for guess, hint in misconceptions:
        if hit(given, guess, tolerance):
            raise Wrong(hint)
    if _is_number(given) and _is_number(actual):
        raise Wrong(f"you predicted {given:g}, which is too {'low' if given < actual else 'high'}")
    if _is_number(actual) or isinstance(given, bool) != isinstance(actual, bool):
        raise Wrong(f"you predicted {given!r}, where {_kind(actual)} is asked for")
    raise Wrong(f"you predicted {given!r}, which is not what happens")


def hit(given, actual, tolerance: float = 0.05) -> bool:
    """Whether a prediction says the same as what came out."""
    if _is_number(given) and _is_number(actual):
        return abs(given - actual) <= tolerance * abs(actual)
    if isinstance(given, str) and isinstance(actual, str):
        return given.strip().casefold() == actual.strip().casefold()
    return type(given) is type(actual) and given == actual


def _plain(value):
    """A single number or truth value from NumPy or a tensor as Python's own; else the value."""
    import numpy as np

    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return value
    return array.item() if array.shape == () and array.dtype.kind in "bif" else value


def _is_number(value) -> bool:
    import numbers

    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _kind(value) -> str:
    """What a value is, in words."""
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if _is_number(value):
        return "a number"
    names = {"str": "a text", "bool": "True or False", "NoneType": "nothing"}
    name = type(value).__name__
    return names.get(name, f"one value of type {name}")
