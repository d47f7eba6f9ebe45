"""A trained run applied to any image of any size; notebook 05."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from keras import ops
from PIL import Image
from tqdm import tqdm

from pix2pix_course.datasets import read_image, read_pair
from pix2pix_course.generators import generate
from pix2pix_course.pipeline import to_image, to_network
from pix2pix_course.runs import Run

SUFFIXES = (".jpg", ".jpeg", ".png")


class TranslationError(Exception):
    """There is nothing to translate, or two results would land in one file."""


def pad_to_multiple(image: np.ndarray, multiple: int) -> np.ndarray:
    """Continue an image (H, W, C) by reflection, to the right and below, until both sides fit.

    The U-Net halves its input down to 1×1, so the sides must be multiples of the training size;
    reflection leaves no edge that the network has never seen.
    """
    height, width = image.shape[:2]
    below, right = -height % multiple, -width % multiple
    return np.pad(image, ((0, below), (0, right), (0, 0)), mode="symmetric")


def translate(run: Run, image: np.ndarray, mode: str = "paper", seed: int = 0) -> np.ndarray:
    """Translate one image of any size: pad, generate, crop back.

    Each image is a batch of its own, as in the paper: what it becomes depends on no neighbour.

    Args:
        run: from `runs.load`.
        image: the condition, uint8 (height, width, 3).
        mode: "paper", "deterministic" or "running"; see `generators.generate`.
        seed: of the dropout noise in mode "paper".

    Returns:
        uint8 (height, width, 3).

    Raises:
        ValueError: no such mode, or not an image of that shape and type.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"an image is uint8 (height, width, 3), not {image.dtype} {image.shape}; "
            "`datasets.read_image` returns one"
        )
    height, width = image.shape[:2]
    palette = run.condition_palette
    if palette is not None:
        image = palette.snap(image)  # as in training: JPEG blurs the colours of a label map
    padded = pad_to_multiple(image, run.config.image_size)
    generated = generate(run.generator, to_network(padded)[None], mode, seed)
    return to_image(ops.convert_to_numpy(generated[0]))[:height, :width]


def translate_files(
    run: Run,
    inputs: Iterable[Path],
    output: Path,
    mode: str = "paper",
    seed: int = 0,
    pairs: bool = False,
    progress: bool = True,
) -> list[Path]:
    """Translate files, and all the images of folders, to PNG files of the same names.

    Args:
        run: from `runs.load`.
        inputs: files or folders.
        output: folder for the results; made if need be.
        mode: see `translate`.
        seed: see `translate`.
        pairs: the inputs are side-by-side pairs; translate the half that the run was trained on.
        progress: show a bar.

    Returns:
        The files written, in the order of the inputs.

    Raises:
        TranslationError: there is no image, or two inputs share a name.
        DatasetError: a file cannot be read; it is named.
    """
    files = list_images(inputs)
    output = Path(output)
    results = [output / f"{file.stem}.png" for file in files]
    for file, result in zip(files, results, strict=True):
        if results.count(result) > 1:
            raise TranslationError(f"{file} and another input would both become {result}")
        if result.exists() and result.samefile(file):
            raise TranslationError(f"{result} would overwrite its own input; choose another folder")

    output.mkdir(parents=True, exist_ok=True)
    for file, result in zip(tqdm(files, disable=None if progress else True), results, strict=True):
        if pairs:
            image = read_pair(file)["AB".index(run.condition_side)]
        else:
            image = read_image(file)
        Image.fromarray(translate(run, image, mode, seed)).save(result)
    return results


def list_images(inputs: Iterable[Path]) -> list[Path]:
    """The files among `inputs`, and the images directly in its folders."""
    files = []
    for item in map(Path, inputs):
        if item.is_dir():
            found = sorted(file for file in item.iterdir() if file.suffix.lower() in SUFFIXES)
            files += [file for file in found if not file.name.startswith(".")]
        elif item.exists():
            files.append(item)
        else:
            raise TranslationError(f"{item} does not exist")
    if not files:
        raise TranslationError(f"no image ({', '.join(SUFFIXES)}) among {list(map(str, inputs))}")
    return files
