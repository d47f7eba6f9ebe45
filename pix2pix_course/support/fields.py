"""Checks of a dataclass of settings: types, ranges and words, each error naming the field."""

import math
import types
import typing

from pix2pix_course.support.files import did_you_mean


def refuse(settings, name: str, advice: str):
    """Raise the `ValueError` about a field of a configuration."""
    raise ValueError(f"Config.{name} = {getattr(settings, name)!r}: {advice}")


def field_types(settings) -> dict[str, tuple[type, bool]]:
    """Name → (plain type, whether None is allowed) of a dataclass's fields of plain types."""
    found = {}
    for name, hint in typing.get_type_hints(settings).items():
        parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds = [kind for kind in parts if kind in (int, float, bool, str)]
        if kinds:
            found[name] = kinds[0], len(parts) > 1
    return found


def check_types(settings) -> None:
    """Refuse a value of another type than its field has; a whole number will do for a float."""
    names = {int: "a whole number", float: "a number", bool: "True or False", str: "a word"}
    for name, (kind, optional) in field_types(type(settings)).items():
        value = getattr(settings, name)
        if value is None and optional:
            continue
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or (isinstance(value, bool) and kind is not bool):
            refuse(settings, name, f"use {names[kind]}{' or None' if optional else ''}")
        if kind is float and not math.isfinite(value):
            refuse(settings, name, "use a finite number")


def check_ranges(settings, ranges: dict[str, tuple]) -> None:
    """Refuse numbers outside the ranges."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if value is not None and (value < low or (high is not None and value > high)):
            refuse(settings, name, f"use {low} or more{'' if high is None else f', up to {high}'}")


def check_words(settings, choices: dict[str, tuple]) -> None:
    """Refuse words that a field does not know."""
    for name, words in choices.items():
        word = getattr(settings, name)
        if word not in words:
            hint = did_you_mean(str(word), filter(None, words))
            refuse(settings, name, "use " + ", ".join(map(repr, words)) + hint)
