"""Painted facades: the data set of the course that needs no network.

From a seed the painter composes a street front (sky, trees, one or two houses) and paints it twice
at once: as a label map in the classes of the CMP facade set and as a photo-like picture. Materials
and light are random and are not in the label map, so a label map has many photos that fit it, as
in the real set. Notebook 01 looks at these pairs.

All arithmetic is on whole numbers, and all random draws come from the raw stream of PCG64, which
NumPy keeps fixed: a seed gives the same bytes on every machine, and the same street at every size.
"""

import json
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.datasets.canvas import UNITS, Box, Canvas, Dice
from pix2pix_course.datasets.facade import House
from pix2pix_course.palettes import PALETTES
from pix2pix_course.support.files import atomic, one_after_another

PALETTE = PALETTES["facades"]
SKIES = ((112, 158, 212), (150, 184, 218), (196, 204, 212), (222, 224, 226), (214, 190, 168))


class PaintedPair(NamedTuple):
    """A photo and its label map in the colours of facades, uint8 (size, size, 3); uint8 ids."""

    photo: np.ndarray
    label: np.ndarray
    class_ids: np.ndarray


# --- a pair -------------------------------------------------------------------------------


def paint_surroundings(canvas: Canvas, dice: Dice, street: int) -> None:
    """Sky, clouds and far houses above the line `street`; pavement and roadway below it."""
    sky = dice.tint(dice.pick(SKIES), 14)
    canvas.gradient(Box(0, 0, UNITS, street), sky - 24, sky + 18)
    canvas.photo += dice.blotches(canvas.size, 13, 9, 44).clip(0)[..., None]
    for column in Box(0, 0, UNITS, street).columns(9):
        far = column._replace(top=street - dice.between(20, 90))
        canvas.fill(far, dice.tint((sky + 110) // 2, 12))
        canvas.stripes(far.inset(2, 4), 8, -16, width=4)
    grey = dice.tint((138, 134, 128), 16)
    canvas.fill(Box(0, street, UNITS, UNITS), grey)
    canvas.stripes(Box(0, street, UNITS, UNITS), 12, -18)
    canvas.fill(Box(0, street + 8, UNITS, UNITS), grey - 52)
    canvas.fill(Box(0, street + 7, UNITS, street + 9), grey + 26)


def paint_tree(canvas: Canvas, dice: Dice, box: Box) -> None:
    """A tree on the pavement, behind the house."""
    canvas.fill(box.middle(4, above=box.height // 2), (70, 54, 42))
    crown = box._replace(bottom=box.bottom - box.height // 4)
    leaves = canvas.photo[canvas.region(crown)]
    inside = canvas.ellipse(crown) + dice.noise(*leaves.shape[:2]) // 4 < 90
    green = dice.tint((66, 98, 50)) + dice.noise(*leaves.shape[:2], 1) // 4
    leaves[inside] = green[inside]


def develop(canvas: Canvas, dice: Dice) -> np.ndarray:
    """The photograph: uneven light, a lens that is not quite sharp, grain. uint8 (H, W, 3)."""
    size = canvas.size
    light = 256 + dice.blotches(size, 5, 5, 36) + dice.blotches(size, 2, 2, 60)
    photo = canvas.photo.clip(0, 255).astype(np.int32) * light[..., None] >> 8
    for axes in ((0, 1, 2), (1, 0, 2)):
        lines = photo.transpose(axes)
        lines[1:-1] = (lines[:-2] + 6 * lines[1:-1] + lines[2:]) >> 3
    photo += (dice.noise(size, size, 1) + dice.noise(size, size, 1)) >> 5
    return photo.clip(0, 255).astype(np.uint8)


def paint_pair(seed: int, size: int = 256) -> PaintedPair:
    """Paint a label map and its photo, `size` ≥ 64 pixels square: the same bytes everywhere."""
    if size < 64:
        raise ValueError(f"size = {size}: below 64 pixels the windows vanish; use 64 or more")
    if seed < 0:
        raise ValueError(f"seed = {seed}: a seed is not negative")
    dice, canvas = Dice(seed), Canvas(size)
    street = dice.between(234, 246)
    paint_surroundings(canvas, dice, street)
    left, right = (dice.pick((0, 0, dice.between(8, 34))) for _ in range(2))
    right = UNITS - right
    for edge in (left, right):
        if 0 < edge < UNITS and dice.chance(50):
            reach, top = dice.between(22, 34), dice.between(90, 170)
            paint_tree(canvas, dice, Box(edge - reach, top, edge + reach, street))
    cuts = [left, right]
    if dice.chance(30):
        cuts.insert(1, (left + right) // 2 + dice.between(-30, 30))
    for start, stop in pairwise(cuts):
        top = dice.between(16, 50)
        House(canvas, dice).build(Box(start, top, stop, street))
    return PaintedPair(develop(canvas, dice), PALETTE.to_rgb(canvas.ids), canvas.ids)


# --- a folder -----------------------------------------------------------------------------

VERSION = 1  # counts up when the same seed would give another picture; a folder remembers it
SET_SEEDS = 1_000_000
SEEDS = {"train": range(400_000), "val": range(400_000, 500_000), "test": range(500_000, SET_SEEDS)}
"""The seeds of the splits of set 0; set n adds n × `SET_SEEDS`. No two splits or sets share one."""


def paint_folder(folder, train=1000, val=50, test=100, size=256, seed=0, progress=True) -> Path:
    """Paint a data set to disk: `<folder>/{train,val,test}/0001.png` and `dataset.json`.

    Each file is the photo (left, A) beside the label map (right, B), as in the published facades.
    A split of 0 pairs is left out; two seeds give sets with no pair in common. A folder that holds
    this very set is left alone, one with anything else in it is a `FileExistsError`. Of two
    processes that want the same folder one paints and the other waits.
    """
    folder = Path(folder)
    pairs = {split: n for split, n in zip(SEEDS, (train, val, test), strict=True) if n}
    facts = {"name": "painted", "direction": "BtoA", "palette": "facades", "label_side": "B"}
    facts |= {"size": size, "seed": seed, "pairs": pairs, "painter": VERSION}
    for split, count in pairs.items():
        if not 0 < count <= len(SEEDS[split]):
            raise ValueError(f"{split} = {count} pairs: use 0 to {len(SEEDS[split])}")
    if _holds(folder, facts):  # and no lock is needed, where nothing may be written
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with one_after_another(folder):
        if not _holds(folder, facts):
            _paint(folder, facts, progress)
    return folder


def _paint(folder: Path, facts: dict, progress: bool) -> None:
    """Paint all splits into a folder that is missing or empty."""
    total = sum(facts["pairs"].values())
    bar = tqdm(total=total, unit="pair", disable=None if progress else True)
    with atomic(folder) as partial, bar:
        bar.set_description(f"painting {folder.name}")
        for split, count in facts["pairs"].items():
            (partial / split).mkdir(parents=True)
            for number, seed in enumerate(SEEDS[split][:count], start=1):
                photo, label, _ = paint_pair(SET_SEEDS * facts["seed"] + seed, facts["size"])
                picture = Image.fromarray(np.concatenate([photo, label], axis=1))
                picture.save(partial / split / f"{number:04}.png", compress_level=2)
                bar.update()
        (partial / "dataset.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            folder.rmdir()  # empty, and Windows renames to no folder that is there


def _holds(folder: Path, facts: dict) -> bool:
    """True if the folder holds this set, False if it is missing or empty."""
    if not folder.exists() or not any(folder.iterdir()):
        return False
    description = folder / "dataset.json"
    if description.is_file() and json.loads(description.read_text(encoding="utf-8")) == facts:
        return True
    raise FileExistsError(
        f"{folder} is not empty and holds something else than the painted set asked for"
        f" ({facts}); delete that folder or paint into another"
    )
