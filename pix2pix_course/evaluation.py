"""How good is a run? Distances to the target, and label consistency; notebook 06.

A generated photo may be a fine photo and yet far from the target, pixel by pixel: the label map
does not say what colour the wall was. So beside MAE, PSNR and SSIM stands label consistency, the
paper's FCN-score (§4.1) on a laptop: can a network trained on real photos read the condition back
from the generated ones? Real photos are the ceiling, photos of other conditions the floor.
"""

import csv
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tqdm import tqdm

from pix2pix_course.encoding import Encoding
from pix2pix_course.pipeline import Pairs, load_pairs
from pix2pix_course.plotting import image_grid
from pix2pix_course.runs import Run
from pix2pix_course.segmenter import build_segmenter, read_labels, train_segmenter
from pix2pix_course.translation import translate

GRID_ROWS = 6


def mae(image: np.ndarray, target: np.ndarray) -> float:
    """Mean absolute error of two uint8 images of one shape, in grey levels: 0 to 255, 0 best."""
    return float(np.mean(np.abs(image.astype(np.float32) - target.astype(np.float32))))


def psnr(image: np.ndarray, target: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two uint8 images in decibels; higher is better, inf if equal.

    10·log10(255² / mean squared error).
    """
    if np.array_equal(image, target):
        return math.inf
    return float(peak_signal_noise_ratio(target, image, data_range=255))


def ssim(image: np.ndarray, target: np.ndarray) -> float:
    """Structural similarity of two uint8 images (H, W, 3), sides at least 11: -1 to 1, 1 if equal.

    With the 11×11 Gaussian window of σ = 1.5 of Wang et al. (2004), averaged over channels.
    """
    return float(
        structural_similarity(
            image,
            target,
            data_range=255,
            channel_axis=-1,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
        )
    )


def confusion(ids: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count pixels by their class (rows) and the class that was read (columns).

    Args:
        ids: true classes, any shape of integers below `classes`.
        predicted: the classes that were read, of the same shape.
        classes: number of classes.

    Returns:
        int64 (classes, classes).
    """
    pairs = ids.astype(np.int64).ravel() * classes + predicted.ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def consistency_scores(counts: np.ndarray) -> dict[str, float]:
    """The three numbers of the paper's tables 1 to 3, from a confusion matrix.

    Returns:
        `pixel_accuracy`, the share of pixels read right; `class_accuracy`, the same for each
        class, then averaged; `mean_iou`, intersection over union, averaged. Averages are over the
        classes that occur in the true labels. All from 0 to 1.
    """
    right = np.diag(counts)
    true, read = counts.sum(axis=1), counts.sum(axis=0)
    occurs = true > 0
    return {
        "pixel_accuracy": float(right.sum() / counts.sum()),
        "class_accuracy": float(np.mean(right[occurs] / true[occurs])),
        "mean_iou": float(np.mean(right[occurs] / (true + read - right)[occurs])),
    }


METRICS = {
    "mae": "MAE (grey levels) ↓",
    "psnr": "PSNR (dB) ↑",
    "ssim": "SSIM ↑",
    "pixel_accuracy": "label consistency: pixel accuracy ↑",
    "class_accuracy": "label consistency: class accuracy ↑",
    "mean_iou": "label consistency: mean IoU ↑",
}
COLUMNS = ("generated", "real", "shuffled")


@dataclass
class Evaluation:
    """The measurements of one run; also in `folder` as JSON, CSV and a picture.

    Attributes:
        scores: metric → column ("generated", "real", "shuffled") → value. A metric or a column
            that makes no sense is absent.
        split: the split that was used.
        images: how many pairs of it.
        mode: how the generator was run.
        epochs: how long it had trained.
        notes: what is missing, or different from what one would expect, and why.
        folder: where the files are.
    """

    scores: dict[str, dict[str, float]]
    split: str
    images: int
    mode: str
    epochs: int
    notes: list[str]
    folder: Path

    def table(self) -> str:
        """The scores as text, one metric a line, with the notes below."""
        lines = [f"{'':38}{'generated':>11}{'real':>11}{'shuffled':>11}"]
        for metric, row in self.scores.items():
            cells = [f"{row[c]:11.3f}" if c in row else f"{'–':>11}" for c in COLUMNS]
            lines.append(f"{METRICS[metric]:38}{''.join(cells)}")
        lines.append(
            f"{self.images} images of the split '{self.split}', mode '{self.mode}', "
            f"{self.epochs} epochs"
        )
        return "\n".join(lines + self.notes)


def evaluate(
    run: Run,
    mode: str | None = None,
    data_folder: Path | None = None,
    verbose: int = 1,
    segmenter_folder: Path | None = None,
) -> Evaluation:
    """Translate the test split and measure the results.

    Writes `metrics.json`, `metrics.csv` and `grid.png` into the run's `evaluation/`, the
    translations into `evaluation/generated/`, and keeps the segmenter there for the next time.

    Args:
        run: from `runs.load`.
        mode: see `generators.generate`; None is the run's own, `run.config.test_mode`.
        data_folder: where painted and downloaded sets live.
        verbose: 0 is silent, 1 shows bars.
        segmenter_folder: where the segmenter is kept, or trained if it is not there; None: in the
            run. Runs on the same data that name the same folder are read by the same segmenter,
            so that their scores may be compared.

    Returns:
        The scores.

    Raises:
        DatasetError: the data is no longer there, or has neither a test nor a val split.
    """
    config = run.config
    mode = mode or config.test_mode
    dataset = run.dataset(data_folder)
    split = dataset.evaluation_split
    some = (dataset, split, config.image_size, config.test_pairs)
    pairs = load_pairs(*some, config.resize, Encoding.of(config))
    folder = run.folder / "evaluation"
    (folder / "generated").mkdir(parents=True, exist_ok=True)

    generated = []
    for name, condition in zip(
        pairs.names,
        tqdm(pairs.condition, "translate", disable=None if verbose else True),
        strict=True,
    ):
        generated.append(translate(run, condition, mode))
        Image.fromarray(generated[-1]).save(folder / "generated" / f"{name}.png")
    generated = np.stack(generated)
    # Every photo gets the condition of another: a floor that a blind generator would reach.
    shuffled = np.roll(pairs.target, 1, axis=0)

    notes = []
    if split != "test":
        notes.append(f"There is no 'test' split; '{split}' was used, which training did not see.")
    columns = {"generated": generated, "real": pairs.target, "shuffled": shuffled}
    if len(pairs.names) < 2:
        del columns["shuffled"]
        notes.append("One image cannot be shuffled, so there is no floor.")
    scores = image_scores(columns, pairs.target)

    read = None
    palette = dataset.condition_palette
    missing = why_no_label_consistency(run, palette)
    if missing:
        notes.append(f"No label consistency: {missing}.")
    else:
        segmenter = run_segmenter(run, dataset, Path(segmenter_folder or folder), verbose)
        # the labels themselves, whatever the generator was shown of them
        ids = np.stack([palette.to_ids(condition) for condition in load_pairs(*some).condition])
        read = {column: read_labels(segmenter, photos) for column, photos in columns.items()}
        for column, labels in read.items():
            counts = confusion(ids, labels, len(palette))
            for metric, value in consistency_scores(counts).items():
                scores.setdefault(metric, {})[column] = value

    evaluation = Evaluation(scores, split, len(pairs.names), mode, run.epoch, notes, folder)
    write_tables(evaluation)
    shown = {"condition": pairs.condition, "generated": generated, "target": pairs.target}
    if read is not None:
        shown["read from generated"] = [palette.to_rgb(labels) for labels in read["generated"]]
    figure = image_grid({title: images[:GRID_ROWS] for title, images in shown.items()})
    figure.savefig(folder / "grid.png", dpi=120)
    plt.close(figure)  # a notebook would draw it again
    return evaluation


def why_no_label_consistency(run: Run, palette) -> str | None:
    """The reason why there is nothing to read back from a run's pictures; None if there is."""
    if run.config.task != "translation":
        return f"{run.config.task} has no label map for its condition"
    if palette is None:
        return (
            "the condition of this data set is no label map, so there is nothing that a segmenter "
            "could read back"
        )
    if run.config.grey_output:
        return "the segmenter reads photos in colour, and this run makes grey ones"
    return None


def image_scores(columns: dict[str, np.ndarray], target: np.ndarray) -> dict:
    """MAE, PSNR and SSIM against the target, averaged over images; "real" is the target itself."""
    scores = {}
    for name, metric in {"mae": mae, "psnr": psnr, "ssim": ssim}.items():
        scores[name] = {
            column: float(np.mean([metric(a, b) for a, b in zip(images, target, strict=True)]))
            for column, images in columns.items()
            if column != "real"
        }
    return scores


def run_segmenter(run: Run, dataset, folder: Path, verbose: int):
    """The segmenter in a folder, or else one trained on the run's pairs and kept there."""
    config, palette = run.config, dataset.condition_palette
    kept = folder / "segmenter.weights.h5"
    if kept.exists():
        segmenter = build_segmenter(len(palette), config.segmenter_filters)
        segmenter.load_weights(kept)
        return segmenter
    train: Pairs = load_pairs(dataset, "train", config.image_size, config.train_pairs)
    segmenter = train_segmenter(
        train.target,
        np.stack([palette.to_ids(condition) for condition in train.condition]),
        len(palette),
        config.segmenter_filters,
        config.segmenter_epochs,
        config.seed,
        verbose,
    )
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "partial.weights.h5"
    segmenter.save_weights(partial)
    partial.replace(kept)
    return segmenter


def write_tables(evaluation: Evaluation) -> None:
    """Write `metrics.json` and `metrics.csv`."""
    content = asdict(evaluation) | {"folder": str(evaluation.folder)}
    del content["folder"]
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (evaluation.folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    with (evaluation.folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["metric", *COLUMNS])
        for metric, row in evaluation.scores.items():
            writer.writerow([metric, *(row.get(column, "") for column in COLUMNS)])
