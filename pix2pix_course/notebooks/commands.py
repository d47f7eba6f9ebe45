"""The commands `grade` and, for authors, `notebooks …` and `editions …`."""

import sys

import click

from pix2pix_course.config import PROFILES
from pix2pix_course.support.terminal import FOLDER

in_folder = click.option("--notebooks", "folder", type=FOLDER, help="Folder with the notebooks.")
in_profile = click.option(
    "--profile", type=click.Choice(tuple(PROFILES)), default="smoke", show_default=True
)


@click.group(hidden=True)
def notebooks() -> None:
    """For authors: make the stored notebooks from their sources, and compare runs with them."""


@click.group(hidden=True)
def editions() -> None:
    """For authors: the student and the solution edition, and the marking sheet."""


@notebooks.command()
@click.argument("names", nargs=-1, metavar="[NOTEBOOK]...")
@click.option("--all", "everything", is_flag=True, help="Execute all, changed or not.")
@click.option("--no-run", is_flag=True, help="Store the cells without outputs.")
@in_folder
def build(names, everything, no_run, folder) -> None:
    """Make .ipynb files from notebooks/sources and execute those whose source changed.

    All notebooks, or those named by number (05) or name (05_training), in both editions; and the
    index of questions.
    """
    from pix2pix_course.notebooks import build, default_folder, questions

    written = build.build(folder, names, everything=everything, run=not no_run)
    course = folder or default_folder()
    if (course / "sources" / questions.LIST).exists() and questions.write_index(course):
        written.append(course / questions.INDEX)
    for path in written:
        click.echo(f"wrote {path}")
    if not written:
        click.echo("every notebook is as its source says")


editions.add_command(build)  # one way of building: both editions come from one source


@notebooks.command()
@click.argument("executed", metavar="FOLDER", type=FOLDER)
@in_folder
def compare(executed, folder) -> None:
    """Check that the stored notebooks print the same facts as those executed in FOLDER."""
    from pix2pix_course.notebooks import default_folder, files

    stored = files.find(folder or default_folder())
    found = [line for path in stored for line in files.fact_differences(path, executed / path.name)]
    if found:
        raise click.ClickException("\n".join(found))
    click.echo(f"{len(stored)} stored notebooks agree with {executed}")


@notebooks.command()
@click.argument("output", metavar="FOLDER", type=FOLDER)
@in_profile
@in_folder
def inject(output, profile, folder) -> None:
    """Copy the notebooks to FOLDER with another profile and their stored outputs, for nbval."""
    from pix2pix_course.notebooks.run import inject

    copies = inject((), output=output, values={"PROFILE": profile}, folder=folder)
    click.echo(f"{len(copies)} notebooks in {output}")


@editions.command()
@in_folder
def check(folder) -> None:
    """Check that both editions agree with their sources and that every solution is right."""
    from pix2pix_course.notebooks.build import edition_problems

    if found := edition_problems(folder):
        raise click.ClickException("\n".join(found))
    click.echo("student editions, solution editions and marking sheet agree")


@click.command()
@click.argument("folder", type=FOLDER)
@in_profile
@click.option(
    "--timeout", type=click.IntRange(1), default=600, show_default=True,
    help="Seconds that one notebook may take.",
)  # fmt: skip
@click.option(
    "--memory-limit", type=click.FloatRange(0.5), default=8, show_default=True,
    help="GiB that one notebook may use.",
)  # fmt: skip
@click.option("--output", type=FOLDER, default="build/grades", show_default=True)
@click.option("--notebooks", "course", type=FOLDER, help="The notebooks as handed out.")
@click.option("--data-folder", type=FOLDER, help="Where data sets are painted and downloaded.")
@click.option(
    "--container", metavar="IMAGE",
    help="Run all of it in a container of this image (docker or podman), without a network.",
)  # fmt: skip
def grade(folder, output, container, course, data_folder, **options) -> None:
    """Run the notebooks handed in to FOLDER and write a table of exercises passed.

    FOLDER holds STUDENT.ipynb, or a folder of notebooks per student. Without --container their code
    runs with your rights. The exit code is 0 whatever the students' notebooks did.
    """
    from pix2pix_course.notebooks.grade import grade

    if container:
        from pix2pix_course import runs
        from pix2pix_course.config import Config
        from pix2pix_course.notebooks import default_folder
        from pix2pix_course.notebooks.container import grade_in_container

        # paint it now: inside nothing can be written there
        data = runs.open_run_dataset(Config(), data_folder).folder.parent
        folders = {"handed_in": folder, "notebooks": course or default_folder(), "data": data}
        words = ["--profile", options["profile"], "--timeout", str(options["timeout"])]
        memory = options["memory_limit"]
        sys.exit(grade_in_container(container, folders, output, memory, words))
    rows, columns = grade(folder, output=output, course=course, data_folder=data_folder, **options)
    width = max(len(row.student) for row in rows)
    for row in rows:
        words = f"{row.student:{width}}  {row.passed} of {len(columns)}  {'; '.join(row.notes)}"
        click.echo(words.rstrip())
    click.echo(f"tables: {output / 'grades.csv'}, {output / 'grades.html'}")
