"""The command line: it parses words and calls one function of the package.

Whatever is heavy to import (TensorFlow, matplotlib, papermill) is imported by the command that
needs it, so that `--help` answers at once.
"""

import ast
import difflib
import sys
import types
import typing
import warnings
from collections.abc import Callable
from pathlib import Path

import click

from pix2pix_course import __version__
from pix2pix_course.config import PAINTED, PROFILES, Config, profile
from pix2pix_course.quiet import quiet_stderr
from pix2pix_course.recipes import RECIPES, DefectWarning, defects, recipe, repair

FOLDER = click.Path(path_type=Path, file_okay=False)
DIRECTIONS = click.Choice(("AtoB", "BtoA"))
MODES = click.Choice(("paper", "deterministic", "running"))
COMMON_FIELDS = (
    "image_size",
    "train_pairs",
    "epochs",
    "decay_epochs",
    "batch_size",
    "learning_rate",
    "lambda_l1",
    "seed",
)


class Commands(click.Group):
    """A group whose commands end with one clear message where the package gave one.

    Errors that the package defines, a bad value and a file that cannot be read or written are
    written for the reader. Anything else is a bug and keeps its traceback.
    """

    def invoke(self, ctx: click.Context):
        """Run the chosen command."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if not _is_for_the_reader(error):
                raise
            raise click.ClickException(str(error)) from error


def _is_for_the_reader(error: Exception) -> bool:
    if type(error).__module__.startswith("pix2pix_course.") or isinstance(error, OSError):
        return True
    frame = error.__traceback__
    while frame.tb_next:
        frame = frame.tb_next
    raised_in = frame.tb_frame.f_globals.get("__name__", "")
    return isinstance(error, ValueError) and raised_in.startswith("pix2pix_course.")


def _dataset(ctx, param, value: str) -> str:
    """A folder as absolute path, since notebooks and resumed runs work in other folders."""
    from pix2pix_course.datasets import is_name

    return (
        value if is_name(value) or not Path(value).expanduser().is_dir() else str(_absolute(value))
    )


def _absolute(path: str | Path) -> Path:
    return Path(path).expanduser().resolve()


def options(*decorators: Callable) -> Callable:
    """Several option decorators as one, in the order in which help shall list them."""

    def decorate(function: Callable) -> Callable:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


data_folder_option = click.option(
    "--data-folder", type=FOLDER, help="Where data sets are painted and downloaded."
)
profile_option = click.option(
    "--profile",
    "profile_name",
    type=click.Choice(tuple(PROFILES)),
    default="cpu",
    show_default=True,
    help="smoke: every step, in seconds; cpu: minutes on two cores; gpu: the paper's settings.",
)
recipe_option = click.option(
    "--recipe",
    "recipe_name",
    type=click.Choice(tuple(RECIPES)),
    help="Do as this implementation does; see `recipes`.",
)
repaired_option = click.option("--repaired", is_flag=True, help="Mend the recipe's known faults.")
dataset_options = options(
    click.option(
        "--dataset",
        default=PAINTED,
        show_default=True,
        callback=_dataset,
        help="'painted', a published set (see `data list`), or a folder of pairs.",
    ),
    click.option("--direction", type=DIRECTIONS, help="Input to target; A is the left half."),
    click.option("--palette", help="Label colours of a folder that does not describe itself."),
)
mode_option = click.option(
    "--mode",
    type=MODES,
    help="paper: batch statistics and dropout; deterministic: no dropout; running: running "
    "statistics.  [default: the run's own test_mode]",
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pix2pix-course")
def main() -> None:
    """Learn image-to-image translation with conditional GANs, and train your own."""


# --- notebooks ---------------------------------------------------------------------------


def _parse_parameter(text: str) -> object:
    """A Python value where the text is one (3, 1e-3, None, True), else the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


@main.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@profile_option
@recipe_option
@dataset_options
@click.option("--seed", default=0, show_default=True)
@click.option("--output", type=FOLDER, default="build/run", show_default=True)
@click.option(
    "-p",
    "--parameter",
    "extra",
    nargs=2,
    multiple=True,
    metavar="NAME VALUE",
    help="A further parameter of the notebooks' parameter cell. May be given several times.",
)
@click.option("--timeout", type=click.IntRange(1), help="Seconds that one cell may take.")
@click.option("--follow", is_flag=True, help="Show what the cells print, while they run.")
@click.option("--notebooks", "folder", type=FOLDER, help="Folder with the notebooks.")
@data_folder_option
def run(
    names, profile_name, recipe_name, dataset, direction, palette, seed, output, extra, timeout,
    follow, folder, data_folder,
):  # fmt: skip
    """Run notebooks headless; all, or those named by number (05) or name (05_training).

    A recipe goes to the notebooks with a parameter RECIPE. The executed notebooks, a report and the
    trained runs go to the output folder. The exit code is 1 if any notebook failed.
    """
    from pix2pix_course import execution
    from pix2pix_course.doctor import inspect_machine

    further = {name: _parse_parameter(value) for name, value in extra}
    if recipe_name:
        further["RECIPE"] = recipe_name
    results = execution.run_notebooks(
        names,
        output=output,
        profile=profile_name,
        dataset=dataset,
        direction=direction,
        palette=palette,
        seed=seed,
        extra=further,
        data_folder=data_folder,
        timeout=timeout,
        follow=follow,
        device=inspect_machine().device,
        folder=folder,
    )
    click.echo("\n" + execution.table(results) + "\n")
    for what, where in execution.products(output):
        click.echo(f"{what + ':':20} {where}")
    if any(result.status != execution.PASSED for result in results):
        sys.exit(1)


@main.group("notebooks", hidden=True)
def notebooks_group() -> None:
    """For authors: make the stored notebooks from their sources."""


@notebooks_group.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--all", "everything", is_flag=True, help="Execute all, changed or not.")
@click.option("--no-run", is_flag=True, help="Store the cells without outputs.")
@click.option("--notebooks", "folder", type=FOLDER, help="Folder with the notebooks.")
def build(names, everything, no_run, folder) -> None:
    """Make .ipynb files from notebooks/sources and execute those whose source changed.

    All notebooks, or those named by number (05) or name (05_training), in both editions; and the
    index of questions.
    """
    from pix2pix_course import authoring, notebooks, questions

    written = authoring.build(folder, names, everything=everything, run=not no_run)
    course = folder or notebooks.default_folder()
    if (course / "sources" / questions.LIST).exists() and questions.write_index(course):
        written.append(course / questions.INDEX)
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo("every notebook is as its source says")


@notebooks_group.command()
@click.argument("executed", metavar="FOLDER", type=FOLDER)
@click.option("--notebooks", "folder", type=FOLDER, help="Folder with the stored notebooks.")
def compare(executed, folder) -> None:
    """Check that the stored notebooks print the same facts as those executed in FOLDER."""
    from pix2pix_course import notebooks

    stored = notebooks.find(folder or notebooks.default_folder())
    found = [
        line for path in stored for line in notebooks.fact_differences(path, executed / path.name)
    ]
    if found:
        raise click.ClickException("\n".join(found))
    click.echo(f"{len(stored)} stored notebooks agree with {executed}")


@main.group("editions", hidden=True)
def editions_group() -> None:
    """For authors: the student and the solution edition, and the marking sheet."""


editions_group.add_command(build)  # one way of building: both editions come from one source


@editions_group.command("check")
@click.option("--notebooks", "folder", type=FOLDER, help="Folder with the notebooks.")
def check_editions(folder) -> None:
    """Check that both editions agree with their sources and with each other."""
    from pix2pix_course import authoring

    found = authoring.edition_problems(folder)
    if found:
        raise click.ClickException("\n".join(found))
    click.echo("student editions, solution editions and marking sheet agree")


@main.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--profile",
    "profile_name",
    type=click.Choice(tuple(PROFILES)),
    default="smoke",
    show_default=True,
    help="Under which the notebooks run.",
)
@click.option(
    "--timeout",
    type=click.IntRange(1),
    default=600,
    show_default=True,
    help="Seconds that one notebook may take.",
)
@click.option("--output", type=FOLDER, default="build/grades", show_default=True)
@click.option("--notebooks", "course", type=FOLDER, help="The notebooks as handed out.")
@data_folder_option
def grade(folder, profile_name, timeout, output, course, data_folder) -> None:
    """Run the notebooks handed in to FOLDER and write a table of exercises passed.

    FOLDER holds STUDENT.ipynb, or a folder of notebooks per student. Their code runs with your
    rights. The exit code is 0 whatever the students' notebooks did.
    """
    from pix2pix_course import grading

    rows, columns = grading.grade(
        folder,
        output=output,
        profile=profile_name,
        timeout=timeout,
        course=course,
        data_folder=data_folder,
    )
    width = max(len(row.student) for row in rows)
    for row in rows:
        words = f"{row.student:{width}}  {row.passed} of {len(columns)}  {'; '.join(row.notes)}"
        click.echo(words.rstrip())
    click.echo(f"tables: {output / 'grades.csv'}, {output / 'grades.html'}")


# --- data ----------------------------------------------------------------------------------


@main.group()
def data() -> None:
    """Data sets: list, download, paint, check, convert."""


@data.command("list")
@data_folder_option
def list_datasets(data_folder) -> None:
    """The painted set and the published ones, and which are here."""
    from pix2pix_course.datasets import CATALOGUE, default_data_folder

    root = data_folder or default_data_folder()

    def line(name: str, size: str, about: str) -> str:
        here = "here" if (root / name).is_dir() else "-"
        return f"{name:16} {here:5} {size:>8}  {about}"

    click.echo(f"in {root}:\n")
    click.echo(line(PAINTED, "-", "facades painted on this machine; needs no network"))
    for name, published in CATALOGUE.items():
        click.echo(line(name, published.size, published.about))


@data.command()
@click.argument("name")
@data_folder_option
def download(name, data_folder) -> None:
    """Download a published data set."""
    from pix2pix_course import datasets

    click.echo(datasets.download(name, data_folder))


@data.command()
@data_folder_option
@click.option("--output", type=FOLDER, help="Paint into this folder instead.")
@click.option("--train", default=400, show_default=True, help="Pairs to train on.")
@click.option("--val", default=50, show_default=True, help="Pairs to choose settings by.")
@click.option("--test", default=100, show_default=True, help="Pairs to evaluate on.")
@click.option("--size", default=256, show_default=True, help="Side of a picture in pixels.")
@click.option("--seed", default=0, show_default=True)
def paint(data_folder, output, train, val, test, size, seed) -> None:
    """Paint facades and their labels: the offline data set."""
    from pix2pix_course.datasets import default_data_folder
    from pix2pix_course.painter import paint_folder

    folder = output or (data_folder or default_data_folder()) / PAINTED
    click.echo(paint_folder(folder, train=train, val=val, test=test, size=size, seed=seed))


@data.command()
@click.argument("dataset", default=PAINTED, callback=_dataset)
@click.option("--direction", type=DIRECTIONS, help="Input to target; A is the left half.")
@data_folder_option
def check(dataset, direction, data_folder) -> None:
    """Read every file of a data set and list what is wrong with it."""
    from pix2pix_course import datasets

    # A folder need not say its direction to be readable.
    is_folder = Path(dataset).is_absolute() and direction is None
    opened = dataset if is_folder else datasets.open_dataset(dataset, direction, None, data_folder)
    report = datasets.check(opened, progress=sys.stderr.isatty())
    click.echo(report)
    if not report.ok:
        sys.exit(1)


@data.command()
@click.argument("dataset", callback=_dataset)
@click.argument("output", type=FOLDER)
@data_folder_option
def convert(dataset, output, data_folder) -> None:
    """Pack a data set into HDF5, one file a split, in the folder OUTPUT."""
    from pix2pix_course import datasets

    folder = dataset
    if datasets.is_name(dataset):
        folder = datasets.open_dataset(dataset, None, None, data_folder).folder
    click.echo(datasets.convert(folder, output, progress=sys.stderr.isatty()))


# --- runs ----------------------------------------------------------------------------------


def _field_types() -> dict[str, tuple[type, bool]]:
    """The plain type of each Config field, and whether None is allowed."""
    kinds = {}
    for name, hint in typing.get_type_hints(Config).items():
        parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kinds[name] = (next(part for part in parts if part is not type(None)), len(parts) > 1)
    return kinds


def _parse_fields(ctx, param, settings: tuple[str, ...]) -> dict[str, object]:
    """`name=value` words as Config fields of the right type."""
    fields = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        name = name.strip().replace("-", "_")
        if not separator:
            raise click.BadParameter(f"{setting!r}: write name=value")
        if name not in _field_types():
            near = difflib.get_close_matches(name, _field_types(), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise click.BadParameter(f"Config has no field {name!r}{hint}")
        kind, optional = _field_types()[name]
        if optional and text.lower() == "none":
            fields[name] = None
        else:
            fields[name] = click.types.convert_type(kind).convert(text, param, ctx)
    return fields


def _field_option(name: str) -> Callable:
    kind, _ = _field_types()[name]
    return click.option("--" + name.replace("_", "-"), name, type=kind, help=f"Config.{name}")


def _uninterrupted(folder: Path, function: Callable, *args, **options) -> None:
    """Train; Ctrl-C is no accident, so say how to go on."""
    warnings.showwarning = _plain_warning
    try:
        trained = function(*args, verbose=1 if sys.stdout.isatty() else "lines", **options)
    except KeyboardInterrupt:
        click.echo(f"\nstopped; go on with: pix2pix-course resume {folder}", err=True)
        sys.exit(130)
    click.echo(f"trained for {trained.epoch} epochs: {trained.folder}")


def _plain_warning(message, category, filename, lineno, file=None, line=None) -> None:
    """What the package warns of, without the line of code that it came from."""
    text = str(message)
    if category is not DefectWarning:
        text = warnings.formatwarning(message, category, filename, lineno, line)
    click.echo(f"warning: {text}", err=True)


@main.command()
def recipes() -> None:
    """The implementations that `train --recipe` knows, and how each differs from the paper."""
    for name in RECIPES:
        config = recipe(name)
        click.echo(name)
        for field, (value, papers) in config.differences(Config()).items():
            click.echo(f"    {field:22} {value!s:18} (paper: {papers})")
        for defect in defects(config):
            click.echo(f"    fault: {defect.name}")


@main.command()
@profile_option
@recipe_option
@repaired_option
@dataset_options
@click.option("--output", type=FOLDER, help="The run's folder.  [default: runs/DATASET-PROFILE]")
@options(*(_field_option(name) for name in COMMON_FIELDS))
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_parse_fields,
    help="Any other hyperparameter, for example --set generator=encoder_decoder.",
)
@data_folder_option
def train(
    profile_name, recipe_name, repaired, dataset, direction, palette, output, settings,
    data_folder, **common,
):  # fmt: skip
    """Train a pix2pix; the profile's settings hold where no other is given.

    With a recipe the profile sets sizes and length, and the recipe everything else.
    """
    if repaired and not recipe_name:
        raise click.UsageError("--repaired mends a recipe; name one with --recipe")
    config = recipe(recipe_name, profile_name) if recipe_name else profile(profile_name)
    chosen = {name: value for name, value in common.items() if value is not None}
    if direction is not None:  # else the recipe's own
        chosen["direction"] = direction
    config = config.replace(dataset=dataset, palette=palette, **(chosen | settings))
    if repaired:
        config = repair(config)
    words = (Path(config.dataset).name, recipe_name, "repaired" if repaired else None, profile_name)
    folder = output or Path("runs") / "-".join(filter(None, words))
    with quiet_stderr():
        from pix2pix_course import runs

    _uninterrupted(folder, runs.train, config, folder, data_folder=data_folder)


@main.command()
@click.argument("folder", type=FOLDER)
@click.option("--epochs", type=click.IntRange(1), help="New total number of epochs.")
@data_folder_option
def resume(folder, epochs, data_folder) -> None:
    """Go on with a run that was stopped, or train a finished one for longer."""
    with quiet_stderr():
        from pix2pix_course import runs

    _uninterrupted(folder, runs.resume, folder, epochs=epochs, data_folder=data_folder)


@main.command()
@click.argument("run_folder", metavar="RUN", type=FOLDER)
@click.argument(
    "inputs", metavar="INPUT...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--output", type=FOLDER, required=True, help="Folder for the pictures.")
@mode_option
@click.option("--seed", default=0, show_default=True, help="Of the dropout in mode paper.")
@click.option("--pairs", is_flag=True, help="Inputs are pairs: translate their input half.")
def translate(run_folder, inputs, output, mode, seed, pairs) -> None:
    """Apply a trained run to pictures of any size, files or folders of files."""
    with quiet_stderr():
        from pix2pix_course import runs
        from pix2pix_course.translation import translate_files

    written = translate_files(
        runs.load(run_folder), list(inputs), output, mode=mode, seed=seed, pairs=pairs
    )
    click.echo(f"{len(written)} pictures in {output}")


@main.command()
@click.argument("run_folder", metavar="RUN", type=FOLDER)
@mode_option
@data_folder_option
def evaluate(run_folder, mode, data_folder) -> None:
    """Measure a trained run on its data set: errors, and label consistency where it applies."""
    with quiet_stderr():
        from pix2pix_course import runs
        from pix2pix_course.evaluation import evaluate as evaluate_run

    evaluation = evaluate_run(runs.load(run_folder), mode=mode, data_folder=data_folder)
    click.echo(evaluation.table())
    click.echo(f"table and pictures: {evaluation.folder}")


@main.command()
def doctor() -> None:
    """What this machine has, and which profile fits it."""
    from pix2pix_course.doctor import inspect_machine

    machine = inspect_machine()
    click.echo(machine.report())
    if machine.problem:
        sys.exit(1)
