"""The command line: it parses words and calls one function of the package.

What is heavy to import is imported by the command that needs it, so that `--help` answers at once.
"""

import sys
import webbrowser
from collections.abc import Callable
from pathlib import Path

import click

from pix2pix_course import __version__, quiet_stderr
from pix2pix_course.bench.command import bench
from pix2pix_course.cli_data import data
from pix2pix_course.cli_options import of_a_run, takes
from pix2pix_course.config import PROFILES, Config
from pix2pix_course.notebooks import commands
from pix2pix_course.support.fields import field_types
from pix2pix_course.support.terminal import Commands, python_value, takes_fields
from pix2pix_course.variants import recipes
from pix2pix_course.variants.variant import Variant

FIELDS = field_types(Config) | field_types(Variant)
"""Every hyperparameter → its plain type, and whether None is allowed."""

COMMON_FIELDS = "image_size train_pairs epochs decay_epochs batch_size learning_rate lambda_l1 seed"
"""Those with an option of their own."""


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


for command in (data, commands.grade, commands.notebooks, commands.editions, bench):
    main.add_command(command)


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


@main.command("export")
@of_a_run
@takes("output", default="build/export", help="Folder for the file, model.json and examples.")
@click.option(
    "--format", type=click.Choice(("litert", "onnx")), default="litert", show_default=True
)
@click.option(
    "--weights", type=click.Choice(("f32", "f16", "int8")), default="f32", show_default=True,
    help="f16 and int8 make a smaller file, for litert.",
)  # fmt: skip
def export_run(run, dataset, output, data_folder, **options) -> None:
    """Write a run's generator for other programs: browsers, phones, ONNX runtimes."""
    with quiet_stderr():
        from pix2pix_course import runs
        from pix2pix_course.export.write import export

        apart = export(runs.load(run, dataset), output, data_folder=data_folder, **options)
    for mode, levels in apart.items():
        click.echo(f"mode {mode}: {levels:.2g} grey levels from the generator")
    click.echo(output)


@main.command()
@of_a_run
@takes("output", default="build/demo", help="Folder for the page and the model.")
@click.option("--port", default=0, help="0: any that is free.")
@click.option("--weights", type=click.Choice(("f32", "f16", "int8")), default="f16")
@click.option("--build-only", is_flag=True, help="Lay it out in the folder, and show nothing.")
def demo(run, dataset, output, data_folder, port, weights, build_only) -> None:
    """Draw, and see what a run makes of it: a page on this machine, for this machine alone."""
    with quiet_stderr():
        from pix2pix_course import runs
        from pix2pix_course.export import demo as page
        from pix2pix_course.export.write import export

        trained = runs.load(run, dataset)
        export(trained, output, weights=weights, data_folder=data_folder)
        index = page.lay_out(output, Path("build/npm"))
    if build_only:
        click.echo(index)
        return
    with page.server(output, port) as server:
        address = "http://{}:{}/index.html".format(*server.server_address)
        click.echo(f"draw at {address} (Ctrl-C ends it)")
        webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("\nended")


@main.command()
def doctor() -> None:
    """What this machine has, and which profile fits it."""
    from pix2pix_course.doctor import inspect_machine

    machine = inspect_machine()
    click.echo(machine.report())
    if machine.problem:
        sys.exit(1)
