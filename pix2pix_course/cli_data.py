"""The commands `pix2pix-course data …`."""

import sys
from pathlib import Path

import click

from pix2pix_course.cli_options import dataset_path, takes
from pix2pix_course.config import PAINTED
from pix2pix_course.support.terminal import FOLDER


@click.group()
def data() -> None:
    """Data sets: list, download, paint, check, combine, convert."""


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
@click.argument("dataset", default=PAINTED, callback=dataset_path)
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


@data.command()
@click.argument("sources", nargs=-1, required=True, type=FOLDER, metavar="A_FOLDER [B_FOLDER]")
@click.argument("output", type=FOLDER)
@takes("seed", help="Of the pairs that become test/.")
@click.option("--held-out", default=0.1, show_default=True, help="Share that becomes test/.")
def combine(sources, output, **options) -> None:
    """Join pictures of the same name, A at the left and B at the right, to a folder of pairs.

    One folder will do if it holds A/ and B/, or trainA/, trainB/, testA/ … Splits are kept where
    there are some, else drawn.
    """
    from pix2pix_course.datasets.combine import combine

    click.echo(combine(sources, output, progress=sys.stderr.isatty(), **options))
