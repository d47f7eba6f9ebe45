"""A trained run applied to any image of any size; notebook 05."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from keras import ops
from PIL import Image
from tqdm import tqdm

from pix2pix_course.datasets import read_image, read_pair
from pix2pix_course.encoding import Encoding
from pix2pix_course.generators import generate
from pix2pix_course.runs import Run

SUFFIXES = (".jpg", ".jpeg", ".png")


class TranslationError(Exception):
    """There is nothing to translate, or two results would land in one file."""


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
    """Translate one image of any size: pad, generate, crop back.

    Each image is a batch of its own, as in the paper: what it becomes depends on no neighbour.

    Args:
        run: from `runs.load`.
        image: the condition, uint8 RGB (height, width, 3). A run for colorization or inpainting
            takes any photo, and itself removes the colours or the middle.
        mode: "paper", "deterministic" or "running"; see `generators.generate`. None is the run's
            own, `run.config.test_mode`.
        seed: of the dropout noise in mode "paper".

    Returns:
        uint8 RGB (height, width, 3). Of inpainting it is all that the network made, outside the
        hole too.

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
    config, encoding = run.config, Encoding.of(run.config)
    if run.condition_palette is not None and config.resize == "by_kind":
        # as in training: JPEG blurs the colours of a label map
        image = run.condition_palette.snap(image)
    # the hole of inpainting is in the middle of the image, not of what padding makes of it
    condition = encoding.condition(image)
    if config.generator.startswith("resnet"):
        # its blocks reflect a border of one pixel at a quarter of the side
        padded = pad_to_multiple(condition, 4, smallest=8)
    else:
        padded = pad_to_multiple(condition, config.image_size)
    generated = generate(run.generator, padded[None], mode or config.test_mode, seed)
    generated = ops.convert_to_numpy(generated[0])[:height, :width]
    return encoding.picture(generated, image)


def translate_files(
    run: Run,
    inputs: Iterable[Path],
    output: Path,
    mode: str | None = None,
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
            For colorization and inpainting that is the target.
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
            image = read_pair(file)["AB".index(run.input_side)]
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
