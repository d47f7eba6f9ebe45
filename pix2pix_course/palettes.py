"""Label colours: the classes of a label map, their colours, and the way between the two.

Notebook 01 reads a label map with these; evaluation turns label maps into class ids with them.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Palette:
    """Names and colours, (red, green, blue) from 0 to 255; a class id is a place in both."""

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]

    def __post_init__(self):
        """Refuse tables that do not fit together with a `ValueError`."""
        if len(self.names) != len(self.colours):
            raise ValueError(f"{len(self.names)} names but {len(self.colours)} colours")
        if len(set(self.colours)) != len(self.colours):
            raise ValueError("two classes share a colour; each class needs its own")

    def __len__(self) -> int:
        """Number of classes."""
        return len(self.names)

    def to_ids(self, image: np.ndarray) -> np.ndarray:
        """Class ids of a coloured label map, uint8 RGB (..., 3) → uint8 (...), by nearest colour.

        Colours that JPEG has disturbed a little fall back to the class that they came from.
        """
        image = np.asarray(image)
        if image.dtype != np.uint8 or image.ndim < 1 or image.shape[-1] != 3:
            raise ValueError(
                f"a coloured label map is uint8 with shape (..., 3), not {image.dtype} with shape"
                f" {image.shape}; load it with pairs.read_image"
            )
        # |x - c|² = |x|² - 2 (x·c - |c|²/2): the nearest colour has the largest bracket. Its
        # doubled terms are whole numbers far below 2²⁴, so float32 holds them exactly.
        pixels = np.ascontiguousarray(image.reshape(-1, 3).T, np.float32)
        best = np.full(pixels.shape[1], -np.inf, np.float32)
        ids = np.zeros(pixels.shape[1], np.uint8)
        for index, colour in enumerate(np.array(self.colours, np.float32)):
            # einsum rather than @: for three channels BLAS would only wake its threads
            score = np.einsum("c,cp->p", colour, pixels) - (colour**2).sum() / 2
            ids[score > best] = index
            best = np.maximum(best, score)
        return ids.reshape(image.shape[:-1])

    def to_rgb(self, ids: np.ndarray) -> np.ndarray:
        """Colours of class ids, the inverse of `to_ids`: integers (...) → uint8 RGB (..., 3)."""
        ids = np.asarray(ids)
        if ids.size and not 0 <= ids.min() <= ids.max() < len(self):
            raise ValueError(
                f"class ids run from 0 to {len(self) - 1}; found {ids.min()} to {ids.max()}"
            )
        return np.array(self.colours, np.uint8)[ids]

    def snap(self, image: np.ndarray) -> np.ndarray:
        """The same label map in pure palette colours: uint8 (..., 3) in, uint8 (..., 3) out."""
        return self.to_rgb(self.to_ids(image))


def _palette(text: str) -> Palette:
    """A palette from "name red green blue, name red green blue, …"."""
    classes = [entry.rsplit(maxsplit=3) for entry in text.split(",")]
    return Palette(
        tuple(name.strip() for name, *_ in classes),
        tuple(tuple(map(int, colour)) for _, *colour in classes),
    )


PALETTES = {
    # The CMP facade classes as coloured in the archive published with pix2pix (measured).
    "facades": _palette(
        "background 0 0 222, facade 0 48 255, window 0 128 255, door 0 207 255, cornice 32 255 223,"
        "sill 112 255 143, balcony 192 255 63, blind 255 239 0, deco 255 159 0, molding 255 80 0,"
        "pillar 255 0 0, shop 175 0 0"
    ),
    # The 19 classes that Cityscapes is trained on, and black for all that carries no label.
    "cityscapes": _palette(
        "road 128 64 128, sidewalk 244 35 232, building 70 70 70, wall 102 102 156,"
        "fence 190 153 153, pole 153 153 153, traffic light 250 170 30, traffic sign 220 220 0,"
        "vegetation 107 142 35, terrain 152 251 152, sky 70 130 180, person 220 20 60,"
        "rider 255 0 0, car 0 0 142, truck 0 0 70, bus 0 60 100, train 0 80 100,"
        "motorcycle 0 0 230, bicycle 119 11 32, unlabelled 0 0 0"
    ),
}
"""The palettes that the course knows, by the names that `dataset.json` and `Config` use."""
