"""Picture pairs: find their files, read them, and bring them to the networks' range; notebook 01.

A pair is one image file: A is its left half, B its right half. A data set is a folder with
`train/`, and `val/` or `test/` or both. Which half is the input is its *direction*, "AtoB" or
"BtoA". (`datasets` opens sets by name and knows where a folder says its direction.)
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from pix2pix_course.palettes import Palette
from pix2pix_course.support.images import (
    SUFFIXES,
    BadFileError,
    DatasetError,
    image_files,
    read_image,
)

SPLITS = ("train", "val", "test")
SMALLEST_SIDE = 64
"""Pixels: the smallest image size that `Config` allows."""


# --- a folder of pairs ----------------------------------------------------------------------


@dataclass(frozen=True)
class Dataset:
    """A folder of pairs, and which half is what.

    `label_side` is the half that is a label map, "A", "B" or None; `palette` has its colours;
    `splits` holds the files of each split that is there, in natural order (2 before 10).
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

    def palette_of(self, side: str) -> Palette | None:
        """The palette, if this half is the label map."""
        return self.palette if side == self.label_side else None

    @property
    def condition_palette(self) -> Palette | None:
        """The palette, if the condition is the label map."""
        return self.palette_of(self.condition_side)

    @property
    def evaluation_split(self) -> str:
        """The split to evaluate on, which training never sees: "test", or else "val"."""
        for split in ("test", "val"):
            if split in self.splits:
                return split
        raise DatasetError(
            f"{self.folder} has neither test/ nor val/, and train/ holds one pair: put others "
            f"into {self.folder / 'test'}, so that there is something to evaluate on"
        )

    @property
    def remark(self) -> str | None:
        """What to say before a training if pairs of train/ were held out."""
        held_out = self.splits.get("val", ())
        if not held_out or held_out[0].parent.name == "val":
            return None
        kept, all_pairs = len(held_out), len(held_out) + len(self.splits["train"])
        which = "last one is" if kept == 1 else f"last {kept} are"
        return (
            f"{self.folder} has neither val/ nor test/: of its {all_pairs} pairs the {which} held "
            "out of training, to be used as val"
        )

    def files(self, split: str) -> tuple[Path, ...]:
        """The pair files of a split; raises `DatasetError` if it is missing."""
        if split not in self.splits:
            raise DatasetError(
                f"{self.folder} has no split {split!r}, only {', '.join(self.splits)}: "
                f"use one of these, or put pairs into {self.folder / split}"
            )
        return self.splits[split]


def find_pairs(folder: Path) -> dict[str, tuple[Path, ...]]:
    """The pair files of each split folder, hidden files left out, in natural order.

    Where `train/` stands alone, its last tenth (at least one pair) is held out as "val".

    Raises:
        DatasetError: no such folder, no split in it, or one without images or not to be read.
    """
    if not folder.is_dir():
        raise DatasetError(f"there is no folder {folder}: check the path")
    splits = {}
    for split in SPLITS:
        if (folder / split).is_dir():
            splits[split] = tuple(image_files(folder / split))
            if not splits[split]:
                raise DatasetError(
                    f"{folder / split} holds no {', '.join(SUFFIXES)} file: "
                    "put pairs there, or remove the folder"
                )
    if not splits:
        advice = f"put pairs for training into {folder / 'train'}, others into {folder / 'test'}"
        if any((folder / name).is_dir() for name in ("A", "trainA", "testA")):
            advice = f"join its A and B with `pix2pix-course data combine {folder} OUTPUT`"
        raise DatasetError(f"{folder} has none of the folders train/, val/, test/: {advice}")
    if set(splits) == {"train"} and len(splits["train"]) > 1:
        kept = len(splits["train"]) - max(1, len(splits["train"]) // 10)
        splits = {"train": splits["train"][:kept], "val": splits["train"][kept:]}
    return splits


# --- reading --------------------------------------------------------------------------------


def read_pair(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read a pair file: A (left) and B (right), each uint8 RGB (H, W/2, 3).

    Raises:
        BadFileError: as `read_image`, or the width is odd, or a side is under 64 pixels.
    """
    image = read_image(path)
    height, (half, odd) = image.shape[0], divmod(image.shape[1], 2)
    if odd:
        problem = f"is {image.shape[1]} pixels wide, an odd number, so it has no two equal halves"
        raise BadFileError(path, problem, "join two pictures of the same size side by side")
    if min(height, half) < SMALLEST_SIDE:
        problem = f"has halves of {half}×{height} pixels, and each side needs {SMALLEST_SIDE}"
        raise BadFileError(path, problem, "use larger pictures, or remove it")
    return image[:, :half], image[:, half:]


# --- pairs in memory ------------------------------------------------------------------------


class Pairs(NamedTuple):
    """Aligned pictures of one size, uint8 (n, size, size, 3), and their files' names."""

    condition: np.ndarray
    target: np.ndarray
    names: list[str]


def load_pair(dataset: Dataset, path: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Read one pair file and resize both sides: (condition, target), uint8 (size, size, 3) each.

    A label side is first brought back to its palette's pure colours, and resized without blending:
    a mixture of "window" and "wall" would be the colour of some third class.

    Raises:
        DatasetError: the file cannot be read.
    """
    halves = dict(zip("AB", read_pair(path), strict=True))

    def fit(side: str) -> np.ndarray:
        image, method = halves[side], Image.Resampling.BICUBIC
        if palette := dataset.palette_of(side):
            image, method = palette.snap(image), Image.Resampling.NEAREST
        return np.asarray(Image.fromarray(image).resize((size, size), method))

    return fit(dataset.condition_side), fit(dataset.target_side)


def load_pairs(dataset: Dataset, split: str, size: int, limit: int | None = None) -> Pairs:
    """Decode a split into memory, or its first `limit` pairs, in the order of its files.

    Raises:
        DatasetError: the split is missing, or a file cannot be read; it is named.
    """
    files = dataset.files(split)[:limit]
    loaded = in_parallel(lambda path: load_pair(dataset, path, size), files)
    condition, target = (np.stack(side) for side in zip(*loaded, strict=True))
    return Pairs(condition, target, [path.stem for path in files])


def in_parallel(function, items) -> list:
    """The function of every item, by threads; Pillow decodes outside Python's lock."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, items))


# [0, 255] of files ↔ [-1, 1] of the networks


def to_network(images):
    """Pixels [0, 255] → float32 [-1, 1], the range of tanh; arrays, or tensors of floats."""
    if isinstance(images, np.ndarray | list):
        images = np.asarray(images, np.float32)
    return images / 127.5 - 1.0


def to_image(values) -> np.ndarray:
    """float [-1, 1] → uint8 [0, 255], any shape; values outside are clipped."""
    return np.clip(np.rint((np.asarray(values, np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)
