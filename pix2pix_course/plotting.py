"""Pictures and curves. Takes arrays and rows, returns matplotlib figures, knows nothing else."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image


def to_picture(image) -> np.ndarray:
    """What `imshow` expects: uint8 as it is; floats in [-1, 1] brought to [0, 1] and clipped."""
    image = np.asarray(image)
    return image if image.dtype == np.uint8 else np.clip((image + 1) / 2, 0, 1)


def image_grid(
    columns: Mapping[str, Sequence], cell: float = 2.0, row_names: Sequence[str] | None = None
) -> Figure:
    """Images in columns with a title each, row by row.

    Args:
        columns: title → images, each (height, width, 3) or (height, width), uint8 or in [-1, 1];
            all columns equally long.
        cell: width of an image in inches.
        row_names: written at the left of each row.

    Returns:
        The figure; in a notebook, end the cell with `plt.show()`.
    """
    rows = len(next(iter(columns.values())))
    height, width = np.asarray(next(iter(columns.values()))[0]).shape[:2]
    size = (cell * len(columns), cell * rows * height / width + 0.3)
    figure, axes = plt.subplots(
        rows, len(columns), figsize=size, squeeze=False, layout="constrained"
    )
    for column, (title, images) in enumerate(columns.items()):
        axes[0, column].set_title(title, fontsize=9)
        for row in range(rows):
            axis = axes[row, column]
            axis.imshow(to_picture(images[row]), cmap="gray", interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set_visible(False)
            if row_names is not None and column == 0:
                axis.set_ylabel(row_names[row], fontsize=9)
    return figure


def history_curves(history: Sequence[Mapping[str, float]], chance: float) -> Figure:
    """The course of a training: L1, the adversarial terms, and what D believes.

    Args:
        history: one mapping an epoch, with the terms of `training.Pix2Pix`.
        chance: D's loss when it guesses; `losses.CHANCE[config.gan_loss]`.
    """
    epochs = np.arange(1, len(history) + 1)
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(10, 2.8), layout="constrained")

    def draw(axis, terms: dict[str, str]):
        for term, label in terms.items():
            axis.plot(epochs, [row[term] for row in history], marker=".", label=label)
        axis.set_xlabel("epoch")
        axis.xaxis.get_major_locator().set_params(integer=True)

    draw(left, {"g_l1": "G: L1 (without λ)"})
    left.set_title("distance to the target", fontsize=10)
    draw(middle, {"d_loss": "D", "g_gan": "G: GAN term"})
    middle.axhline(chance, color="gray", linestyle=":", label=f"chance, {chance:.3f}")
    middle.set_title("the game", fontsize=10)
    draw(right, {"d_real": "D(real)", "d_fake": "D(fake)"})
    right.axhline(0.5, color="gray", linestyle=":", label="chance, 0.5")
    right.set_title("what D believes", fontsize=10)
    for axis in (left, middle, right):
        axis.legend(fontsize=8)
    return figure


def sample_film(folder: Path, frames: int = 5, row: int = 0, rows: int = 4) -> Figure:
    """One fixed test input through the training: condition, `frames` stages, target.

    Args:
        folder: a run's `samples/`, pictures of `rows` × (condition | generated | target).
        frames: how many stages to show, evenly spread; the last is the newest.
        row: which of the fixed inputs.
        rows: how many there are in a picture.

    Raises:
        ValueError: the folder holds no samples.
    """
    files = sorted(Path(folder).glob("epoch_*.png"))
    if not files:
        raise ValueError(f"no samples in {folder}; the run has not finished its first epochs")
    # a short training has fewer pictures than frames
    chosen = np.unique(np.linspace(0, len(files) - 1, frames).round().astype(int))
    columns = {}
    for index in chosen:
        picture = np.asarray(Image.open(files[index]))
        side = picture.shape[1] // 3
        strip = picture[row * side : (row + 1) * side]
        columns.setdefault("condition", [strip[:, :side]])
        columns[f"epoch {int(files[index].stem.split('_')[1])}"] = [strip[:, side : 2 * side]]
    columns["target"] = [strip[:, 2 * side :]]
    return image_grid(columns, cell=1.6)
