"""Import and export of pairs in HDF5: one file a split, `train.h5`, `val.h5` or `test.h5`.

Each file holds the datasets

* `A` and `B`, the sides of the pairs in one order: uint8 (n, height, width, 3), or for grey
  (n, height, width, 1) or (n, height, width);
* `names`, optional: n file names, which the pictures get.

One file is copied faster than thousands. A data set to train on is a folder of pictures.
"""

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.datasets import DESCRIPTION, new_folder, read_description
from pix2pix_course.pairs import SPLITS, BadFileError, DatasetError, find_pairs, read_pair

SUFFIX = ".h5"


def convert(source: str | Path, output: str | Path, progress: bool = False) -> Path:
    """Make a folder of PNG pairs of HDF5 files, or HDF5 files of a folder of pairs.

    The same pixels, names and order; `dataset.json` is copied. The output, a new or empty folder,
    appears when all of it is there. Raises `DatasetError`: a file cannot be read, or for HDF5 has
    another size than those before it; or there is something in the output folder.
    """
    source, output = Path(source), Path(output)
    packed = {s: source / f"{s}{SUFFIX}" for s in SPLITS if (source / f"{s}{SUFFIX}").is_file()}
    folders = [split for split in SPLITS if (source / split).is_dir()]
    if both := [split for split in folders if split in packed]:
        raise DatasetError(
            f"{source} has both {both[0]}/ and {both[0]}{SUFFIX}: keep one of them, so that it is "
            "clear which pairs are meant"
        )
    splits = {} if packed else whole_splits(source)
    read_description(source)  # complain now rather than about the copy
    with new_folder(output) as partial:
        partial.mkdir(parents=True)
        for split, file in packed.items():
            (partial / split).mkdir()
            for name, a, b in _bar(read(file), split, None, progress):
                Image.fromarray(np.concatenate([a, b], axis=1)).save(partial / split / name)
        for split, files in splits.items():
            pairs = ((file, *read_pair(file)) for file in _bar(files, split, len(files), progress))
            write(partial / f"{split}{SUFFIX}", pairs, len(files))
        if (source / DESCRIPTION).is_file():
            shutil.copy(source / DESCRIPTION, partial)
    return output


def whole_splits(folder: Path) -> dict[str, tuple[Path, ...]]:
    """`find_pairs`, but with nothing held out of a `train/` that stands alone."""
    splits = find_pairs(folder)
    if "val" in splits and not (folder / "val").is_dir():
        return {"train": splits["train"] + splits["val"]}
    return splits


def _bar(items, split: str, total: int | None, progress: bool):
    return tqdm(items, split, total, unit="pair", disable=None if progress else True)


def read(file: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The pairs of a file in its order: (name of a PNG, A, B), each uint8 RGB (height, width, 3).

    Raises `BadFileError`: it is damaged, or does not hold what the top of this module says.
    """
    with _open(file) as content:
        count = _count(file, content)
        digits = max(4, len(str(count - 1)))
        names = [f"{index:0{digits}}.png" for index in range(count)]
        if "names" in content:
            names = [f"{Path(name).stem}.png" for name in _names(file, content)]
            if len(set(names)) < count:  # they are free to be, in HDF5
                names = [f"{i:0{digits}}-{name}" for i, name in enumerate(names)]
        for index, name in enumerate(names):
            try:
                yield name, _as_rgb(content["A"][index]), _as_rgb(content["B"][index])
            except OSError as error:
                problem = f"is damaged at pair {index} ({error})"
                raise BadFileError(file, problem, "make or fetch it again") from error


def write(file: Path, pairs: Iterable[tuple[Path, np.ndarray, np.ndarray]], count: int) -> None:
    """Write `count` pairs (the file they are from, A, B: uint8 (height, width, 3)) as they come.

    Each picture is packed without loss, by itself. Raises `BadFileError`, with the name of the
    file, where a pair has another size than the first.
    """
    with h5py.File(file, "w") as content:
        names = content.create_dataset("names", count, h5py.string_dtype())
        for index, (source, a, b) in enumerate(pairs):
            if index == 0:
                size = a.shape
                for side in "AB":
                    content.create_dataset(
                        side, (count, *size), np.uint8, chunks=(1, *size), compression="gzip"
                    )
            if a.shape != size:
                found, before = (f"{width}×{height}" for height, width, _ in (a.shape, size))
                problem = f"has halves of {found} pixels, the files before it {before}"
                advice = "resize it: one HDF5 file holds pictures of one size"
                raise BadFileError(source, problem, advice)
            content["A"][index], content["B"][index], names[index] = a, b, source.name


def _open(file: Path) -> h5py.File:
    try:
        return h5py.File(file, "r")
    except FileNotFoundError:
        raise BadFileError(file, "is not there", "check the path") from None
    except OSError as error:
        problem = f"is not a whole HDF5 file ({error})"
        raise BadFileError(file, problem, "make or fetch it again") from error


def _count(file: Path, content: h5py.File) -> int:
    """The number of pairs; raises `BadFileError` where `A` and `B` are not what they should be."""
    for side in "AB":
        if not isinstance(content.get(side), h5py.Dataset):
            problem = f"has no dataset {side!r}, only {', '.join(content) or 'nothing'}"
            raise BadFileError(file, problem, "store the sides as 'A' and 'B'")
        dtype, shape = content[side].dtype, content[side].shape
        if dtype != np.uint8:
            advice = "store the pixels as uint8, from 0 to 255"
            raise BadFileError(file, f"holds {side} as {dtype}", advice)
        if len(shape) != 3 and not (len(shape) == 4 and shape[3] in (1, 3)):
            advice = "store it as (pairs, height, width, 3), or without the 3 if it is grey"
            raise BadFileError(file, f"holds {side} with the shape {shape}", advice)
    a, b = (content[side].shape[:3] for side in "AB")
    if a != b:
        problem = f"holds {a[0]} pictures of {a[2]}×{a[1]} pixels as A and "
        problem += f"{b[0]} of {b[2]}×{b[1]} as B"
        raise BadFileError(file, problem, "store as many of each, and of one size")
    if a[0] == 0:
        raise BadFileError(file, "holds no pairs", "put some there, or remove the file")
    return a[0]


def _names(file: Path, content: h5py.File) -> list[str]:
    """The last part of each name: a name is no way out of the folder."""
    count, names = len(content["A"]), content["names"]
    try:
        names = [Path(name).name for name in names.asstr()[:]]
    except (TypeError, AttributeError):
        names = []
    if len(names) != count or not all(names):
        problem = f"has 'names' that are not {count} words"
        raise BadFileError(file, problem, "store one a pair, or none at all")
    return names


def _as_rgb(image: np.ndarray) -> np.ndarray:
    image = image[..., None] if image.ndim == 2 else image
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
