"""Picture files: find them, read any of them as plain RGB, work on them piece by piece."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps, UnidentifiedImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")


class DatasetError(Exception):
    """Something is wrong with data; the message names the file or folder and says what to do."""


class BadFileError(DatasetError):
    """One file is not usable: its `path`, the `problem`, and some `advice`."""

    def __init__(self, path: str | Path, problem: str, advice: str):
        super().__init__(f"{path} {problem}: {advice}")
        self.path, self.problem, self.advice = Path(path), problem, advice


def image_files(folder: Path) -> list[Path]:
    """The files of a folder that are pictures by their suffix, no `.hidden` ones, 2 before 10.

    Raises:
        DatasetError: the folder cannot be read, or a picture in it is a link to nothing.
    """
    try:
        files = [file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES]
        files = [file for file in files if not file.name.startswith(".")]
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be read ({error.strerror}): ask for the right to, or copy it"
        ) from error
    for file in files:
        if file.is_symlink() and not file.exists():  # passed over, it would be missed by nobody
            raise BadFileError(file, "is a link to nothing", "bring back its target, or remove it")
    return sorted(filter(Path.is_file, files), key=natural)


def natural(file: Path) -> tuple:
    """A sort key that counts: 2.jpg comes before 10.jpg."""
    words = re.split(r"(\d+)", file.name.lower())
    return [int(word) if word.isdecimal() else word for word in words], file.name


def find_images(inputs: Iterable[Path]) -> list[Path]:
    """The files among `inputs`, and the images directly in its folders.

    Raises:
        DatasetError: there is none.
    """
    files = []
    for item in map(Path, inputs):
        if not item.exists():
            raise DatasetError(f"{item} does not exist: check the path")
        if not (item.is_dir() or item.is_file()):  # a pipe or device would make us wait for ever
            raise DatasetError(f"{item} is neither a file nor a folder: name a picture")
        files += image_files(item) if item.is_dir() else [item]
    if not files:
        raise DatasetError(f"no image ({', '.join(SUFFIXES)}) among {', '.join(map(str, inputs))}")
    return files


def read_image(path: str | Path) -> np.ndarray:
    """Read any image file as RGB: uint8 (H, W, 3), upright, transparent parts on white.

    Grey, 16-bit, CMYK and palette images become 8-bit RGB.

    Raises:
        BadFileError: not there, no image, truncated, or far too large; names the file.
    """
    try:
        with Image.open(path) as image:
            return to_rgb(ImageOps.exif_transpose(image))  # a camera notes how it was held
    except (FileNotFoundError, IsADirectoryError):
        raise BadFileError(path, "is not there", "check the path") from None
    except PermissionError:
        raise BadFileError(path, "may not be read by you", "ask for the right to") from None
    except UnidentifiedImageError:
        raise BadFileError(path, "is not an image", "replace it, or remove it") from None
    except Image.DecompressionBombError as error:
        raise BadFileError(path, f"is far too large ({error})", "scale it down") from None
    # Pillow's decoders fail in many ways on damaged files (OSError, SyntaxError, ValueError,
    # struct.error, ...); for the reader they all mean the same.
    except Exception as error:
        advice = "save or fetch it again, or remove it"
        raise BadFileError(path, f"is truncated or damaged ({error})", advice) from error


def to_rgb(image: Image.Image) -> np.ndarray:
    """Any Pillow image as uint8 RGB (H, W, 3)."""
    if image.mode == "F":
        raise ValueError("floating-point pixels say not what white is; save 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion cuts off at 255
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65535:
            raise ValueError("32-bit pixels say not what white is; save 8 or 16 bits")
        grey = ((deep * 255 + 32767) // 65535).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def in_pieces(function: Callable, image: np.ndarray, side: int, overlap: int) -> np.ndarray:
    """A function of squares of an image (H, W, C), put together; each fades into its neighbours."""

    def places(length):
        last = max(0, length - side)
        return [*range(0, last, side - overlap), last]

    def fade(length):  # 1 inside, falling towards both ends
        steps = np.arange(1, length + 1)
        return np.minimum(np.minimum(steps, steps[::-1]) / overlap, 1).astype(np.float32)

    total, weights = 0.0, np.zeros((*image.shape[:2], 1), np.float32)
    for top in places(image.shape[0]):
        for left in places(image.shape[1]):
            where = slice(top, top + side), slice(left, left + side)
            made = function(image[where])
            weight = np.multiply.outer(*map(fade, made.shape[:2]))[..., None]
            if np.isscalar(total):  # only now the number of channels is known
                total = np.zeros((*image.shape[:2], made.shape[-1]), np.float32)
            total[where] += weight * made
            weights[where] += weight
    return total / weights


def grid(columns: dict[str, np.ndarray]) -> Image.Image:
    """The first six rows of pictures, each column below its name."""
    rows = [np.concatenate(row, axis=1) for row in zip(*columns.values(), strict=True)][:6]
    width = rows[0].shape[1]
    picture = Image.fromarray(np.concatenate([np.full((20, width, 3), 255, np.uint8), *rows]))
    for index, name in enumerate(columns):
        ImageDraw.Draw(picture).text((index * width // len(columns) + 4, 4), name, fill="black")
    return picture
