"""Options and arguments that several commands of the command line take."""

from collections.abc import Callable
from pathlib import Path

import click

from pix2pix_course.config import CHOICES, PAINTED, PROFILES
from pix2pix_course.support.terminal import FOLDER, in_order
from pix2pix_course.variants import recipes


def dataset_path(ctx, param, value: str | None) -> str | None:
    """A folder as absolute path, since notebooks and resumed runs work in other folders."""
    from pix2pix_course.datasets import is_name

    if value is None or is_name(value) or not Path(value).expanduser().is_dir():
        return value
    return str(Path(value).expanduser().resolve())


OPTIONS = {
    "profile": {
        "type": click.Choice(tuple(PROFILES)), "default": "cpu", "show_default": True,
        "help": "smoke: all steps, in seconds; cpu: minutes on two cores; gpu: the paper's sizes.",
    },
    "recipe": {
        "type": click.Choice(tuple(recipes.RECIPES)),
        "help": "Do as this implementation does; see `recipes`.",
    },
    "dataset": {
        "default": PAINTED, "show_default": True, "callback": dataset_path,
        "help": "'painted', a published set (see `data list`), or a folder of pairs.",
    },
    "direction": {
        "type": click.Choice(("AtoB", "BtoA")), "help": "Input to target; A is the left half.",
    },
    "palette": {"help": "Label colours of a folder that does not describe itself."},
    "data-folder": {"type": FOLDER, "help": "Where data sets are painted and downloaded."},
    "seed": {"default": 0, "show_default": True, "help": "Of all random draws."},
    "mode": {
        "type": click.Choice(CHOICES["test_mode"]),
        "help": "paper: batch statistics and dropout; deterministic: no dropout; running: running "
        "statistics.  [default: the run's own test_mode]",
    },
    "devices": {"type": click.IntRange(0), "help": "Share out batches; 0: all. JAX only."},
    "timeout": {"type": click.IntRange(1), "help": "Seconds that one cell may take."},
    "output": {"type": FOLDER, "show_default": True, "help": "Folder for what is made."},
}  # fmt: skip


def takes(*names: str, **changed) -> Callable:
    """Decorator: the command takes these of `OPTIONS`, with something changed."""
    found = (click.option(f"--{name}", **OPTIONS[name] | changed) for name in names)
    return in_order(*found)


def of_a_run(command: Callable) -> Callable:
    """Decorator: the command is about a run, whose data may be elsewhere now."""
    argument = click.argument("run", metavar="RUN", type=FOLDER)
    about = "Where the run's data is now, or other data of its kind."
    return argument(takes("dataset", default=None, help=about)(takes("data-folder")(command)))
