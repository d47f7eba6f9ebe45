"""Pairs in HDF5: one file a split, `train.h5`, `val.h5` or `test.h5`, in the data set's folder.

Each file holds the datasets

* `A` and `B`, the sides of the pairs in one order: uint8 (n, height, width, 3), or for grey
  (n, height, width, 1) or (n, height, width);
* `names`, optional: n file names, from which results take theirs.

One file is copied faster than thousands. Nothing here knows what a data set is: `datasets` opens
such a folder like any other, and gives every pair a path below its file, `train.h5/0007` or
`train.h5/0007/cathedral.png`.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import h5py
import numpy as np

SUFFIX = ".h5"


class PairFileError(Exception):
    """A file does not hold pairs as described above.

    Attributes:
        path: the file.
        problem: what was found.
        remedy: what to do.
    """

    def __init__(self, path: Path, problem: str, remedy: str):
        """The message is the three parts in this order."""
        super().__init__(f"{path} {problem}: {remedy}")
        self.path, self.problem, self.remedy = path, problem, remedy


def pair_paths(file: Path) -> tuple[Path, ...]:
    """The path of each pair in a file, in the file's order.

    Raises:
        PairFileError: it is no HDF5 file, a dataset is missing, they do not belong together, or
            their numbers are not what pixels are stored as.
    """
    with _open(file) as content:
        count = _count(file, content)
        paths = [file / f"{index:0{max(4, len(str(count - 1)))}}" for index in range(count)]
        if "names" in content:
            paths = [path / name for path, name in zip(paths, _names(file, content), strict=True)]
    return tuple(paths)


def locate(path: Path) -> tuple[Path, int] | None:
    """The file and the index that a path of `pair_paths` means; None for any other path."""
    for inner in (path, path.parent):
        file = inner.parent
        if file.suffix == SUFFIX and inner.name.isdecimal() and not file.is_dir():
            return file, int(inner.name)
    return None


def read(file: Path, index: int) -> tuple[np.ndarray, np.ndarray]:
    """One pair, A and B, each uint8 RGB (height, width, 3).

    Raises:
        PairFileError: as `pair_paths`, or there is no such pair, or it is damaged.
    """
    with _open(file) as content:
        count = _count(file, content)
        if index >= count:
            raise PairFileError(file, f"has no pair {index}, only {count}", "use a smaller index")
        try:
            return _as_rgb(content["A"][index]), _as_rgb(content["B"][index])
        except OSError as error:
            raise PairFileError(
                file, f"is damaged at pair {index} ({error})", "make or fetch it again"
            ) from error


def write(file: Path, pairs: Iterable[tuple[Path, np.ndarray, np.ndarray]], count: int) -> None:
    """Write pairs of one size as they come, one in memory at a time.

    The file gets its name when all of it is there. Each picture is packed without loss, by itself.

    Args:
        file: what to write.
        pairs: (source, A, B): A and B uint8 (height, width, 3), `source` the file they are from.
        count: how many there will be.

    Raises:
        PairFileError: a pair has another size than the first; its source is named.
    """
    partial = file.with_name(file.name + ".partial")
    try:
        with h5py.File(partial, "w") as content:
            names = content.create_dataset("names", count, h5py.string_dtype())
            for index, (source, a, b) in enumerate(pairs):
                if index == 0:
                    size = a.shape
                    for side in "AB":
                        content.create_dataset(
                            side, (count, *size), np.uint8, chunks=(1, *size), compression="gzip"
                        )
                if not a.shape == b.shape == size:
                    raise PairFileError(
                        source,
                        f"has halves of {a.shape[1]}×{a.shape[0]} pixels, the files before it "
                        f"{size[1]}×{size[0]}",
                        "resize it: one HDF5 file holds pictures of one size",
                    )
                content["A"][index], content["B"][index], names[index] = a, b, source.name
        os.replace(partial, file)
    finally:
        partial.unlink(missing_ok=True)


def _open(file: Path) -> h5py.File:
    try:
        return h5py.File(file, "r")
    except FileNotFoundError:
        raise PairFileError(file, "is not there", "check the path") from None
    except OSError as error:
        raise PairFileError(
            file, f"is not a whole HDF5 file ({error})", "make or fetch it again"
        ) from error


def _count(file: Path, content: h5py.File) -> int:
    """The number of pairs; raises `PairFileError` where `A` and `B` are not what they should be."""
    for side in "AB":
        if not isinstance(content.get(side), h5py.Dataset):
            found = ", ".join(content) or "nothing"
            raise PairFileError(
                file, f"has no dataset {side!r}, only {found}", "store the sides as 'A' and 'B'"
            )
        dtype, shape = content[side].dtype, content[side].shape
        if dtype != np.uint8:
            raise PairFileError(
                file, f"holds {side} as {dtype}", "store the pixels as uint8, from 0 to 255"
            )
        if len(shape) != 3 and not (len(shape) == 4 and shape[3] in (1, 3)):
            raise PairFileError(
                file,
                f"holds {side} with the shape {shape}",
                "store it as (pairs, height, width, 3), or without the 3 if it is grey",
            )
    a, b = content["A"].shape[:3], content["B"].shape[:3]
    if a != b:
        raise PairFileError(
            file,
            f"holds {a[0]} pictures of {a[2]}×{a[1]} pixels as A and {b[0]} of {b[2]}×{b[1]} as B",
            "store as many of each, and of one size",
        )
    if a[0] == 0:
        raise PairFileError(file, "holds no pairs", "put some there, or remove the file")
    return a[0]


def _names(file: Path, content: h5py.File) -> list[str]:
    """The last part of each name: a name is no way out of the folder."""
    count, names = len(content["A"]), content["names"]
    try:
        names = [Path(name).name for name in names.asstr()[:]]
    except (TypeError, AttributeError):
        names = []
    if len(names) != count or not all(names):
        raise PairFileError(
            file, f"has 'names' that are not {count} words", "store one a pair, or none at all"
        )
    return names


def _as_rgb(image: np.ndarray) -> np.ndarray:
    image = image[..., None] if image.ndim == 2 else image
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image
