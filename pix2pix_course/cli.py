"""The command line: it parses words and calls one function of the package.

What is heavy to import is imported by the command that needs it, so that `--help` answers at once.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from pix2pix_course import __version__, quiet_stderr
from pix2pix_course.bench.command import bench
from pix2pix_course.config import CHOICES, PAINTED, PROFILES, Config
from pix2pix_course.notebooks import commands
from pix2pix_course.support.fields import field_types
from pix2pix_course.support.terminal import FOLDER, Commands, in_order, python_value, takes_fields
from pix2pix_course.variants import recipes
from pix2pix_course.variants.variant import Variant

FIELDS = field_types(Config) | field_types(Variant)
"""Every hyperparameter → its plain type, and whether None is allowed."""

COMMON_FIELDS = "image_size train_pairs epochs decay_epochs batch_size learning_rate lambda_l1 seed"
"""Those with an option of their own."""


# --- options of several commands ---------------------------------------------------------


def _dataset(ctx, param, value: str | None) -> str | None:
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
        "default": PAINTED, "show_default": True, "callback": _dataset,
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


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pix2pix-course")
def main() -> None:
    """Learn image-to-image translation with conditional GANs, and train your own."""


# --- notebooks ---------------------------------------------------------------------------


@main.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@takes("profile", "recipe", "dataset", "direction", "palette", "seed")
@takes("output", default="build/run")
@click.option(
    "-p", "--parameter", "further", nargs=2, multiple=True, metavar="NAME VALUE",
    help="A further parameter of the notebooks' parameter cell. May be given several times.",
)  # fmt: skip
@click.option("--follow", is_flag=True, help="Show what the cells print, while they run.")
@commands.in_folder
@takes("timeout", "data-folder")
def run(names, recipe, output, further, **given) -> None:
    """Run notebooks headless; all, or those named by number (05) or name (05_training).

    A recipe goes to the notebooks with a parameter RECIPE. The executed notebooks, a report and the
    trained runs go to the output folder. The exit code is 1 if any notebook failed.
    """
    from pix2pix_course.doctor import inspect_machine
    from pix2pix_course.notebooks import run as runner

    words = ("profile", "dataset", "direction", "palette", "seed")
    values = {word.upper(): given.pop(word) for word in words}
    extra = {"RECIPE": recipe} if recipe else {}
    extra |= {name: python_value(value) for name, value in further}
    given["device"] = inspect_machine().device
    results = runner.run_notebooks(names, output=output, values=values, extra=extra, **given)
    click.echo("\n" + runner.table(results) + "\n")
    for what, where in runner.products(output):
        click.echo(f"{what + ':':20} {where}")
    if any(result.status != runner.PASSED for result in results):
        sys.exit(1)


for command in (commands.grade, commands.notebooks, commands.editions, bench):
    main.add_command(command)


# --- data ----------------------------------------------------------------------------------


@main.group()
def data() -> None:
    """Data sets: list, download, paint, check, convert."""


@data.command("list")
@takes("data-folder")
def list_datasets(data_folder) -> None:
    """The painted set and the published ones, and which are here."""
    from pix2pix_course.datasets import default_data_folder
    from pix2pix_course.datasets.catalogue import CATALOGUE

    root = data_folder or default_data_folder()
    lines = [(PAINTED, "-", "facades painted on this machine; needs no network")]
    lines += [(name, published.size, published.about) for name, published in CATALOGUE.items()]
    click.echo(f"in {root}:\n")
    for name, size, about in lines:
        here = "here" if (root / name).is_dir() else "-"
        click.echo(f"{name:16} {here:5} {size:>8}  {about}")


@data.command()
@click.argument("name")
@takes("data-folder")
def download(name, data_folder) -> None:
    """Download a published data set."""
    from pix2pix_course.datasets.download import download

    click.echo(download(name, data_folder))


@data.command()
@takes("data-folder")
@takes("output", help="Paint into this folder instead.")
@click.option("--train", default=1000, show_default=True, help="Pairs to train on.")
@click.option("--val", default=50, show_default=True, help="Pairs to choose settings by.")
@click.option("--test", default=100, show_default=True, help="Pairs to evaluate on.")
@click.option("--size", default=256, show_default=True, help="Side of a picture in pixels.")
@takes("seed")
def paint(data_folder, output, **counts) -> None:
    """Paint facades and their labels: the offline data set."""
    from pix2pix_course.datasets import default_data_folder
    from pix2pix_course.datasets.painter import paint_folder

    folder = output or (data_folder or default_data_folder()) / PAINTED
    click.echo(paint_folder(folder, **counts))


@data.command()
@click.argument("dataset", default=PAINTED, callback=_dataset)
@takes("direction", "data-folder")
def check(dataset, direction, data_folder) -> None:
    """Read every file of a data set and list what is wrong with it."""
    from pix2pix_course.datasets import DESCRIPTION, open_dataset
    from pix2pix_course.datasets.check import check

    # A folder that does not describe itself need not say its direction to be readable.
    if direction or not Path(dataset).is_absolute() or (Path(dataset) / DESCRIPTION).exists():
        dataset = open_dataset(dataset, direction, None, data_folder)
    report = check(dataset, progress=sys.stderr.isatty())
    click.echo(report)
    if not report.ok:
        sys.exit(1)


@data.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("output", type=FOLDER)
def convert(source, output) -> None:
    """Unpack HDF5 files of pairs, one a split, to a folder of pictures."""
    from pix2pix_course.datasets.hdf5 import convert

    click.echo(convert(source, output, progress=sys.stderr.isatty()))


# --- runs ----------------------------------------------------------------------------------


def _uninterrupted(folder: Path, function: Callable, *args, **options) -> None:
    """Train; Ctrl-C is no accident, so say how to go on."""
    try:
        trained = function(*args, verbose=1 if sys.stdout.isatty() else "lines", **options)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; go on with: pix2pix-course resume {folder}", err=True)
        sys.exit(130)
    click.echo(f"trained for {trained.epoch} epochs: {trained.folder}")


@main.command("recipes")
def list_recipes() -> None:
    """The implementations that `train --recipe` knows, and how each differs from the paper."""
    for name in recipes.RECIPES:
        config = recipes.recipe(name)
        click.echo(name)
        for field, (value, papers) in config.differences(Config()).items():
            click.echo(f"    {field:22} {value!s:18} (paper: {papers})")
        for defect in recipes.defects(config):
            click.echo(f"    fault: {defect.name}")


@main.command()
@takes("profile", "recipe")
@click.option("--repaired", is_flag=True, help="Without the known faults of the recipe.")
@takes("dataset", "direction", "palette")
@takes("output", help="The run's folder.  [default: runs/DATASET-PROFILE]")
@takes_fields(FIELDS, COMMON_FIELDS, example="generator=encoder_decoder")
@takes("data-folder", "devices")
def train(
    profile, recipe, repaired, dataset, palette, output, settings, data_folder, devices, **common
) -> None:
    """Train a pix2pix; the profile's settings hold where no other is given.

    With a recipe the profile sets sizes and length, and the recipe everything else.
    """
    if repaired and not recipe:
        raise click.UsageError("--repaired repairs a recipe; name one with --recipe")
    config = recipes.recipe(recipe, profile) if recipe else PROFILES[profile]
    chosen = {name: value for name, value in common.items() if value is not None}
    config = config.replace(**{"dataset": dataset, "palette": palette} | chosen | settings)
    if repaired:
        config = recipes.repair(config)
    words = Path(config.dataset).name, recipe, repaired and "repaired", profile
    folder = output or Path("runs") / "-".join(filter(None, words))
    with quiet_stderr():
        from pix2pix_course import runs

    _uninterrupted(folder, runs.train, config, folder, data_folder=data_folder, devices=devices)


def of_a_run(command: Callable) -> Callable:
    """Decorator: the command is about a run, whose data may be elsewhere now."""
    argument = click.argument("run", metavar="RUN", type=FOLDER)
    about = "Where the run's data is now, or other data of its kind."
    return argument(takes("dataset", default=None, help=about)(takes("data-folder")(command)))


@main.command()
@of_a_run
@click.option("--epochs", type=click.IntRange(1), help="New total number of epochs.")
@click.option("--learning-rate", type=float, help="Another learning rate from here on.")
@takes("devices")
def resume(run, **changes) -> None:
    """Go on with a run that was stopped, or train a finished one for longer."""
    with quiet_stderr():
        from pix2pix_course import runs

    _uninterrupted(run, runs.resume, run, **changes)


@main.command()
@of_a_run
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, type=click.Path(path_type=Path))
@takes("output", required=True, help="Folder for the pictures.")
@takes("mode")
@takes("seed", help="Of the dropout in mode paper.")
@click.option("--pairs", is_flag=True, help="Inputs are pairs: translate their input half.")
@click.option("--resize", is_flag=True, help="Scale pictures to the size that was trained.")
def translate(run, inputs, output, dataset, data_folder, pairs, **options) -> None:
    """Apply a trained run to pictures of any size, files or folders of files.

    Without INPUT it translates what the run's test pairs have as input.
    """
    with quiet_stderr():
        from pix2pix_course import runs, translation

    trained = runs.load(run, dataset)
    if not inputs:
        test = trained.dataset(data_folder)
        inputs, pairs = test.files(test.evaluation_split), True
    written = translation.translate_files(trained, list(inputs), output, pairs=pairs, **options)
    click.echo(f"{len(written)} pictures in {output}")


@main.command()
@of_a_run
@takes("mode")
def evaluate(run, dataset, **options) -> None:
    """Measure a trained run on its data set: errors, and label consistency where it applies."""
    with quiet_stderr():
        from pix2pix_course import evaluation, runs

    result = evaluation.evaluate(runs.load(run, dataset), **options)
    click.echo(result.table())
    click.echo(f"table and pictures: {result.folder}")


@main.command()
def doctor() -> None:
    """What this machine has, and which profile fits it."""
    from pix2pix_course.doctor import inspect_machine

    machine = inspect_machine()
    click.echo(machine.report())
    if machine.problem:
        sys.exit(1)
