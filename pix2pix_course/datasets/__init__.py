"""Data sets by name: painted here, published, or a folder of one's own; notebook 01.

A folder that was painted or downloaded says in `dataset.json` which half is the input and which
half is a label map. Copies of one published set exist both ways round, so of any other folder the
direction has to be given.
"""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pix2pix_course.config import PAINTED
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.datasets.painter import paint_folder
from pix2pix_course.pairs import SPLITS, Dataset, DatasetError, find_pairs
from pix2pix_course.palettes import PALETTES
from pix2pix_course.support.files import atomic, did_you_mean

DESCRIPTION = "dataset.json"
DATA_VARIABLE = "PIX2PIX_COURSE_DATA"


def default_data_folder() -> Path:
    """The folder for painted and downloaded sets.

    It is `$PIX2PIX_COURSE_DATA` where that is set; else `data/` of the checkout that this
    package lies in; else `data/` of the current folder.
    """
    if chosen := os.environ.get(DATA_VARIABLE):
        return Path(chosen).expanduser()
    checkout = Path(__file__).resolve().parents[2]
    return (checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()) / "data"


def is_name(dataset: str | Path) -> bool:
    """Whether this names a set, "painted" or one of the catalogue, rather than a folder."""
    return dataset == PAINTED or dataset in CATALOGUE


def open_dataset(
    dataset: str | Path,
    direction: str | None = None,
    palette: str | None = None,
    data_folder: str | Path | None = None,
) -> Dataset:
    """Open a data set: "painted" (painted on first use), a published one that is here, or a folder.

    Direction and palette (a key of `PALETTES`) are needed where the folder's `dataset.json` does
    not say them; the *condition* side is then taken for the label map. Raises `DatasetError`: the
    set is not there, is empty, or does not say its direction.
    """
    if direction not in (None, "AtoB", "BtoA"):
        raise DatasetError(f"direction {direction!r}: use 'AtoB' (left to right) or 'BtoA'")
    if palette is not None and palette not in PALETTES:
        hint = did_you_mean(palette, PALETTES)
        raise DatasetError(f"no palette {palette!r}; there are {', '.join(PALETTES)}{hint}")
    folder = locate(dataset, data_folder)
    packed = [f"{split}.h5" for split in SPLITS if (folder / f"{split}.h5").is_file()]
    if packed and not any((folder / split).is_dir() for split in SPLITS):
        raise DatasetError(
            f"{folder} holds its pairs in {', '.join(packed)}: make a folder of pictures of them "
            f"with `pix2pix-course data convert {folder} OUTPUT`, and open that"
        )
    splits = find_pairs(folder)
    facts = read_description(folder)
    direction = direction or facts.get("direction")
    if direction is None:
        raise DatasetError(_ask_direction(folder))
    palette = palette or facts.get("palette")
    return Dataset(
        name=facts.get("name", folder.resolve().name),
        folder=folder,
        direction=direction,
        palette=PALETTES[palette] if palette else None,
        label_side=(facts.get("label_side") or direction[0]) if palette else None,
        splits=splits,
    )


def locate(dataset: str | Path, data_folder: str | Path | None = None) -> Path:
    """The folder that a name or a path means; raises `DatasetError` for a name not known here."""
    root = Path(data_folder) if data_folder is not None else default_data_folder()
    if dataset == PAINTED:
        return paint_folder(root / PAINTED)
    if isinstance(dataset, str) and dataset in CATALOGUE:
        if not (root / dataset).is_dir():
            raise DatasetError(
                f"{dataset!r} is not in {root}: get it with `pix2pix-course data download "
                f"{dataset}` ({CATALOGUE[dataset].size}), or use 'painted', which needs no network"
            )
        return root / dataset
    folder = Path(dataset).expanduser()
    if folder.suffix == ".h5" and folder.is_file():
        raise DatasetError(f"{folder} is one split of a data set: open its folder, {folder.parent}")
    if not folder.is_dir() and isinstance(dataset, str):
        names = (PAINTED, *CATALOGUE)
        hint = did_you_mean(dataset, names)
        raise DatasetError(f"{dataset!r} is neither a folder nor one of {', '.join(names)}{hint}")
    return folder


def _ask_direction(folder: Path) -> str:
    """What to say when a folder does not tell its direction."""
    message = (
        f"{folder} does not say which half of its pictures is the input: look at one, then give "
        "direction='AtoB' if the left half (A) is the input, 'BtoA' if the right half (B) is"
    )
    if published := CATALOGUE.get(folder.resolve().name):
        message += (
            f". The published {published.name!r} uses {published.direction!r} "
            f"({published.about}), but a copy may have its sides swapped"
        )
    return message


def read_description(folder: Path) -> dict:
    """What `dataset.json` says; an empty dictionary where there is none."""
    file = folder / DESCRIPTION
    if not file.is_file():
        return {}
    advice = "repair it, or delete it and give the direction yourself"
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is not readable JSON ({error}): {advice}") from error
    if not isinstance(facts, dict):
        raise DatasetError(f"{file} holds no JSON object: {advice}")
    allowed = {
        "direction": (None, "AtoB", "BtoA"),
        "palette": (None, *PALETTES),
        "label_side": (None, "A", "B"),
    }
    for key, values in allowed.items():
        if facts.get(key) not in values:
            words = ", ".join(repr(value) for value in values if value)
            raise DatasetError(f"{file}: {key} is {facts[key]!r}, not one of {words}: {advice}")
    return facts


@contextlib.contextmanager
def new_folder(output: Path) -> Iterator[Path]:
    """A path to write to, which becomes the folder `output`, new or empty, when all is there.

    Raises `DatasetError`: there is something in it.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DatasetError(f"{output} is there already: choose another folder")
    with atomic(output) as partial:
        yield partial
        if output.exists():
            output.rmdir()
