"""Read every file of a data set and report what is wrong, before a night of training is lost."""

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.config import Config
from pix2pix_course.datasets import open_dataset, read_description
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.pairs import Dataset, DatasetError, find_pairs, read_pair
from pix2pix_course.palettes import Palette
from pix2pix_course.support.images import SUFFIXES, BadFileError

SAMPLE = 8  # pairs whose colours are looked at


class Problem(NamedTuple):
    """One file or folder that is not usable as it is."""

    path: Path
    problem: str
    advice: str


@dataclass(frozen=True)
class Report:
    """What `check` found in a folder."""

    folder: Path
    counts: dict[str, int]  # files of each split
    sizes: dict[tuple[int, int], int]  # readable pairs of each (height, width) of a half
    problems: list[Problem]  # what must be fixed
    notes: list[str]  # what is worth a look

    @property
    def ok(self) -> bool:
        """Whether every file is usable."""
        return not self.problems

    def __str__(self) -> str:
        """The report for people, at most 20 problems long."""
        counts = ", ".join(f"{count} {split} pairs" for split, count in self.counts.items())
        sizes = [f"{w}×{h} ({n})" for (h, w), n in self.sizes.items()] or ["none readable"]
        sizes = ", ".join([*sizes[:5], *(["…"] if len(sizes) > 5 else [])])
        lines = [f"{self.folder}: {counts}; halves of {sizes} pixels"]
        lines += [f"  {path} {problem}: {advice}" for path, problem, advice in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"  … and {len(self.problems) - 20} more")
        lines += [f"  note: {note}" for note in self.notes]
        count = len(self.problems)
        lines.append("  no problem" if self.ok else f"  {count} problem{'s' * (count > 1)}")
        return "\n".join(lines)


def check(dataset: Dataset | str | Path, progress: bool = False) -> Report:
    """Read every file of a data set and report what is wrong, without stopping at the first.

    A folder of pairs need not say its direction; `DatasetError` if there is none.
    """
    if not isinstance(dataset, Dataset):
        folder = Path(dataset)
        # of a folder that describes itself the label colours are checked too
        direction = read_description(folder).get("direction") if folder.is_dir() else None
        find_pairs(folder)  # its errors before those of opening
        dataset = open_dataset(folder, direction or "AtoB")
    files = [file for split in dataset.splits.values() for file in split]
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        bar = {"total": len(files), "unit": "file", "disable": None if progress else True}
        results = list(tqdm(pool.map(_half_size, files), "check", **bar))
    problems = [result for result in results if isinstance(result, Problem)]
    found = [(f, r) for f, r in zip(files, results, strict=True) if not isinstance(r, Problem)]
    sizes = dict(Counter(size for _, size in found).most_common())
    if dataset.palette and found:
        problem = wrong_labels(dataset, [file for file, _ in found])
        problems += [Problem(dataset.folder, *problem)] if problem else []
    counts = {split: len(paths) for split, paths in dataset.splits.items()}
    return Report(dataset.folder, counts, sizes, problems, _notes(dataset, sizes))


def _half_size(file: Path) -> tuple[int, int] | Problem:
    """(height, width) of the halves of one file, or what is wrong with it."""
    try:
        return read_pair(file)[0].shape[:2]
    except BadFileError as error:
        return Problem(error.path, error.problem, error.advice)


def _notes(dataset: Dataset, sizes: dict[tuple, int]) -> list[str]:
    """What is no fault, but worth knowing."""
    notes = []
    if len(sizes) > 1:
        notes.append("the pairs are of several sizes; training resizes each to its image_size")
    stretched = [size for size in sizes if max(size) > 4 / 3 * min(size)]
    if stretched:
        shown = ", ".join(f"{width}×{height}" for height, width in stretched[:3])
        notes.append(
            f"halves of {shown} are not square and will be squeezed into a square; "
            "is every file two pictures side by side?"
        )
    if "train" not in dataset.splits:
        notes.append("there is no train/, so nothing can be trained on this folder")
    if dataset.remark:
        notes.append(dataset.remark)
    elif "test" not in dataset.splits:
        one = "put others into test/, or no training can begin"
        notes.append(f"there is no test/; {'val/ is used' if 'val' in dataset.splits else one}")
    return notes + _unread(dataset.folder)


def _unread(folder: Path) -> list[str]:
    """A note on the files that are pictures for other programs and are passed over here."""
    pictures = {*Image.registered_extensions(), ".heic", ".heif", ".avif", ".jxl"} - {*SUFFIXES}
    names = [
        f"{file.parent.name}/{file.name}"
        for file in sorted(folder.glob("*/*"))
        if file.suffix.lower() in pictures and not file.name.startswith(".")
    ]
    if not names:
        return []
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return [f"not read: {shown}; save such pictures as one of {', '.join(SUFFIXES)}"]


# --- label colours --------------------------------------------------------------------------


def wrong_labels(dataset: Dataset, files: list[Path]) -> tuple[str, str] | None:
    """What is wrong with the label colours of a data set with a palette, and what to do.

    In a few pairs it is counted which share of each side's pixels has nearly a colour of the
    palette. JPEG disturbs colours a little, mostly at edges.
    """
    sample = [read_pair(file) for file in files[:: max(1, len(files) // SAMPLE)][:SAMPLE]]
    near = [[near_share(dataset.palette, side) for side in pair] for pair in sample]
    share = dict(zip("AB", np.median(near, axis=0), strict=True))
    labels, other = dataset.label_side, "AB"[dataset.label_side == "A"]
    if share[labels] >= 0.5:
        return None
    what = f"has {share[labels]:.0%} of the pixels of side {labels} in colours of its palette"
    if share[other] >= 0.5:
        return (
            f"{what}, and {share[other]:.0%} of side {other}, so the label map is the other side",
            "turn the direction round; or, to go from photo to label map, leave the palette out",
        )
    return (
        f"{what}, so it is no label map of that palette (class ids 0, 1, 2, … are no colours)",
        "give the classes the palette's colours (`Palette.to_rgb(ids)`), or leave the palette out",
    )


def near_share(palette: Palette, image: np.ndarray) -> float:
    """Share of the pixels that lie within 40 grey levels, in each channel, of a palette colour."""
    away = np.abs(image.astype(int) - palette.snap(image)).max(axis=-1)
    return float(np.mean(away <= 40))


def before_training(dataset: Dataset, config: Config) -> list[str]:
    """What to say before a training begins, a sentence each.

    Raises `DatasetError` where the label colours are not where they should be: every picture would
    become one colour.
    """
    files = list(dataset.files("train"))
    if dataset.palette and (problem := wrong_labels(dataset, files)):
        raise DatasetError(f"{dataset.folder} {': '.join(problem)}")
    found = [dataset.remark] if dataset.remark else []
    published = CATALOGUE.get(config.dataset)
    if published and dataset.direction != published.direction:
        found.append(
            f"the direction {dataset.direction} is not the natural one of {published.name!r}, "
            f"{published.direction} ({published.about}): the network will learn the way back"
        )
    return found
