"""What the painter paints on, and its random draws.

A `Canvas` holds a photo and its class ids, addressed in units: 256 to the side of the picture
whatever its size in pixels. `Dice` draws whole numbers from a stream that NumPy keeps fixed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

UNITS = 256  # to the side of a canvas, across and down


class Box(NamedTuple):
    """A rectangle in units; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Units from left to right."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Units from top to bottom."""
        return self.bottom - self.top

    def inset(self, x: int, y: int | None = None) -> "Box":
        """The box with `x` units taken off at the sides and `y` (or `x`) at top and bottom."""
        y = x if y is None else y
        return Box(self.left + x, self.top + y, self.right - x, self.bottom - y)

    def middle(self, width: int, above: int = 0, below: int = 0) -> "Box":
        """A box of this width in the middle, with units `above` and `below` it left free."""
        left = (self.left + self.right - width) // 2
        return Box(left, self.top + above, left + width, self.bottom - below)

    def columns(self, count: int) -> list["Box"]:
        """The box cut into `count` columns."""
        cuts = [self.left + self.width * i // count for i in range(count + 1)]
        return [self._replace(left=cuts[i], right=cuts[i + 1]) for i in range(count)]

    def rows(self, count: int) -> list["Box"]:
        """The box cut into `count` rows."""
        cuts = [self.top + self.height * i // count for i in range(count + 1)]
        return [self._replace(top=cuts[i], bottom=cuts[i + 1]) for i in range(count)]

    def tapering(self, indent: int) -> Iterator["Box"]:
        """The rows of a trapezium or triangle: cut by `indent` at the top, by nothing below."""
        for row in range(self.top, self.bottom):
            cut = indent * (self.bottom - row) // self.height
            yield Box(self.left + cut, row, self.right - cut, row + 1)


class Dice:
    """Random draws from a seed (not negative): single numbers from one stream, noise from another.

    So the single numbers, which make the layout, do not depend on how much noise a size needs.
    """

    def __init__(self, seed: int):
        self._single, self._noise = np.random.PCG64(seed), np.random.PCG64([seed, 1])

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + ((self._single.random_raw() >> 32) * (high - low + 1) >> 32)

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.between(1, 100) <= percent

    def pick(self, options):
        """One of the options."""
        return options[self.between(0, len(options) - 1)]

    def tint(self, colour, spread: int = 14) -> np.ndarray:
        """A colour near the given one: int16 (3,)."""
        common = self.between(-spread, spread)
        return np.array([c + common + self.between(-spread, spread) // 2 for c in colour], np.int16)

    def noise(self, *shape: int) -> np.ndarray:
        """Independent whole numbers from -128 to 127: int16 of the given shape."""
        count = int(np.prod(shape))
        words = self._noise.random_raw(-(-count // 8)).astype("<u8")
        return words.view(np.int8)[:count].reshape(shape).astype(np.int16)

    def blotches(self, size: int, rows: int, columns: int, strength: int) -> np.ndarray:
        """Soft noise from -strength to strength, rows×columns blotches: int16 (size, size)."""
        knots = self.noise(rows, columns).astype(np.int32) * strength >> 7
        return (_stretch(_stretch(knots, size).T, size).T >> 16).astype(np.int16)

    def masonry(self, canvas: "Canvas", height: int, width: int, tone: int, joint: int):
        """Courses of bricks, each of its own brightness, with joints: int16 (size, size)."""
        course = canvas.units // height
        shifted = canvas.units[None, :] + course[:, None] % 2 * (width // 2)
        tones = self.noise(UNITS // height + 1, UNITS // width + 2) * tone // 128
        field = tones[course[:, None], shifted // width]
        field[canvas.units % height == 0] = joint
        field[shifted % width == 0] = joint
        return field


def _stretch(values: np.ndarray, size: int) -> np.ndarray:
    """The rows of `values` interpolated to `size` rows, times 256."""
    place = (2 * np.arange(size) + 1) * 128 * (len(values) - 1) // size
    above, share = place // 256, (place % 256).astype(np.int32)[:, None]
    return values[above] * (256 - share) + values[above + 1] * share


class Canvas:
    """Photo and class ids of size×size pixels that are painted together; at first class 0."""

    def __init__(self, size: int):
        self.size = size
        self.photo = np.zeros((size, size, 3), np.int16)  # clipped to 0..255 at the very end
        self.ids = np.zeros((size, size), np.uint8)
        # the unit in which the centre of each row (or column) lies
        self.units = (2 * np.arange(size, dtype=np.int64) + 1) * UNITS // (2 * size)

    def region(self, box: Box) -> tuple[slice, slice]:
        """The pixels of a box, as an index into `photo` and `ids`."""
        left, top, right, bottom = (max(0, edge) * self.size // UNITS for edge in box)
        return slice(top, bottom), slice(left, right)

    def fill(self, box: Box, colour, kind: int | None = None, **edges: int) -> None:
        """Paint a box in one colour, with `kind` its class too, and shade its `edges`."""
        where = self.region(box)
        self.photo[where] = colour
        if kind is not None:
            self.ids[where] = kind
        self.edges(box, **edges)

    def gradient(self, box: Box, above, below) -> None:
        """Paint a box in colours that run from `above` to `below`."""
        rows, columns = self.region(box)
        height = max(0, rows.stop - rows.start)
        share = np.arange(height)[:, None] * 256 // max(1, height)
        self.photo[rows, columns] = ((above * (256 - share) + below * share) >> 8)[:, None]

    def shade(self, box: Box, change: int) -> None:
        """Make a box lighter (or darker, if `change` is negative)."""
        self.photo[self.region(box)] += change

    def edges(self, box: Box, top=0, left=0, right=0, bottom=0) -> None:
        """Shade the outermost unit of a box on the sides that are named."""
        self.shade(box._replace(bottom=box.top + 1), top)
        self.shade(box._replace(right=box.left + 1), left)
        self.shade(box._replace(left=box.right - 1), right)
        self.shade(box._replace(top=box.bottom - 1), bottom)

    def stripes(self, box: Box, period: int, change: int, width: int = 1, across=True) -> None:
        """Shade the first `width` units of every `period` units, down the box or `across` it."""
        rows, columns = self.region(box)
        pixels = self.photo[rows, columns]
        if across:
            pixels[:, (self.units[columns] - box.left) % period < width] += change
        else:
            pixels[(self.units[rows] - box.top) % period < width] += change

    def ellipse(self, box: Box) -> np.ndarray:
        """Squared distance of a box's pixels from its centre; 100 on the inscribed ellipse."""
        rows, columns = self.region(box)
        x = 2 * self.units[None, columns] + 1 - box.left - box.right
        y = 2 * self.units[rows, None] + 1 - box.top - box.bottom
        return 100 * (x * x * box.height**2 + y * y * box.width**2) // (box.width * box.height) ** 2
