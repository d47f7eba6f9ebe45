"""Words of a command line into values, and errors and warnings back into sentences."""

import ast
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click

from pix2pix_course.support.engine import plain_warnings
from pix2pix_course.support.files import did_you_mean

FOLDER = click.Path(path_type=Path, file_okay=False)
KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}


class Commands(click.Group):
    """A group whose commands end with one clear message where the package gave one.

    Errors that the package defines, a bad value and a file that cannot be read or written are
    written for the reader. Anything else is a bug and keeps its traceback.
    """

    def invoke(self, ctx: click.Context):
        """Run the chosen command."""
        for stream in (sys.stdout, sys.stderr):  # Windows writes files without "±" and "→"
            stream.reconfigure(errors="replace")
        try:
            with warnings.catch_warnings():
                warnings.showwarning = plain_warnings(sys.stderr)
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if not is_for_the_reader(error):
                raise
            raise click.ClickException(str(error)) from error


def is_for_the_reader(error: Exception) -> bool:
    """Whether the package wrote this error's message, or it is about a file."""
    if type(error).__module__.startswith("pix2pix_course.") or isinstance(error, OSError):
        return True
    frame = error.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    raised_in = frame.tb_frame.f_globals.get("__name__", "")
    return isinstance(error, ValueError) and raised_in.startswith("pix2pix_course.")


def in_order(*decorators: Callable) -> Callable:
    """Several option decorators as one, in the order in which help shall list them."""

    def decorate(function: Callable) -> Callable:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def python_value(text: str) -> object:
    """A Python value where the text is one (3, 1e-3, None, True), else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def takes_fields(
    types: Mapping[str, tuple[type, bool]], with_option: str, example: str
) -> Callable:
    """Decorator: options of some hyperparameters, and `--set NAME=VALUE` for all.

    Args:
        types: all of them, as `fields.field_types` gives them.
        with_option: names, separated by spaces.
        example: of NAME=VALUE.
    """

    def values(ctx, param, words):
        return field_values(words, types)

    about = f"Any hyperparameter, for example --set {example}."
    its_own = (
        click.option(f"--{name.replace('_', '-')}", type=types[name][0], help=f"Config.{name}")
        for name in with_option.split()
    )
    by_name = click.option(
        "--set", "settings", multiple=True, metavar="NAME=VALUE", callback=values, help=about
    )
    return in_order(*its_own, by_name)


def field_values(
    settings: Iterable[str], types: Mapping[str, tuple[type, bool]]
) -> dict[str, object]:
    """`NAME=VALUE` words as values of the types that `fields.field_types` gives.

    Raises:
        click.BadParameter: no such name, or a value of another type.
    """
    found = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        name, text = name.strip().replace("-", "_"), text.strip()
        if not separator:
            raise click.BadParameter(f"{setting!r}: write NAME=VALUE")
        if name not in types:
            raise click.BadParameter(f"there is no field {name!r}{did_you_mean(name, types)}")
        kind, optional = types[name]
        try:
            if optional and text.lower() == "none":
                found[name] = None
            else:
                found[name] = click.BOOL(text) if kind is bool else kind(text)
        except (ValueError, click.BadParameter):
            wanted = KINDS[kind] + (" or none" if optional else "")
            raise click.BadParameter(f"{name}={text}: not {wanted}") from None
    return found
