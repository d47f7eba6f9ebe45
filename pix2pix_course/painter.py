"""Painted facades: the data set of the course that needs no network.

From a seed the painter composes a street front (roof, floors, bays, and what stands in each
bay) and paints it twice at once: as a label map in the classes of the CMP facade set and as a
photo-like picture. Materials and light are drawn by lot and are not in the label map, so a label
map has many photos that fit it, as in the real set. Notebook 01 looks at these pairs.

Layouts are drawn on a grid of 256×256 units whatever the size of the picture. All arithmetic is
on whole numbers, and all lots come from the raw stream of PCG64, which NumPy keeps fixed: a seed
gives the same bytes on every machine, and the same street at every size.
"""

import json
import shutil
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.canvas import UNITS, Box, Canvas, Dice
from pix2pix_course.palettes import PALETTES

PALETTE = PALETTES["facades"]
BACKGROUND, FACADE, WINDOW, DOOR, CORNICE, SILL = range(6)  # class ids, as in PALETTE
BALCONY, BLIND, DECO, MOLDING, PILLAR, SHOP = range(6, 12)

WALLS = (
    ("brick", ((158, 74, 56), (132, 62, 52), (176, 104, 74), (196, 160, 118))),
    ("plaster", ((226, 208, 170), (214, 210, 202), (150, 146, 138))),
    ("plaster", ((214, 178, 106), (206, 132, 108), (176, 196, 168), (162, 182, 200))),
    ("stone", ((188, 172, 146), (158, 156, 150), (142, 122, 104))),
)
FRAMES = ((236, 234, 226), (236, 234, 226), (92, 60, 40), (52, 66, 56), (70, 72, 78))
BLINDS = ((226, 222, 208), (74, 110, 84), (140, 86, 54), (98, 120, 150))
PAINTS = ((112, 34, 30), (38, 74, 58), (36, 54, 92), (96, 62, 36), (60, 50, 46), (150, 106, 52))
ROOFS = ((136, 66, 48), (92, 88, 90), (72, 76, 86), (112, 84, 66), (74, 98, 88))
SKIES = ((112, 158, 212), (150, 184, 218), (196, 204, 212), (222, 224, 226), (214, 190, 168))


class PaintedPair(NamedTuple):
    """A photo and its label map.

    Attributes:
        photo: uint8 (size, size, 3), RGB.
        label: uint8 (size, size, 3), RGB in the colours of `PALETTES["facades"]`.
        class_ids: uint8 (size, size), the class of every pixel, 0..11.
    """

    photo: np.ndarray
    label: np.ndarray
    class_ids: np.ndarray


@dataclass(frozen=True)
class Plan:
    """What the bays of one floor have in common; lengths in units, 0 for none."""

    width: int  # of the opening, in percent of the bay
    above: int  # wall over the opening
    below: int  # wall under it
    cornice: int = 0
    sill: int = 0
    blinds: int = 0  # percent of the windows
    balcony: bool = False


# --- surfaces -----------------------------------------------------------------------------


def _stretch(values: np.ndarray, size: int) -> np.ndarray:
    """The rows of `values` interpolated to `size` rows, times 256."""
    place = (2 * np.arange(size) + 1) * 128 * (len(values) - 1) // size
    above, share = place // 256, (place % 256).astype(np.int32)[:, None]
    return values[above] * (256 - share) + values[above + 1] * share


def smooth_noise(dice: Dice, size: int, rows: int, columns: int, strength: int) -> np.ndarray:
    """Soft blotches from -strength to strength, about rows×columns of them: int16 (size, size)."""
    knots = dice.noise(rows, columns).astype(np.int32) * strength >> 7
    return (_stretch(_stretch(knots, size).T, size).T >> 16).astype(np.int16)


def masonry(dice: Dice, canvas: Canvas, height: int, width: int, tone: int, joint: int):
    """Courses of bricks, each of its own brightness, with joints: int16 (size, size)."""
    course = canvas.units // height
    shifted = canvas.units[None, :] + course[:, None] % 2 * (width // 2)
    tones = dice.noise(UNITS // height + 1, UNITS // width + 2) * tone // 128
    field = tones[course[:, None], shifted // width]
    field[canvas.units % height == 0] = joint
    field[shifted % width == 0] = joint
    return field


def wall_texture(dice: Dice, canvas: Canvas, kind: str) -> np.ndarray:
    """Brightness of a wall of the given kind: int16 (size, size)."""
    weather = smooth_noise(dice, canvas.size, 6, 50, 14)  # rain leaves upright streaks
    if kind == "brick":
        return weather // 2 + masonry(dice, canvas, 4, 10, 20, dice.pick((-34, 26, 38)))
    if kind == "stone":
        height, width = dice.pick(((10, 22), (12, 28), (14, 28)))
        return weather + masonry(dice, canvas, height, width, 14, -34)
    return weather + smooth_noise(dice, canvas.size, 26, 26, 12)


class Style:
    """What one house is made of, by lot. Colours are int16 (3,)."""

    def __init__(self, canvas: Canvas, dice: Dice):
        """Draw all materials from the dice."""
        kind, colours = dice.pick(WALLS)
        self.clad(canvas, dice, kind, dice.tint(dice.pick(colours), 18))
        bright = int(self.wall.sum())  # 0..765
        pale = dice.chance(50) and bright < 540
        self.trim = (
            dice.tint((224, 216, 200)) if pale else self.wall + (46 if bright < 480 else -52)
        )
        self.frame = dice.tint(dice.pick(FRAMES), 8)
        self.glass = dice.tint((44, 52, 62), 12)
        self.reflection = dice.tint((112, 132, 152), 30)
        self.blind = dice.tint(dice.pick(BLINDS), 12)
        self.door = dice.tint(dice.pick(PAINTS))
        self.iron = dice.tint((46, 46, 50), 10)
        self.panes = dice.pick(((2, 2), (2, 3), (2, 1), (1, 2), (3, 3)))  # columns and rows
        self.railing = dice.pick(("iron", "iron", "stone", "closed"))
        self.shutters, self.arched = dice.chance(9), dice.chance(22)
        self.wide = dice.chance(25)  # few wide bays with pairs of windows

    def clad(self, canvas: Canvas, dice: Dice, kind: str, colour: np.ndarray) -> None:
        """Give the walls that are painted from now on a material and a colour."""
        self.wall, self.texture = colour, wall_texture(dice, canvas, kind)


def give_wall(canvas: Canvas, style: Style, box: Box) -> None:
    """Cover a box with the wall."""
    where = canvas.region(box)
    canvas.photo[where] = style.wall + style.texture[where][..., None]
    canvas.ids[where] = FACADE


def round_top(canvas: Canvas, style: Style, box: Box) -> None:
    """Make the top of an opening an arch by giving its corners back to the wall."""
    rise = box.width // 3
    where = canvas.region(box._replace(bottom=box.top + rise))
    corners = canvas.photo[where]
    outside = canvas.ellipse(box._replace(bottom=box.top + 2 * rise))[: len(corners)] > 100
    corners[outside] = style.wall + style.texture[where][outside, None]
    canvas.ids[where][outside] = FACADE


# --- elements -----------------------------------------------------------------------------


def paint_ledge(canvas: Canvas, box: Box, colour, kind: int, shadow: int = 3) -> None:
    """A slab that stands out of the wall: light from above, a shadow below."""
    canvas.shade(Box(box.left + 1, box.bottom, box.right + 1, box.bottom + shadow), -38)
    canvas.fill(box, colour, kind)
    canvas.edges(box, top=24, bottom=-34)


def paint_window(canvas: Canvas, dice: Dice, style: Style, box: Box) -> None:
    """A sash window: frame, glass that mirrors the sky, curtains, bars, shadow of the reveal."""
    canvas.fill(box, style.frame, WINDOW)
    glass = box.inset(2)
    tone = dice.between(-18, 18)
    canvas.gradient(glass, style.reflection + tone, style.glass + tone)
    if dice.chance(35):
        curtain, colour = dice.between(2, 4), dice.tint((206, 200, 186))
        canvas.fill(glass._replace(right=glass.left + curtain), colour)
        canvas.fill(glass._replace(left=glass.right - curtain), colour)
    if dice.chance(50):  # the opposite house in the glass
        skyline = glass.top + glass.height * dice.between(4, 7) // 10
        canvas.shade(glass._replace(top=skyline), -22)
    columns, rows = style.panes
    for column in glass.columns(columns)[1:]:
        canvas.fill(glass._replace(left=column.left, right=column.left + 1), style.frame)
    for row in range(1, rows):
        bar = glass.top + glass.height * row // rows
        canvas.fill(glass._replace(top=bar, bottom=bar + 1), style.frame)
    canvas.shade(box._replace(bottom=box.top + 2), -46)
    canvas.edges(box, left=-30)


def paint_blind(canvas: Canvas, style: Style, box: Box) -> None:
    """Slats: a roller blind or the leaf of a shutter."""
    canvas.fill(box, style.blind, BLIND)
    canvas.stripes(box, 3, -52, across=False)
    canvas.edges(box, top=-40, left=-30, right=-30)


def paint_balcony(canvas: Canvas, dice: Dice, style: Style, box: Box) -> None:
    """A slab with a railing of iron bars, stone balusters or a closed parapet."""
    canvas.shade(Box(box.left + 2, box.bottom, box.right + 2, box.bottom + 6), -44)
    canvas.ids[canvas.region(box)] = BALCONY
    rails = box._replace(bottom=box.bottom - 3)
    if style.railing == "iron":
        canvas.shade(rails, -24)
        canvas.stripes(rails, 4, -200, width=2)
        canvas.fill(rails._replace(bottom=rails.top + 2), style.iron)
    elif style.railing == "stone":
        canvas.fill(rails, style.trim)
        canvas.stripes(rails.inset(2, 3), 6, -96, width=3)
    else:
        canvas.fill(rails, style.iron + 70)
        canvas.shade(rails.inset(3), 26)
        canvas.edges(rails, top=50)
    canvas.fill(box._replace(top=box.bottom - 3), style.trim - 10)
    canvas.edges(box, bottom=-50)
    if dice.chance(25):  # flower boxes
        flowers = box.inset(2, 0)._replace(bottom=box.top + 4)
        canvas.fill(flowers, dice.tint((62, 100, 46)))
        canvas.stripes(flowers.inset(1), 5, dice.pick(((140, -40, 0), (150, 90, 0))), width=2)


def paint_door(canvas: Canvas, style: Style, box: Box) -> None:
    """A double door: stone frame, fanlight, panelled leaves, handle, threshold."""
    canvas.fill(box, style.trim, DOOR)
    leaf = Box(box.left + 2, box.top + 2, box.right - 2, box.bottom)
    light = leaf._replace(bottom=leaf.top + leaf.height // 5)
    canvas.gradient(light, style.reflection, style.glass)
    wood = leaf._replace(top=light.bottom)
    canvas.fill(wood, style.door)
    knob = wood.top + wood.height // 2
    for half in wood.columns(2):
        for panel in (half._replace(bottom=knob - 1), half._replace(top=knob + 2)):
            canvas.shade(panel.inset(2), 26)
            canvas.shade(panel.inset(3), -12)
        canvas.edges(half, left=-50)
    canvas.fill(Box(half.left + 1, knob, half.left + 3, knob + 2), (216, 190, 110))
    canvas.shade(leaf._replace(bottom=leaf.top + 2), -46)
    canvas.fill(box._replace(top=box.bottom - 2), style.trim - 40)


def paint_shop(canvas: Canvas, dice: Dice, style: Style, box: Box) -> None:
    """A shop front: sign, awning, goods behind a large pane, plinth."""
    paint = dice.tint(dice.pick(PAINTS), 20)
    canvas.fill(box, paint, SHOP)
    sign = box._replace(bottom=box.top + 8)
    for letter in sign.inset(6, 2).columns(max(2, box.width // 6)):
        if dice.chance(80):
            canvas.fill(letter._replace(right=letter.right - 2), (238, 226, 190))
    pane = Box(box.left + 2, sign.bottom + 1, box.right - 2, box.bottom - 5)
    canvas.gradient(pane, style.glass + 8, style.glass + 50)
    for good in pane.columns(max(2, pane.width // 7)):
        top = pane.bottom - dice.between(3, max(4, pane.height // 2))
        canvas.fill(good.inset(1, 0)._replace(top=top), dice.tint((190, 150, 110), 50))
    for column in pane.columns(max(1, pane.width // 24))[1:]:
        canvas.fill(pane._replace(left=column.left, right=column.left + 2), paint)
    if dice.chance(60):
        awning = Box(box.left, sign.bottom, box.right, sign.bottom + 9)
        canvas.fill(awning, (232, 226, 214))
        canvas.stripes(awning, 8, paint - 225, width=4)
        canvas.edges(awning, bottom=-50)
        canvas.shade(pane._replace(top=awning.bottom, bottom=awning.bottom + 4), -30)


def paint_pillar(canvas: Canvas, style: Style, box: Box) -> None:
    """A pilaster: lit on the left, dark on the right, with capital and base."""
    canvas.shade(Box(box.right, box.top, box.right + 2, box.bottom), -34)
    canvas.fill(box, style.trim, PILLAR)
    canvas.stripes(box.inset(1, 0), 3, -26)
    canvas.edges(box, left=26, right=-44)
    for end in (box._replace(bottom=box.top + 5), box._replace(top=box.bottom - 5)):
        canvas.fill(end, style.trim + 12)
        canvas.edges(end, bottom=-40)


def paint_molding(canvas: Canvas, style: Style, box: Box, teeth: bool) -> None:
    """A band along the front, with a row of teeth if it is the crown of the house."""
    paint_ledge(canvas, box, style.trim, MOLDING, shadow=4)
    if teeth:
        canvas.stripes(Box(box.left, box.top + 4, box.right, box.bottom - 2), 6, -56, width=3)
    else:
        middle = (box.top + box.bottom) // 2
        canvas.shade(Box(box.left, middle, box.right, middle + 1), -30)


def paint_deco(canvas: Canvas, style: Style, box: Box) -> None:
    """A stucco panel with a round relief."""
    canvas.fill(box, style.trim - 34, DECO)
    canvas.edges(box, top=44, left=44, bottom=-44)
    relief, distance = canvas.photo[canvas.region(box)], canvas.ellipse(box)
    for edge, change in ((70, 46), (30, -50), (6, 66)):
        relief[distance < edge] += change


# --- houses -------------------------------------------------------------------------------


def paint_roof(canvas: Canvas, dice: Dice, box: Box) -> None:
    """A tiled roof with sloping ends and chimneys; it carries no class but background."""
    colour = dice.tint(dice.pick(ROOFS), 12)
    for _ in range(dice.between(0, 3)):
        left = dice.between(box.left + 12, box.right - 24)
        canvas.fill(Box(left, box.top - 10, left + 9, box.bottom), colour - 30)
        canvas.fill(Box(left - 1, box.top - 11, left + 10, box.top - 9), colour)
    for row in box.tapering(box.height * dice.between(0, 3) // 3):
        canvas.fill(row, colour + (-26 if row.top % 4 == 0 else (row.top - box.top) // 2))


def paint_gable(canvas: Canvas, style: Style, box: Box) -> None:
    """A triangle of wall under a sloping roof edge, with an ornament."""
    for row in box.tapering(box.width // 2):
        give_wall(canvas, style, row)
        edge = min(4, row.width // 2)
        canvas.fill(row._replace(right=row.left + edge), style.trim, MOLDING)
        canvas.fill(row._replace(left=row.right - edge), style.trim, MOLDING)
    middle = (box.left + box.right) // 2
    paint_deco(canvas, style, Box(middle - 7, box.bottom - 15, middle + 7, box.bottom - 1))


def paint_bay(canvas: Canvas, dice: Dice, style: Style, bay: Box, plan: Plan) -> None:
    """One opening of a floor with what the floor's plan puts around it."""
    width = max(14, bay.width * plan.width // 100)
    left = (bay.left + bay.right - width) // 2
    opening = Box(left, bay.top + plan.above, left + width, bay.bottom - plan.below)
    pair = style.wide and width >= 30
    for window in opening.inset(-1, 0).columns(2) if pair else [opening]:
        window = window.inset(int(pair), 0)
        paint_window(canvas, dice, style, window)
        if not style.shutters and dice.chance(plan.blinds):
            drop = window.height * dice.pick((40, 60, 100)) // 100
            paint_blind(canvas, style, window._replace(bottom=window.top + drop))
        if style.arched:
            round_top(canvas, style, window)
    leaf = min(width // 2, (bay.width - width) // 2 - 1)
    if style.shutters and leaf >= 5:
        for edge in (opening.left - leaf, opening.right):
            paint_blind(canvas, style, opening._replace(left=edge, right=edge + leaf))
    if plan.cornice:
        head = Box(opening.left - 3, opening.top - plan.cornice, opening.right + 3, opening.top)
        if plan.cornice >= 9:  # high enough for a pediment
            for row in head._replace(bottom=head.bottom - 4).tapering(head.width // 2):
                canvas.fill(row, style.trim - 12, CORNICE)
            head = head._replace(top=head.bottom - 4)
        paint_ledge(canvas, head, style.trim + 8, CORNICE)
    if plan.balcony:
        rail = Box(bay.left + 2, opening.bottom - 11, bay.right - 2, opening.bottom + 5)
        paint_balcony(canvas, dice, style, rail)
    elif plan.sill:
        sill = Box(opening.left - 3, opening.bottom, opening.right + 3, opening.bottom + plan.sill)
        paint_ledge(canvas, sill, style.trim, SILL)


def paint_floor(canvas: Canvas, dice: Dice, style: Style, bays: list[Box]) -> None:
    """An upper floor: one plan for all its bays, balconies in a symmetric pattern."""
    height, last = bays[0].height, len(bays) - 1
    above = max(10, height * dice.between(20, 30) // 100)
    plan = Plan(
        width=dice.between(40, 54) + 18 * style.wide,
        above=above,
        below=max(9, height * dice.between(16, 24) // 100),
        cornice=dice.between(7, min(13, above - 1)) if dice.chance(70) else 0,
        sill=dice.between(6, 9) if dice.chance(95) else 0,
        blinds=dice.pick((0, 6, 6, 20)),
    )
    balconies = dice.pick(("none", "none", "none", "middle", "ends", "all"))
    gap = bays[0].width * (100 - plan.width) // 100 - 8
    if dice.chance(45) and gap >= 9 and not style.shutters:
        top = bays[0].top + above
        for bay in bays[1:]:
            left = bay.left - gap // 2
            paint_deco(canvas, style, Box(left, top, left + gap, top + min(height // 2, 2 * gap)))
    for index, bay in enumerate(bays):
        middle, end = index in (last // 2, (last + 1) // 2), index in (0, last)
        balcony = {"none": False, "middle": middle, "ends": end, "all": True}[balconies]
        paint_bay(canvas, dice, style, bay, replace(plan, balcony=balcony))


def paint_ground_floor(canvas: Canvas, dice: Dice, style: Style, bays: list[Box]) -> None:
    """Doors, and shops or windows beside them."""
    door_at, shops = dice.between(0, len(bays) - 1), dice.chance(50)
    for index, bay in enumerate(bays):
        if index == door_at:
            width = min(bay.width - 8, dice.between(20, 26))
            left = (bay.left + bay.right - width) // 2
            door = Box(left, bay.top + dice.between(6, 12), left + width, bay.bottom)
            paint_door(canvas, style, door)
            if style.arched:
                round_top(canvas, style, door)
        elif shops:
            paint_shop(canvas, dice, style, bay.inset(2, 0)._replace(top=bay.top + 5))
        else:
            paint_bay(canvas, dice, style, bay, Plan(52, above=10, below=16, sill=7, blinds=8))


def paint_house(canvas: Canvas, dice: Dice, box: Box) -> None:
    """One house front: wall, crown, floors, bays, pilasters."""
    style = Style(canvas, dice)
    attic = box._replace(top=box.top - dice.between(10, min(30, box.top - 4)), bottom=box.top)
    if dice.chance(60):
        paint_roof(canvas, dice, attic)
    if dice.chance(25) and box.top >= 34:
        middle, half = (box.left + box.right) // 2, dice.between(26, 40)
        paint_gable(canvas, style, Box(middle - half, box.top - 28, middle + half, box.top))
    give_wall(canvas, style, box)
    crown = box._replace(bottom=box.top + dice.between(8, 15))
    ground = box.bottom - dice.between(44, 56)
    floors = max(1, (ground - crown.bottom) // dice.between(42, 60))
    cuts = [crown.bottom + (ground - crown.bottom) * i // floors for i in range(floors + 1)]
    bays = box.inset(4, 0).columns(max(2, box.width // (dice.between(32, 46) + 14 * style.wide)))
    if dice.chance(16) and bays[0].width >= 32:
        for edge in [bay.left for bay in bays] + [bays[-1].right]:
            paint_pillar(canvas, style, Box(edge - 4, crown.bottom, edge + 4, ground))
        bays = [bay.inset(4, 0) for bay in bays]
    bands = dice.chance(40)
    for index, (top, bottom) in enumerate(pairwise(cuts)):
        paint_floor(canvas, dice, style, [b._replace(top=top, bottom=bottom) for b in bays])
        if bands and index:
            paint_molding(canvas, style, Box(box.left, top - 4, box.right, top + 3), teeth=False)
    if dice.chance(40):  # a ground floor of stone
        style.clad(canvas, dice, "stone", dice.tint((156, 148, 134), 24))
        give_wall(canvas, style, box._replace(top=ground))
    bays = [bay._replace(top=ground, bottom=box.bottom) for bay in bays]
    paint_ground_floor(canvas, dice, style, bays)
    paint_molding(canvas, style, Box(box.left, ground - 3, box.right, ground + 5), teeth=False)
    paint_molding(canvas, style, crown, teeth=dice.chance(60))


def paint_surroundings(canvas: Canvas, dice: Dice, street: int) -> None:
    """Sky, clouds and far houses above the line `street`; pavement and roadway below it."""
    sky = dice.tint(dice.pick(SKIES), 14)
    canvas.gradient(Box(0, 0, UNITS, street), sky - 24, sky + 18)
    canvas.photo += smooth_noise(dice, canvas.size, 13, 9, 44).clip(0)[..., None]
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
    middle = (box.left + box.right) // 2
    canvas.fill(Box(middle - 2, box.top + box.height // 2, middle + 2, box.bottom), (70, 54, 42))
    crown = box._replace(bottom=box.bottom - box.height // 4)
    leaves = canvas.photo[canvas.region(crown)]
    inside = canvas.ellipse(crown) + dice.noise(*leaves.shape[:2]) // 4 < 90
    green = dice.tint((66, 98, 50)) + dice.noise(*leaves.shape[:2], 1) // 4
    leaves[inside] = green[inside]


def develop(canvas: Canvas, dice: Dice) -> np.ndarray:
    """The photograph: uneven light, a lens that is not quite sharp, grain. uint8 (H, W, 3)."""
    size = canvas.size
    light = 256 + smooth_noise(dice, size, 5, 5, 36) + smooth_noise(dice, size, 2, 2, 60)
    photo = canvas.photo.clip(0, 255).astype(np.int32) * light[..., None] >> 8
    for axes in ((0, 1, 2), (1, 0, 2)):
        lines = photo.transpose(axes)
        lines[1:-1] = (lines[:-2] + 6 * lines[1:-1] + lines[2:]) >> 3
    photo += (dice.noise(size, size, 1) + dice.noise(size, size, 1)) >> 5
    return photo.clip(0, 255).astype(np.uint8)


def paint_pair(seed: int, size: int = 256) -> PaintedPair:
    """Paint a label map and its photo.

    Args:
        seed: not negative; another seed gives another street.
        size: side of the square pictures in pixels, at least 64.

    Returns:
        A `PaintedPair`. The same seed and size give the same bytes on every machine.

    Raises:
        ValueError: a negative seed, or a size below 64 (windows would vanish).
    """
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
        paint_house(canvas, dice, Box(start, dice.between(16, 50), stop, street))
    return PaintedPair(develop(canvas, dice), PALETTE.to_rgb(canvas.ids), canvas.ids)


# --- files --------------------------------------------------------------------------------

VERSION = 1
"""Counts up when the same seed would give another picture; a folder remembers it."""

SET_SEEDS = 1_000_000
SEEDS = {
    "train": range(0, 400_000),
    "val": range(400_000, 500_000),
    "test": range(500_000, SET_SEEDS),
}
"""The seeds of the splits of set 0; set n adds n × `SET_SEEDS`. No two splits or sets share one."""


def paint_folder(folder, train=400, val=50, test=100, size=256, seed=0, progress=True) -> Path:
    """Paint a data set to disk: `<folder>/{train,val,test}/0001.png` and `dataset.json`.

    Each file is the photo (left, A) beside the label map (right, B), as in the published
    facades. The set is painted into `<folder>.partial` and renamed at the end, so a folder that
    exists is complete. A folder that holds this very set already is left alone.

    Args:
        folder: where the set shall lie; its parent folders are made.
        train, val, test: number of pairs in each split; a split of 0 is left out.
        size: side of a picture in pixels; a file is twice as wide.
        seed: 0 or more; another number gives another set with no pair in common.
        progress: show a progress bar.

    Returns:
        The folder.

    Raises:
        FileExistsError: the folder holds something else.
        ValueError: a size or seed that `paint_pair` refuses, or an impossible number of pairs.
    """
    folder = Path(folder)
    pairs = {split: n for split, n in zip(SEEDS, (train, val, test), strict=True) if n}
    facts = {"name": "painted", "direction": "BtoA", "palette": "facades", "label_side": "B"}
    facts |= {"size": size, "seed": seed, "pairs": pairs, "painter": VERSION}
    for split, count in pairs.items():
        if not 0 < count <= len(SEEDS[split]):
            raise ValueError(f"{split} = {count} pairs: use 0 to {len(SEEDS[split])}")
    if _holds(folder, facts):
        return folder
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():  # an earlier call was interrupted
        shutil.rmtree(partial)
    with tqdm(total=sum(pairs.values()), unit="pair", disable=None if progress else True) as bar:
        bar.set_description(f"painting {folder.name}")
        for split, count in pairs.items():
            (partial / split).mkdir(parents=True)
            for number, pair_seed in enumerate(SEEDS[split][:count], start=1):
                photo, label, _ = paint_pair(SET_SEEDS * seed + pair_seed, size)
                picture = Image.fromarray(np.concatenate([photo, label], axis=1))
                picture.save(partial / split / f"{number:04}.png", compress_level=2)
                bar.update()
    (partial / "dataset.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if folder.exists():
        folder.rmdir()  # empty, or `_holds` would have refused it
    partial.rename(folder)
    return folder


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
