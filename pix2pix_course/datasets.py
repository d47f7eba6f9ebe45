"""Data sets of picture pairs: download, opening, reading, checking and packing.

A pair is one image file: A is its left half, B its right half. A data set is a folder with
`train/`, and `val/` or `test/` or both, full of such files. Which half is the input is the
*direction*, "AtoB" or "BtoA", and belongs to the folder at hand: copies of one published set
exist both ways round. A folder that was painted or downloaded here says it in `dataset.json`.
Instead of the folder of a split there may be one HDF5 file with the same pairs; see `hdf5`.
"""

import difflib
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from tqdm import tqdm

from pix2pix_course import hdf5
from pix2pix_course.catalogue import CATALOGUE, Published
from pix2pix_course.config import PAINTED
from pix2pix_course.download import (
    DamagedError,
    DownloadError,
    UnreachableError,
    fetch,
    forget,
    unpack,
)
from pix2pix_course.painter import paint_folder
from pix2pix_course.palettes import PALETTES, Palette

SPLITS = ("train", "val", "test")
SUFFIXES = (".jpg", ".jpeg", ".png")
DESCRIPTION = "dataset.json"
SMALLEST_SIDE = 64
"""Pixels: the smallest image size that `Config` allows."""
DATA_VARIABLE = "PIX2PIX_COURSE_DATA"


class DatasetError(Exception):
    """Something is wrong with data; the message names the file or folder and the remedy."""


class BadFileError(DatasetError):
    """One file is not usable; `check` collects these as they are."""

    def __init__(self, path: str | Path, problem: str, remedy: str):
        """The message is the three parts in this order."""
        super().__init__(f"{path} {problem}: {remedy}")
        self.path, self.problem, self.remedy = Path(path), problem, remedy


# --- a data set -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Dataset:
    """A folder of pairs, and which half is what.

    Attributes:
        name: for titles and reports.
        folder: where it lies.
        direction: "AtoB" or "BtoA".
        palette: the label colours, or None where no side is a label map.
        label_side: the half that is a label map, "A", "B" or None.
        splits: the pair files of each split that is there, in natural order (2 before 10).
    """

    name: str
    folder: Path
    direction: str
    palette: Palette | None
    label_side: str | None
    splits: dict[str, tuple[Path, ...]]

    @property
    def condition_side(self) -> str:
        """The half that the generator is given, "A" or "B"."""
        return self.direction[0]

    @property
    def target_side(self) -> str:
        """The half that the generator shall produce, "A" or "B"."""
        return self.direction[-1]

    @property
    def condition_palette(self) -> Palette | None:
        """The palette, if the condition is the label map."""
        return self.palette if self.label_side == self.condition_side else None

    @property
    def target_palette(self) -> Palette | None:
        """The palette, if the target is the label map."""
        return self.palette if self.label_side == self.target_side else None

    @property
    def evaluation_split(self) -> str:
        """The split to evaluate on: "test", or "val" where there is no "test".

        Raises:
            DatasetError: there is neither.
        """
        for split in ("test", "val"):
            if split in self.splits:
                return split
        raise DatasetError(
            f"{self.folder} has neither test/ nor val/: move some pairs of train/ to "
            f"{self.folder / 'test'}, so that there is something to evaluate on"
        )

    def files(self, split: str) -> tuple[Path, ...]:
        """The pair files of a split, in natural order.

        Raises:
            DatasetError: the split is missing.
        """
        if split not in self.splits:
            raise DatasetError(
                f"{self.folder} has no split {split!r}, only {', '.join(self.splits)}: "
                f"use one of these, or put pairs into {self.folder / split}"
            )
        return self.splits[split]


def default_data_folder() -> Path:
    """The folder for painted and downloaded sets.

    It is `$PIX2PIX_COURSE_DATA` where that is set; else `data/` of the checkout that this
    package lies in; else `data/` of the current folder.
    """
    if chosen := os.environ.get(DATA_VARIABLE):
        return Path(chosen).expanduser()
    checkout = Path(__file__).resolve().parent.parent
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
    """Open a data set: "painted", a name of the catalogue, or a folder.

    "painted" is painted on first use. A published set must have been downloaded. A `Path`, or a
    word that is no name, is a folder.

    Args:
        dataset: name or folder.
        direction: "AtoB" or "BtoA"; None takes what the folder says of itself in `dataset.json`.
        palette: name of the label colours (a key of `PALETTES`) where the folder does not say;
            then the *condition* side is taken for the label map.
        data_folder: where painted and downloaded sets lie; None is `default_data_folder()`.

    Raises:
        DatasetError: it is not there, is empty, or does not say its direction.
    """
    if direction not in (None, "AtoB", "BtoA"):
        raise DatasetError(f"direction {direction!r}: use 'AtoB' (left to right) or 'BtoA'")
    if palette is not None and palette not in PALETTES:
        raise DatasetError(f"no palette {palette!r}; there are {', '.join(PALETTES)}")
    folder = _locate(dataset, data_folder)
    splits = find_pairs(folder)
    facts = _read_description(folder)
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


def find_pairs(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The pair files of each split folder, hidden files left out, in natural order.

    An HDF5 file stands for a split folder, and the paths of its pairs for files, in its order.

    Raises:
        DatasetError: no such folder, no split in it, a split without images, or one twice.
    """
    if not folder.is_dir():
        raise DatasetError(f"there is no folder {folder}: check the path")
    splits = {}
    for split in SPLITS:
        packed = folder / f"{split}{hdf5.SUFFIX}"
        if packed.is_file():
            if (folder / split).is_dir():
                raise DatasetError(
                    f"{folder} has both {split}/ and {packed.name}: keep one of them, so that it "
                    "is clear which pairs are meant"
                )
            splits[split] = _pairs_of(packed)
            continue
        if not (folder / split).is_dir():
            continue
        files = [file for file in (folder / split).iterdir() if _is_image_name(file)]
        if not files:
            raise DatasetError(
                f"{folder / split} holds no {', '.join(SUFFIXES)} file: "
                "put pairs there, or remove the folder"
            )
        splits[split] = tuple(sorted(files, key=_natural))
    if not splits:
        raise DatasetError(
            f"{folder} has none of the folders {', '.join(f'{split}/' for split in SPLITS)} or "
            f"files {', '.join(split + hdf5.SUFFIX for split in SPLITS)}: "
            f"put the pairs for training into {folder / 'train'} and a few others into "
            f"{folder / 'test'}"
        )
    return splits


def _pairs_of(packed: Path) -> tuple[Path, ...]:
    """The paths of the pairs in an HDF5 file."""
    try:
        return hdf5.pair_paths(packed)
    except hdf5.PairFileError as error:
        raise BadFileError(error.path, error.problem, error.remedy) from error


def _is_image_name(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def _natural(file: Path) -> tuple:
    """A sort key that counts: 2.jpg comes before 10.jpg."""
    words = re.split(r"(\d+)", file.name.lower())
    return [int(word) if word.isdecimal() else word for word in words], file.name


def _locate(dataset: str | Path, data_folder: str | Path | None) -> Path:
    """The folder that a name or a path means."""
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
    if folder.suffix == hdf5.SUFFIX and folder.is_file():
        raise DatasetError(f"{folder} is one split of a data set: open its folder, {folder.parent}")
    if not folder.is_dir() and isinstance(dataset, str):
        raise DatasetError(_unknown(dataset))
    return folder


def _unknown(name: str) -> str:
    names = (PAINTED, *CATALOGUE)
    return f"{name!r} is neither a folder nor one of {', '.join(names)}{_nearest(name, names)}"


def _nearest(name: str, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _ask_direction(folder: Path) -> str:
    """What to say when a folder does not tell its direction."""
    message = (
        f"{folder} does not say which half of its pictures is the input: look at one, then give "
        "direction='AtoB' if the left half (A) is the input, 'BtoA' if the right half (B) is"
    )
    published = CATALOGUE.get(folder.resolve().name)
    if published:
        message += (
            f". The published {published.name!r} uses {published.direction!r} "
            f"({published.about}), but a copy may have its sides swapped"
        )
    return message


def _read_description(folder: Path) -> dict:
    """What `dataset.json` says; an empty dictionary where there is none."""
    file = folder / DESCRIPTION
    if not file.is_file():
        return {}
    remedy = "repair it, or delete it and give the direction yourself"
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DatasetError(f"{file} is not readable JSON ({error}): {remedy}") from error
    if not isinstance(facts, dict):
        raise DatasetError(f"{file} holds no JSON object: {remedy}")
    allowed = {
        "direction": (None, "AtoB", "BtoA"),
        "palette": (None, *PALETTES),
        "label_side": (None, "A", "B"),
    }
    for key, values in allowed.items():
        if facts.get(key) not in values:
            raise DatasetError(
                f"{file}: {key} is {facts[key]!r}, not one of "
                f"{', '.join(repr(value) for value in values if value)}: {remedy}"
            )
    return facts


# --- download -------------------------------------------------------------------------------


def download(name: str, data_folder: str | Path | None = None, progress: bool = True) -> Path:
    """Download a published set and return its folder; does nothing where it is there already.

    The folder appears only when everything in it is complete, with a `dataset.json` that says
    direction, palette, source, size and checksum. An interrupted download is continued by the
    next call. An archive `NAME.tar.gz` that you put into the data folder yourself is used.

    Args:
        name: a key of `CATALOGUE`.
        data_folder: where to put it; None is `default_data_folder()`.
        progress: show a progress bar.

    Raises:
        DatasetError: no such set, no network, or no server has the archive intact.
    """
    if name not in CATALOGUE:
        raise DatasetError(
            f"no published set {name!r}, only {', '.join(CATALOGUE)}{_nearest(name, CATALOGUE)}"
        )
    root = Path(data_folder) if data_folder is not None else default_data_folder()
    folder = root / name
    if (folder / DESCRIPTION).is_file():
        return folder
    if folder.exists():
        raise DatasetError(
            f"{folder} is there but was not downloaded by the course: move it away to download, "
            "or open it as it is by giving its direction"
        )
    offline = f"the data set {PAINTED!r} needs no network"
    try:
        root.mkdir(parents=True, exist_ok=True)
        _fetch_and_unpack(CATALOGUE[name], folder, progress)
    except UnreachableError as error:
        raise DatasetError(
            f"{name!r} was not downloaded because no server answered: there is no network here, "
            f"or the servers are down; {offline}"
        ) from error
    except (DownloadError, OSError) as error:
        raise DatasetError(
            f"{name!r} was not downloaded: {error}; mend this or try again later ({offline})"
        ) from error
    return folder


def _fetch_and_unpack(published: Published, folder: Path, progress: bool) -> None:
    """Make the folder of a published set; it gets its name only when all of it is there."""
    archive = folder.with_name(f"{published.name}.tar.gz")
    partial = folder.with_name(f"{published.name}.partial")
    fetched = fetch(published.addresses, archive, published.bytes, published.sha256, progress)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        unpack(archive, partial)
        inner = partial / published.name
        inner = inner if inner.is_dir() else partial
        find_pairs(inner)
    except (DamagedError, DatasetError) as error:
        forget(archive)
        shutil.rmtree(partial, ignore_errors=True)
        raise DownloadError(f"{error} (the useless {archive.name} was deleted)") from error
    facts = {
        "name": published.name,
        "direction": published.direction,
        "palette": published.palette,
        "label_side": published.label_side,
        "source": fetched.address,
        "bytes": fetched.bytes,
        "sha256": fetched.sha256,
    }
    (inner / DESCRIPTION).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    os.replace(inner, folder)
    shutil.rmtree(partial, ignore_errors=True)
    archive.unlink()


# --- reading --------------------------------------------------------------------------------


def read_image(path: str | Path) -> np.ndarray:
    """Read any image file as RGB: uint8 (H, W, 3), upright, transparent parts on white.

    Grey, 16-bit, CMYK and palette images become 8-bit RGB, and a camera's EXIF rotation is
    applied.

    Raises:
        BadFileError: not there, no image, truncated, or far too large; names the file.
    """
    try:
        with Image.open(path) as image:
            return _to_rgb(ImageOps.exif_transpose(image))
    except (FileNotFoundError, IsADirectoryError):
        raise BadFileError(path, "is not there", "check the path") from None
    except UnidentifiedImageError:
        raise BadFileError(path, "is not an image", "replace it, or remove it") from None
    except Image.DecompressionBombError as error:
        raise BadFileError(path, f"is far too large ({error})", "scale it down") from None
    # Pillow's decoders fail in many ways on damaged files (OSError, SyntaxError, ValueError,
    # struct.error, ...); for the reader they all mean the same.
    except Exception as error:
        raise BadFileError(
            path, f"is truncated or damaged ({error})", "save or fetch it again, or remove it"
        ) from error


def _to_rgb(image: Image.Image) -> np.ndarray:
    """Any Pillow image as uint8 RGB (H, W, 3)."""
    if image.mode == "F":
        raise ValueError("floating-point pixels say not what white is; save 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion cuts off at 255
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65535:
            raise ValueError("32-bit pixels say not what white is; save 8 or 16 bits")
        grey = ((deep * 255 + 32767) // 65535).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def read_pair(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a pair file: A (left) and B (right), each uint8 RGB (H, W/2, 3).

    Or one pair of an HDF5 file, by its path from `Dataset.files`.

    Raises:
        BadFileError: as `read_image`, or the width is odd, or a side is under 64 pixels.
    """
    a, b = _read_packed(path) or _read_halves(path)
    height, width = a.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise BadFileError(
            path,
            f"has halves of {width}×{height} pixels, and each side needs at least {SMALLEST_SIDE}",
            "use larger pictures, or remove it",
        )
    return a, b


def _read_packed(path: str | Path) -> tuple[np.ndarray, np.ndarray] | None:
    """The sides of a pair in an HDF5 file; None if `path` means no such pair."""
    place = hdf5.locate(Path(path))
    try:
        return place and hdf5.read(*place)
    except hdf5.PairFileError as error:
        raise BadFileError(error.path, error.problem, error.remedy) from error


def _read_halves(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """The two halves of an image file."""
    image = read_image(path)
    half, odd = divmod(image.shape[1], 2)
    if odd:
        raise BadFileError(
            path,
            f"is {image.shape[1]} pixels wide, an odd number, so it has no two equal halves",
            "join two pictures of the same size side by side",
        )
    return image[:, :half], image[:, half:]


# --- packing --------------------------------------------------------------------------------


def convert(folder: str | Path, output: str | Path, progress: bool = False) -> Path:
    """Pack a folder of pairs into HDF5, one file a split, with the same pixels, names and order.

    The output folder appears when all of it is there. `dataset.json` is carried over.

    Args:
        folder: the folder of a data set.
        output: a folder that does not exist yet, or is empty.
        progress: show a progress bar for each split.

    Returns:
        `output`.

    Raises:
        DatasetError: a file cannot be read, or has another size than those before it; it is
            named. Or there is something in the output folder.
    """
    folder, output = Path(folder), Path(output)
    splits = find_pairs(folder)
    _read_description(folder)  # complain now rather than about the copy
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise DatasetError(f"{output} is there already: choose another folder for the HDF5 files")
    partial = output.with_name(f"{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        for split, files in splits.items():
            bar = tqdm(files, split, unit="pair", disable=None if progress else True)
            pairs = ((file, *read_pair(file)) for file in bar)
            hdf5.write(partial / f"{split}{hdf5.SUFFIX}", pairs, len(files))
        if (folder / DESCRIPTION).is_file():
            shutil.copy(folder / DESCRIPTION, partial)
        if output.exists():
            output.rmdir()
        os.replace(partial, output)
    except hdf5.PairFileError as error:
        raise BadFileError(error.path, error.problem, error.remedy) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return output


# --- checking -------------------------------------------------------------------------------


class Problem(NamedTuple):
    """One file that is not usable as it is."""

    path: Path
    problem: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """What `check` found.

    Attributes:
        folder: the folder that was checked.
        counts: number of files of each split.
        sizes: number of readable pairs of each (height, width) of a half, in pixels.
        problems: what must be mended, file by file.
        notes: what is worth a look but no fault.
    """

    folder: Path
    counts: dict[str, int]
    sizes: dict[tuple[int, int], int]
    problems: list[Problem]
    notes: list[str]

    @property
    def ok(self) -> bool:
        """Whether every file is usable."""
        return not self.problems

    def __str__(self) -> str:
        """The report for people, at most 20 problems long."""
        counts = ", ".join(f"{count} {split}" for split, count in self.counts.items())
        sizes = ", ".join(f"{w}×{h} ({n})" for (h, w), n in self.sizes.items()) or "none readable"
        lines = [f"{self.folder}: {counts} pairs; halves of {sizes} pixels"]
        lines += [f"  {path} {problem}: {remedy}" for path, problem, remedy in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"  … and {len(self.problems) - 20} more")
        lines += [f"  note: {note}" for note in self.notes]
        count = len(self.problems)
        lines.append("  no problem" if self.ok else f"  {count} problem{'s' * (count > 1)}")
        return "\n".join(lines)


def check(dataset: Dataset | str | Path, progress: bool = False) -> Report:
    """Read every file of a data set and report what is wrong, without stopping at the first.

    Args:
        dataset: an open data set, or a folder of pairs (whose direction does not matter here).
        progress: show a progress bar.

    Raises:
        DatasetError: there is no folder of pairs to check.
    """
    if isinstance(dataset, Dataset):
        folder, splits = dataset.folder, dataset.splits
    else:
        folder = Path(dataset)
        splits = find_pairs(folder)
    files = [file for split in splits.values() for file in split]

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        results = pool.map(_half_size, files)
        results = list(
            tqdm(results, "check", len(files), unit="file", disable=None if progress else True)
        )
    problems = [result for result in results if isinstance(result, Problem)]
    found = {
        file: size
        for file, size in zip(files, results, strict=True)
        if not isinstance(size, Problem)
    }
    sizes = dict(Counter(found.values()).most_common())
    problems += _odd_ones_out(found, sizes)
    if isinstance(dataset, Dataset) and dataset.palette and found:
        problems += _swapped_sides(dataset, list(found))
    return Report(
        folder=folder,
        counts={split: len(paths) for split, paths in splits.items()},
        sizes=sizes,
        problems=problems,
        notes=_notes(splits, sizes),
    )


def _half_size(file: Path) -> tuple[int, int] | Problem:
    """(height, width) of the halves of one file, or what is wrong with it."""
    try:
        return read_pair(file)[0].shape[:2]
    except BadFileError as error:
        return Problem(error.path, error.problem, error.remedy)


def _odd_ones_out(found: dict[Path, tuple], sizes: dict[tuple, int]) -> list[Problem]:
    """The files whose size is not the most common one."""
    if len(sizes) < 2:
        return []
    height, width = next(iter(sizes))
    return [
        Problem(
            file,
            f"has halves of {size[1]}×{size[0]} pixels, most others {width}×{height}",
            "resize it, or keep each size in a folder of its own",
        )
        for file, size in found.items()
        if size != (height, width)
    ]


def _swapped_sides(dataset: Dataset, files: list[Path]) -> list[Problem]:
    """Whether the label colours are rather on the other side than where they should be."""
    sample = files[:: max(1, len(files) // 8)]
    votes = 0
    for file in sample:
        sides = dict(zip("AB", read_pair(file), strict=True))
        distance = {
            side: np.abs(image.astype(int) - dataset.palette.snap(image)).mean()
            for side, image in sides.items()
        }
        votes += min(distance, key=distance.get) != dataset.label_side
    if votes <= len(sample) / 2:
        return []
    return [
        Problem(
            dataset.folder,
            f"has label colours rather on the other side than {dataset.label_side}",
            f"look at a picture; then turn the direction round, or mend {DESCRIPTION}",
        )
    ]


def _notes(splits: dict[str, tuple], sizes: dict[tuple, int]) -> list[str]:
    """What is no fault, but worth knowing."""
    notes = []
    stretched = [size for size in sizes if max(size) > 4 / 3 * min(size)]
    if stretched:
        shown = ", ".join(f"{width}×{height}" for height, width in stretched[:3])
        notes.append(
            f"halves of {shown} are not square and will be squeezed into a square; "
            "is every file two pictures side by side?"
        )
    if "train" not in splits:
        notes.append("there is no train/, so nothing can be trained on this folder")
    if "test" not in splits:
        instead = "val/ is used" if "val" in splits else "nothing can be evaluated"
        notes.append(f"there is no test/; {instead}")
    return notes
