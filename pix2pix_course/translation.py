"""A trained run applied to any image of any size; notebook 05."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from pix2pix_course.pairs import read_pair
from pix2pix_course.runs import Run
from pix2pix_course.support.images import find_images, in_pieces, read_image

LARGEST = 1024
"""Pixels: pictures with a longer side are translated in pieces; memory grows with the area."""


class TranslationError(Exception):
    """Two results would land in one file, or one on its own input."""


def pad_to_multiple(image: np.ndarray, multiple: int, smallest: int = 0) -> np.ndarray:
    """Continue an image (H, W, C) by reflection, to the right and below, until both sides fit.

    The U-Net halves its input down to 1×1, so the sides must be multiples of the training size;
    reflection leaves no edge that the network has never seen. `smallest`, a multiple as well, is
    the least that a side will have.
    """
    height, width = image.shape[:2]
    below, right = (max(-side % multiple, smallest - side) for side in (height, width))
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode="symmetric")


def translate(run: Run, image: np.ndarray, mode: str | None = None, seed: int = 0) -> np.ndarray:
    """Translate one image of any size, uint8 RGB (H, W, 3) → the same: pad, generate, crop back.

    Each image is a batch of its own, as in the paper: what it becomes depends on no neighbour.
    `mode` and `seed` as in `generators.generate`; None is the run's own mode.

    Raises:
        ValueError: no such mode, or not an image of that shape and type.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"an image is uint8 (height, width, 3), not {image.dtype} {image.shape}; "
            "`pairs.read_image` returns one"
        )
    height, width = image.shape[:2]
    condition = pad_to_multiple(run.condition(image), run.multiple, run.smallest)

    def generate(piece):
        return run.generate(piece, mode, seed)

    largest = LARGEST // run.multiple * run.multiple
    if max(condition.shape) <= largest:
        generated = generate(condition)
    else:
        generated = in_pieces(generate, condition, largest, overlap=largest // 4)
    return run.picture(generated[:height, :width], image)


def translate_files(
    run: Run,
    inputs: Iterable[Path],
    output: Path,
    mode: str | None = None,
    seed: int = 0,
    pairs: bool = False,
    resize: bool = False,
) -> list[Path]:
    """Translate files, and all the images of folders, to PNG files of the same names in `output`.

    If they are `pairs`, the half that the run was trained on is translated. A picture keeps its
    size, so its details may be of a scale that was never trained; `resize` scales it to the square
    that the run was trained and evaluated at.

    Raises:
        TranslationError: two inputs share a name, or a result would replace its input.
        DatasetError: there is no image, or a file cannot be read; it is named.
    """
    files, output, size = find_images(inputs), Path(output), run.config.image_size
    results = [output / f"{file.stem}.png" for file in files]
    for file, result in zip(files, results, strict=True):
        if results.count(result) > 1:
            raise TranslationError(f"{file} and another input would both become {result}")
        if result.exists() and result.samefile(file):
            raise TranslationError(f"{result} would overwrite its own input; choose another folder")

    output.mkdir(parents=True, exist_ok=True)
    trained_on, others = run.data.get("height", size), 0
    for file, result in zip(tqdm(files, "translate", disable=None), results, strict=True):
        image = read_pair(file)["AB".index(run.input_side)] if pairs else read_image(file)
        if resize:
            labels = run.condition_palette is not None  # as `pairs.load_pair`: not blended
            method = Image.Resampling.NEAREST if labels else Image.Resampling.BICUBIC
            image = np.asarray(Image.fromarray(image).resize((size, size), method))
        others += trained_on != size and image.shape[:2] != (size, size)
        Image.fromarray(translate(run, image, mode, seed)).save(result)
    if others:
        warnings.warn(
            f"{others} of {len(files)} pictures kept their size, while training scaled its files "
            f"of {trained_on} pixels to {size}: such details are of another scale than what was "
            "trained and evaluated; --resize (resize=True) scales each picture in the same way",
            stacklevel=2,
        )
    return results
