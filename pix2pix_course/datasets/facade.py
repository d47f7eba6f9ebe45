"""How a house front is drawn: materials, the elements made of them, and what stands where.

A `House` is painted as a photo and as class ids at once. Its layout is decided by random draws on
a grid of 256×256 units, whatever the size of the picture.
"""

import numpy as np

from pix2pix_course.datasets.canvas import Box, Canvas, Dice

BACKGROUND, FACADE, WINDOW, DOOR, CORNICE, SILL = range(6)  # class ids, as in the palette facades
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


class House:
    """One house: what it is made of, by random draws, and how its parts are painted.

    Colours are int16 (3,). Each method paints one part into its box; `build` paints all.
    """

    def __init__(self, canvas: Canvas, dice: Dice):
        self.canvas, self.dice = canvas, dice
        kind, colours = dice.pick(WALLS)
        self.clad(kind, dice.tint(dice.pick(colours), 18))
        bright = int(self.colour.sum())  # 0..765
        pale = dice.chance(50) and bright < 540
        contrast = self.colour + (46 if bright < 480 else -52)
        self.trim = dice.tint((224, 216, 200)) if pale else contrast
        self.frame = dice.tint(dice.pick(FRAMES), 8)
        self.glass = dice.tint((44, 52, 62), 12)
        self.reflection = dice.tint((112, 132, 152), 30)
        self.slats = dice.tint(dice.pick(BLINDS), 12)
        self.wood = dice.tint(dice.pick(PAINTS))
        self.iron = dice.tint((46, 46, 50), 10)
        self.panes = dice.pick(((2, 2), (2, 3), (2, 1), (1, 2), (3, 3)))  # columns and rows
        self.railing = dice.pick(("iron", "iron", "stone", "closed"))
        self.shutters, self.arched = dice.chance(9), dice.chance(22)
        self.wide = dice.chance(25)  # few wide bays with pairs of windows

    # --- parts --------------------------------------------------------------------------------

    def clad(self, kind: str, colour: np.ndarray) -> None:
        """Give the walls that are painted from now on a material and a colour."""
        dice, canvas = self.dice, self.canvas
        texture = dice.blotches(canvas.size, 6, 50, 14)  # rain leaves upright streaks
        if kind == "brick":
            texture = texture // 2 + dice.masonry(canvas, 4, 10, 20, dice.pick((-34, 26, 38)))
        elif kind == "stone":
            height, width = dice.pick(((10, 22), (12, 28), (14, 28)))
            texture = texture + dice.masonry(canvas, height, width, 14, -34)
        else:
            texture = texture + dice.blotches(canvas.size, 26, 26, 12)
        self.colour, self.texture = colour, texture

    def wall(self, box: Box) -> None:
        """Cover a box with the wall."""
        where = self.canvas.region(box)
        self.canvas.photo[where] = self.colour + self.texture[where][..., None]
        self.canvas.ids[where] = FACADE

    def arch(self, box: Box) -> None:
        """Make the top of an opening round by giving its corners back to the wall."""
        rise = box.width // 3
        where = self.canvas.region(box._replace(bottom=box.top + rise))
        corners = self.canvas.photo[where]
        ellipse = self.canvas.ellipse(box._replace(bottom=box.top + 2 * rise))
        outside = ellipse[: len(corners)] > 100
        corners[outside] = self.colour + self.texture[where][outside, None]
        self.canvas.ids[where][outside] = FACADE

    def ledge(self, box: Box, colour, kind: int, shadow: int = 3) -> None:
        """A slab that stands out of the wall: light from above, a shadow below."""
        self.canvas.shade(Box(box.left + 1, box.bottom, box.right + 1, box.bottom + shadow), -38)
        self.canvas.fill(box, colour, kind, top=24, bottom=-34)

    def window(self, box: Box) -> None:
        """A sash window: frame, glass that mirrors the sky, curtains, bars, the reveal."""
        canvas, dice = self.canvas, self.dice
        canvas.fill(box, self.frame, WINDOW)
        glass = box.inset(2)
        tone = dice.between(-18, 18)
        canvas.gradient(glass, self.reflection + tone, self.glass + tone)
        if dice.chance(35):
            curtain, colour = dice.between(2, 4), dice.tint((206, 200, 186))
            canvas.fill(glass._replace(right=glass.left + curtain), colour)
            canvas.fill(glass._replace(left=glass.right - curtain), colour)
        if dice.chance(50):  # the opposite house in the glass
            skyline = glass.top + glass.height * dice.between(4, 7) // 10
            canvas.shade(glass._replace(top=skyline), -22)
        for column in glass.columns(self.panes[0])[1:]:
            canvas.fill(column._replace(right=column.left + 1), self.frame)
        for row in glass.rows(self.panes[1])[1:]:
            canvas.fill(row._replace(bottom=row.top + 1), self.frame)
        canvas.shade(box._replace(bottom=box.top + 2), -46)
        canvas.edges(box, left=-30)

    def blind(self, box: Box) -> None:
        """Slats: a roller blind or the leaf of a shutter."""
        self.canvas.fill(box, self.slats, BLIND, top=-40, left=-30, right=-30)
        self.canvas.stripes(box, 3, -52, across=False)

    def balcony(self, box: Box) -> None:
        """A slab with a railing of iron bars, stone balusters or a closed parapet."""
        canvas, dice = self.canvas, self.dice
        canvas.shade(Box(box.left + 2, box.bottom, box.right + 2, box.bottom + 6), -44)
        canvas.ids[canvas.region(box)] = BALCONY
        rails = box._replace(bottom=box.bottom - 3)
        if self.railing == "iron":
            canvas.shade(rails, -24)
            canvas.stripes(rails, 4, -200, width=2)
            canvas.fill(rails._replace(bottom=rails.top + 2), self.iron)
        elif self.railing == "stone":
            canvas.fill(rails, self.trim)
            canvas.stripes(rails.inset(2, 3), 6, -96, width=3)
        else:
            canvas.fill(rails, self.iron + 70, top=50)
            canvas.shade(rails.inset(3), 26)
        canvas.fill(box._replace(top=box.bottom - 3), self.trim - 10, bottom=-50)
        if dice.chance(25):  # flower boxes
            flowers = box.inset(2, 0)._replace(bottom=box.top + 4)
            canvas.fill(flowers, dice.tint((62, 100, 46)))
            blossom = dice.pick(((140, -40, 0), (150, 90, 0)))
            canvas.stripes(flowers.inset(1), 5, blossom, width=2)

    def door(self, box: Box) -> None:
        """A double door: stone frame, fanlight, panelled leaves, handle, threshold."""
        canvas = self.canvas
        canvas.fill(box, self.trim, DOOR)
        leaf = box.middle(box.width - 4, above=2)
        light = leaf._replace(bottom=leaf.top + leaf.height // 5)
        canvas.gradient(light, self.reflection, self.glass)
        wood = leaf._replace(top=light.bottom)
        canvas.fill(wood, self.wood)
        knob = wood.top + wood.height // 2
        for half in wood.columns(2):
            for panel in (half._replace(bottom=knob - 1), half._replace(top=knob + 2)):
                canvas.shade(panel.inset(2), 26)
                canvas.shade(panel.inset(3), -12)
            canvas.edges(half, left=-50)
        canvas.fill(Box(half.left + 1, knob, half.left + 3, knob + 2), (216, 190, 110))
        canvas.shade(leaf._replace(bottom=leaf.top + 2), -46)
        canvas.fill(box._replace(top=box.bottom - 2), self.trim - 40)

    def shop(self, box: Box) -> None:
        """A shop front: sign, awning, goods behind a large pane, plinth."""
        canvas, dice = self.canvas, self.dice
        paint = dice.tint(dice.pick(PAINTS), 20)
        canvas.fill(box, paint, SHOP)
        sign = box._replace(bottom=box.top + 8)
        for letter in sign.inset(6, 2).columns(max(2, box.width // 6)):
            if dice.chance(80):
                canvas.fill(letter._replace(right=letter.right - 2), (238, 226, 190))
        pane = Box(box.left + 2, sign.bottom + 1, box.right - 2, box.bottom - 5)
        canvas.gradient(pane, self.glass + 8, self.glass + 50)
        for good in pane.columns(max(2, pane.width // 7)):
            top = pane.bottom - dice.between(3, max(4, pane.height // 2))
            canvas.fill(good.inset(1, 0)._replace(top=top), dice.tint((190, 150, 110), 50))
        for column in pane.columns(max(1, pane.width // 24))[1:]:
            canvas.fill(column._replace(right=column.left + 2), paint)
        if dice.chance(60):
            awning = Box(box.left, sign.bottom, box.right, sign.bottom + 9)
            canvas.fill(awning, (232, 226, 214), bottom=-50)
            canvas.stripes(awning, 8, paint - 225, width=4)
            canvas.shade(pane._replace(top=awning.bottom, bottom=awning.bottom + 4), -30)

    def pillar(self, box: Box) -> None:
        """A pilaster: lit on the left, dark on the right, with capital and base."""
        self.canvas.shade(Box(box.right, box.top, box.right + 2, box.bottom), -34)
        self.canvas.fill(box, self.trim, PILLAR, left=26, right=-44)
        self.canvas.stripes(box.inset(1, 0), 3, -26)
        for end in (box._replace(bottom=box.top + 5), box._replace(top=box.bottom - 5)):
            self.canvas.fill(end, self.trim + 12, bottom=-40)

    def molding(self, box: Box, teeth: bool = False) -> None:
        """A band along the front, with a row of teeth if it is the crown of the house."""
        self.ledge(box, self.trim, MOLDING, shadow=4)
        if teeth:
            self.canvas.stripes(box.middle(box.width, above=4, below=2), 6, -56, width=3)
        else:
            middle = (box.top + box.bottom) // 2
            self.canvas.shade(box._replace(top=middle, bottom=middle + 1), -30)

    def deco(self, box: Box) -> None:
        """A stucco panel with a round relief."""
        self.canvas.fill(box, self.trim - 34, DECO, top=44, left=44, bottom=-44)
        relief, distance = self.canvas.photo[self.canvas.region(box)], self.canvas.ellipse(box)
        for edge, change in ((70, 46), (30, -50), (6, 66)):
            relief[distance < edge] += change

    def roof(self, box: Box) -> None:
        """A tiled roof with sloping ends and chimneys; its class is the background's."""
        dice, colour = self.dice, self.dice.tint(self.dice.pick(ROOFS), 12)
        for _ in range(dice.between(0, 3)):
            left = dice.between(box.left + 12, box.right - 24)
            self.canvas.fill(Box(left, box.top - 10, left + 9, box.bottom), colour - 30)
            self.canvas.fill(Box(left - 1, box.top - 11, left + 10, box.top - 9), colour)
        for row in box.tapering(box.height * dice.between(0, 3) // 3):
            tile = -26 if row.top % 4 == 0 else (row.top - box.top) // 2
            self.canvas.fill(row, colour + tile)

    def gable(self, box: Box) -> None:
        """A triangle of wall under a sloping roof edge, with an ornament."""
        for row in box.tapering(box.width // 2):
            self.wall(row)
            edge = min(4, row.width // 2)
            self.canvas.fill(row._replace(right=row.left + edge), self.trim, MOLDING)
            self.canvas.fill(row._replace(left=row.right - edge), self.trim, MOLDING)
        self.deco(box.middle(14, above=box.height - 15, below=1))

    # --- layout -------------------------------------------------------------------------------

    def bay(self, bay: Box, opening: Box, sill=0, blinds=0, cornice=0, balcony=False) -> None:
        """One opening and what is around it: heights in units or 0, percent of blinds."""
        pair = self.wide and opening.width >= 30
        for window in opening.inset(-1, 0).columns(2) if pair else [opening]:
            window = window.inset(int(pair), 0)
            self.window(window)
            if not self.shutters and self.dice.chance(blinds):
                drop = window.height * self.dice.pick((40, 60, 100)) // 100
                self.blind(window._replace(bottom=window.top + drop))
            if self.arched:
                self.arch(window)
        leaf = min(opening.width // 2, (bay.width - opening.width) // 2 - 1)
        if self.shutters and leaf >= 5:
            for edge in (opening.left - leaf, opening.right):
                self.blind(opening._replace(left=edge, right=edge + leaf))
        ledge = opening.inset(-3, 0)
        if cornice:
            head = ledge._replace(top=opening.top - cornice, bottom=opening.top)
            if cornice >= 9:  # high enough for a pediment
                for row in head._replace(bottom=head.bottom - 4).tapering(head.width // 2):
                    self.canvas.fill(row, self.trim - 12, CORNICE)
                head = head._replace(top=head.bottom - 4)
            self.ledge(head, self.trim + 8, CORNICE)
        if balcony:
            self.balcony(Box(bay.left + 2, opening.bottom - 11, bay.right - 2, opening.bottom + 5))
        elif sill:
            slab = ledge._replace(top=opening.bottom, bottom=opening.bottom + sill)
            self.ledge(slab, self.trim, SILL)

    def floor(self, bays: list[Box]) -> None:
        """An upper floor: its bays are alike; balconies nowhere or in a symmetric pattern."""
        dice, height, last = self.dice, bays[0].height, len(bays) - 1
        above = max(10, height * dice.between(20, 30) // 100)
        share = dice.between(40, 54) + 18 * self.wide  # of the openings in the width, percent
        below = max(9, height * dice.between(16, 24) // 100)
        cornice = dice.between(7, min(13, above - 1)) if dice.chance(70) else 0
        sill = dice.between(6, 9) if dice.chance(95) else 0
        blinds = dice.pick((0, 6, 6, 20))
        middle, ends, all_bays = (last // 2, (last + 1) // 2), (0, last), range(last + 1)
        balconies = dice.pick(((), (), (), middle, ends, all_bays))
        gap = bays[0].width * (100 - share) // 100 - 8
        if dice.chance(45) and gap >= 9 and not self.shutters:
            top = bays[0].top + above
            for bay in bays[1:]:
                left = bay.left - gap // 2
                self.deco(Box(left, top, left + gap, top + min(height // 2, 2 * gap)))
        for index, bay in enumerate(bays):
            opening = bay.middle(max(14, bay.width * share // 100), above, below)
            self.bay(bay, opening, sill, blinds, cornice, index in balconies)

    def ground_floor(self, bays: list[Box]) -> None:
        """Doors, and shops or windows beside them."""
        door_at, shops = self.dice.between(0, len(bays) - 1), self.dice.chance(50)
        for index, bay in enumerate(bays):
            if index == door_at:
                width = min(bay.width - 8, self.dice.between(20, 26))
                door = bay.middle(width, above=self.dice.between(6, 12))
                self.door(door)
                if self.arched:
                    self.arch(door)
            elif shops:
                self.shop(bay.inset(2, 0)._replace(top=bay.top + 5))
            else:
                opening = bay.middle(max(14, bay.width * 52 // 100), above=10, below=16)
                self.bay(bay, opening, sill=7, blinds=8)

    def build(self, box: Box) -> None:
        """The whole front: roof, wall, crown, floors, bays, pilasters."""
        dice = self.dice
        attic = box._replace(top=box.top - dice.between(10, min(30, box.top - 4)), bottom=box.top)
        if dice.chance(60):
            self.roof(attic)
        if dice.chance(25) and box.top >= 34:
            gable = box.middle(2 * dice.between(26, 40))
            self.gable(gable._replace(top=box.top - 28, bottom=box.top))
        self.wall(box)
        crown = box._replace(bottom=box.top + dice.between(8, 15))
        ground = box.bottom - dice.between(44, 56)
        upper = box._replace(top=crown.bottom, bottom=ground)
        floors = upper.rows(max(1, upper.height // dice.between(42, 60)))
        count = max(2, box.width // (dice.between(32, 46) + 14 * self.wide))
        bays = box.inset(4, 0).columns(count)
        if dice.chance(16) and bays[0].width >= 32:
            for edge in [bay.left for bay in bays] + [bays[-1].right]:
                self.pillar(Box(edge - 4, crown.bottom, edge + 4, ground))
            bays = [bay.inset(4, 0) for bay in bays]
        bands = dice.chance(40)
        for index, (_, top, _, bottom) in enumerate(floors):
            self.floor([bay._replace(top=top, bottom=bottom) for bay in bays])
            if bands and index:
                self.molding(box._replace(top=top - 4, bottom=top + 3))
        if dice.chance(40):  # a ground floor of stone
            self.clad("stone", dice.tint((156, 148, 134), 24))
            self.wall(box._replace(top=ground))
        self.ground_floor([bay._replace(top=ground, bottom=box.bottom) for bay in bays])
        self.molding(box._replace(top=ground - 3, bottom=ground + 5))
        self.molding(crown, teeth=dice.chance(60))
