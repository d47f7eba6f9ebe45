"""How good is a run? Distances to the target, and label consistency; notebook 06.

A generated photo may be a fine photo and yet far from the target, pixel by pixel: the label map
does not say what colour the wall was. So beside MAE, PSNR and SSIM stands label consistency, the
paper's FCN-score (§4.1) on a laptop: can a network trained on real photos read the condition back
from the generated ones? Real photos are the ceiling, photos of other conditions the floor.
"""

import functools
import math
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from keras import layers
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from tqdm import tqdm

from pix2pix_course.config import Config
from pix2pix_course.pairs import Dataset, load_pairs
from pix2pix_course.palettes import Palette
from pix2pix_course.runs import Run
from pix2pix_course.support.checkpoints import trained_once
from pix2pix_course.support.images import grid
from pix2pix_course.support.scores import score_table, write_scores
from pix2pix_course.translation import translate

# --- distances ------------------------------------------------------------------------------


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
    window = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(image, target, data_range=255, channel_axis=-1, **window))


def confusion(ids: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count pixels by true class (rows) and the class that was read: int64 (classes, classes).

    `ids` and `predicted` are whole numbers below `classes`, of one shape.
    """
    pairs = ids.astype(np.int64).ravel() * classes + predicted.ravel()
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def consistency_scores(counts: np.ndarray) -> dict[str, float]:
    """The three numbers of the paper's tables 1 to 3, from a confusion matrix.

    `pixel_accuracy` is the share of pixels read right; `class_accuracy` the same for each class,
    then averaged; `mean_iou` intersection over union, averaged. Averages are over the classes that
    occur in the true labels. All from 0 to 1.
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


def image_scores(columns: dict[str, np.ndarray], target: np.ndarray) -> dict:
    """MAE, PSNR and SSIM against the target, averaged over images; "real" is the target itself."""
    return {
        name: {
            column: float(np.mean([metric(a, b) for a, b in zip(images, target, strict=True)]))
            for column, images in columns.items()
            if column != "real"
        }
        for name, metric in {"mae": mae, "psnr": psnr, "ssim": ssim}.items()
    }


# --- the segmenter ---------------------------------------------------------------------------


def build_segmenter(classes: int, filters: int = 16) -> keras.Model:
    """A U-Net of 3×3 convolutions from photo to one logit a class for every pixel.

    uint8 or float (batch, height, width, 3) in [0, 255], sides multiples of 16, → (…, classes). The
    paper used FCN-8s, 512 MB of weights; for twelve classes a few hundred thousand will do.
    """

    def block(x, channels, strides=1):
        x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    photo = keras.Input((None, None, 3), name="photo")
    x = block(layers.Rescaling(1 / 127.5, offset=-1)(photo), filters)
    features = []
    for level in range(1, 5):
        features.append(x)
        x = block(block(x, filters * 2**level, strides=2), filters * 2**level)
    for level in reversed(range(4)):
        x = layers.Concatenate()([layers.UpSampling2D(2)(x), features[level]])
        x = block(x, filters * 2**level)
    return keras.Model(photo, layers.Conv2D(classes, 1)(x), name="segmenter")


def train_segmenter(
    photos: np.ndarray, ids: np.ndarray, classes: int, config: Config, verbose: int = 0
) -> keras.Model:
    """Learn photo → label from real pairs and their mirror images.

    `photos` are uint8 (n, size, size, 3), `ids` the class of each pixel, uint8 (n, size, size); of
    the `config`, `segmenter_filters`, `segmenter_epochs` and `seed` count.
    """
    keras.utils.set_random_seed(config.seed)
    segmenter = build_segmenter(classes, config.segmenter_filters)
    # Small batches: many steps for the same pictures, which is what a training of minutes lacks.
    steps = 2 * config.segmenter_epochs * -(-len(photos) // 2)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    segmenter.compile(keras.optimizers.Adam(rate), loss)
    for flip in (1, -1) * config.segmenter_epochs:  # as they are, then mirrored
        segmenter.fit(photos[:, :, ::flip], ids[:, :, ::flip], batch_size=2, verbose=verbose)
    return segmenter


def read_labels(segmenter: keras.Model, photos: np.ndarray) -> np.ndarray:
    """The segmenter's class for each pixel: uint8 (n, size, size, 3) → uint8 (n, size, size)."""
    batches = (photos[start : start + 8] for start in range(0, len(photos), 8))
    logits = (segmenter.predict_on_batch(batch) for batch in batches)
    return np.concatenate([answer.argmax(axis=-1).astype(np.uint8) for answer in logits])


def segmenter_of(config: Config, dataset: Dataset, folder: Path, verbose: int) -> keras.Model:
    """The segmenter in a folder, if it was trained in this way on this data; else a new one."""
    palette, files = dataset.condition_palette, [file.name for file in dataset.files("train")]
    how = {"files": [len(files), files[0], files[-1]], "classes": list(palette.names)}
    for name in ("image_size", "train_pairs", "segmenter_filters", "segmenter_epochs"):
        how[name] = getattr(config, name)

    def train():
        condition, photos, _ = load_pairs(dataset, "train", config.image_size, config.train_pairs)
        return train_segmenter(photos, to_ids(palette, condition), len(palette), config, verbose)

    build = functools.partial(build_segmenter, len(palette), config.segmenter_filters)
    return trained_once(build, train, how, folder / "segmenter.weights.h5")


def to_ids(palette: Palette, maps: np.ndarray) -> np.ndarray:
    """Class ids of many label maps, one after the other to spare memory: uint8 (n, H, W)."""
    return np.stack([palette.to_ids(picture) for picture in maps])


# --- a run ----------------------------------------------------------------------------------


@dataclass
class Evaluation:
    """The measurements of one run; also in `folder` as JSON, CSV and a picture.

    `scores`: metric → column → value, where a metric or a column that makes no sense is absent;
    `split`: what was used, `images` pairs of it; `mode`: how the generator was run; `epochs`: how
    long it had trained; `notes`: what is missing, or other than one would expect, and why.
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
        what = f"{self.images} images of the split '{self.split}', mode '{self.mode}'"
        lines = score_table(self.scores, METRICS, COLUMNS)
        return "\n".join([*lines, f"{what}, {self.epochs} epochs", *self.notes])


def evaluate(
    run: Run,
    mode: str | None = None,
    data_folder: Path | None = None,
    verbose: int = 1,
    segmenter_folder: Path | None = None,
) -> Evaluation:
    """Translate the test split and measure the results.

    Writes `metrics.json`, `metrics.csv`, `grid.png` and the translations into the run's
    `evaluation/`. The segmenter is kept there too, or in `segmenter_folder`: runs that name the
    same folder are read by the same one, so that their scores may be compared. `mode` as in
    `generators.generate`; None is the run's own.

    Raises:
        DatasetError: the data is no longer there, or has nothing but one pair to train on.
    """
    config, mode = run.config, mode or run.config.test_mode
    dataset = run.dataset(data_folder)
    split = dataset.evaluation_split
    pairs = run.pairs(dataset, split, config.test_pairs)
    folder = run.folder / "evaluation"
    (folder / "generated").mkdir(parents=True, exist_ok=True)

    bar = tqdm(pairs.condition, "translate", disable=None if verbose else True)
    generated = np.stack([translate(run, condition, mode) for condition in bar])
    for name, picture in zip(pairs.names, generated, strict=True):
        Image.fromarray(picture).save(folder / "generated" / f"{name}.png")
    # Every photo gets the condition of another: a floor that a blind generator would reach.
    shuffled = np.roll(pairs.target, 1, axis=0)
    columns = dict(zip(COLUMNS, (generated, pairs.target, shuffled), strict=True))

    notes = []
    if split != "test":
        notes.append(f"There is no 'test' split; '{split}' was used, which training did not see.")
    if len(pairs.names) < 2:
        del columns["shuffled"]
        notes.append("One image cannot be shuffled, so there is no floor.")
    scores = image_scores(columns, pairs.target)
    shown = {"condition": pairs.condition, "generated": generated, "target": pairs.target}
    if reason := why_no_label_consistency(run.condition_palette, generated):
        notes.append(f"No label consistency: {reason}.")
    else:
        palette, where = dataset.condition_palette, Path(segmenter_folder or folder)
        segmenter = segmenter_of(config, dataset, where, verbose)
        # the labels themselves, whatever the generator was shown of them
        maps, *_ = load_pairs(dataset, split, config.image_size, config.test_pairs)
        ids = to_ids(palette, maps)
        read = {column: read_labels(segmenter, photos) for column, photos in columns.items()}
        for column, labels in read.items():
            for metric, value in consistency_scores(confusion(ids, labels, len(palette))).items():
                scores.setdefault(metric, {})[column] = value
        shown["read from generated"] = palette.to_rgb(read["generated"])

    evaluation = Evaluation(scores, split, len(pairs.names), mode, run.epoch, notes, folder)
    content = {name: value for name, value in asdict(evaluation).items() if name != "folder"}
    write_scores(content, COLUMNS, folder)
    grid(shown).save(folder / "grid.png")
    return evaluation


def why_no_label_consistency(palette: Palette | None, generated: np.ndarray) -> str | None:
    """The reason why there is nothing to read back from a run's pictures; None if there is."""
    if palette is None:
        return "the condition of this run is no label map, so a segmenter has nothing to read back"
    if np.ptp(generated, axis=-1).max() == 0:
        return "the segmenter reads photos in colour, and this run makes grey ones"
    return None
