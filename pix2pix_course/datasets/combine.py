"""Make pairs of pictures that lie in two folders, one of A and one of B, under the same names."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.datasets import new_folder
from pix2pix_course.pairs import SPLITS, BadFileError, DatasetError
from pix2pix_course.support.images import image_files, read_image

Sides = tuple[Path, Path]


def combine(
    sources: Sequence[str | Path],
    output: str | Path,
    seed: int = 0,
    held_out: float = 0.1,
    progress: bool = False,
) -> Path:
    """Write a folder of pairs, A at the left and B at the right, as PNG files.

    Args:
        sources: the folders of A and of B; or one folder that holds `A/` and `B/`, or `trainA/`,
            `trainB/`, `testA/` and so on.
        output: a new or empty folder; it appears when all of it is there.
        seed, held_out: which share of the pairs becomes `test/`, where the sources have no
            `train/`, `val/` and `test/` of their own.
        progress: show a bar.

    Raises:
        DatasetError: a picture has no partner or one of another size, cannot be read, or there is
            something in the output folder.
    """
    output = Path(output)
    with new_folder(output) as partial:
        splits = {split: matched(*sides) for split, sides in find_sides(sources).items()}
        if list(splits) == [""]:
            splits = drawn(splits[""], seed, held_out)
        for split, pairs in splits.items():
            (partial / split).mkdir(parents=True)
            for a, b in tqdm(pairs, split, unit="pair", disable=None if progress else True):
                Image.fromarray(joined(a, b)).save(partial / split / f"{a.stem}.png")
    return output


def find_sides(sources: Sequence[str | Path]) -> dict[str, Sides]:
    """Split → the folders of A and of B; the split "" if the sources have none."""
    folders = [Path(source) for source in sources]
    for folder in folders:
        if not folder.is_dir():
            raise DatasetError(f"there is no folder {folder}: check the path")
    if len(folders) == 1:
        (folder,) = folders
        found = {split: (folder / f"{split}A", folder / f"{split}B") for split in (*SPLITS, "")}
    else:
        a, b = folders
        found = {split: (a / split, b / split) for split in SPLITS}
        if not any(side.is_dir() for sides in found.values() for side in sides):
            found = {"": (a, b)}
    found = {split: sides for split, sides in found.items() if any(s.is_dir() for s in sides)}
    if not found:
        raise DatasetError(
            f"{folders[0]} holds neither A/ and B/ nor trainA/ and trainB/: name two folders, that "
            "of A and that of B"
        )
    for side in (side for sides in found.values() for side in sides):
        if not side.is_dir():
            raise DatasetError(f"there is no folder {side}, and its other side is there: add it")
    return found


def matched(a: Path, b: Path) -> list[Sides]:
    """The pictures of two folders that have one name, whatever their suffix, in natural order."""
    by_name = []
    for folder in (a, b):
        files = image_files(folder)
        names = {file.stem: file for file in files}
        if len(names) < len(files):
            twice = next(file for file in files if names[file.stem] != file)
            raise DatasetError(f"{twice} and {names[twice.stem]} have one name: rename one of them")
        by_name.append(names)
    alone = [a / n for n in by_name[0] if n not in by_name[1]]
    alone += [b / n for n in by_name[1] if n not in by_name[0]]
    if alone:
        shown = ", ".join(map(str, alone[:5])) + (f" and {len(alone) - 5} more" * (len(alone) > 5))
        raise DatasetError(f"no partner for {shown}: both folders need the same names")
    if not by_name[0]:
        raise DatasetError(f"{a} holds no pictures: put some there, with their partners in {b}")
    return [(file, by_name[1][name]) for name, file in by_name[0].items()]


def drawn(pairs: list[Sides], seed: int, held_out: float) -> dict[str, list[Sides]]:
    """`train` and `test`, at random but by the seed; each in the order of its names."""
    count = max(1, round(held_out * len(pairs)))
    if count >= len(pairs):
        raise DatasetError(f"{len(pairs)} pairs are too few to hold out {count} of them: add some")
    chosen = set(np.random.default_rng(seed).permutation(len(pairs))[:count])
    test = [pair for index, pair in enumerate(pairs) if index in chosen]
    return {"train": [p for i, p in enumerate(pairs) if i not in chosen], "test": test}


def joined(a: Path, b: Path) -> np.ndarray:
    """A beside B: uint8 RGB (H, 2 W, 3)."""
    left, right = read_image(a), read_image(b)
    if left.shape != right.shape:
        sizes = [f"{image.shape[1]}×{image.shape[0]}" for image in (left, right)]
        problem = f"has {sizes[1]} pixels, and {a} has {sizes[0]}"
        raise BadFileError(b, problem, "scale or crop one to the size of the other")
    return np.concatenate([left, right], axis=1)
