"""From files to batches: decode once, enlarge once, crop and mirror anew each epoch.

Notebook 01 builds this by hand. Every random choice is a function of (seed, epoch, position), so
a run that is resumed sees what the unbroken run would have seen.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image

from pix2pix_course.datasets import Dataset, DatasetError, read_pair
from pix2pix_course.encoding import RGB, Encoding

CACHE_BYTES = 2**30
"""Pairs that take up to this many bytes are decoded once and kept in memory."""

ENLARGE = 286 / 256  # §6.2: jitter resizes 256 to 286, then crops 256 at random

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


class Pairs(NamedTuple):
    """Aligned images of one size."""

    condition: np.ndarray
    """What the generator is given, as a picture: uint8 (n, size, size, 3)."""
    target: np.ndarray
    """What it should produce: uint8 (n, size, size, 3)."""
    names: list[str]
    """File name of each pair, without suffix."""


def to_network(images) -> np.ndarray:
    """uint8 [0, 255] → float32 [-1, 1], any shape; the range of the generator's tanh."""
    return np.asarray(images, np.float32) / 127.5 - 1.0


def to_image(images) -> np.ndarray:
    """float [-1, 1] → uint8 [0, 255], any shape; values outside are clipped."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)


def load_size(image_size: int) -> int:
    """Side that jitter enlarges to before it crops `image_size`: 286 for 256, in proportion."""
    return round(image_size * ENLARGE)


def load_pair(
    dataset: Dataset, path, size: int, resize: str = "by_kind"
) -> tuple[np.ndarray, np.ndarray]:
    """Read one pair file and resize both sides to `size`.

    A label side is first brought back to its palette's pure colours, and resized without
    blending: a mixture of "window" and "wall" would be the colour of some third class.

    Args:
        dataset: from `datasets.open_dataset`.
        path: one of its files.
        size: side of the square to resize to, in pixels.
        resize: "by_kind" is the above; a key of `FILTERS` treats both sides alike, with that
            filter, and leaves the colours of a label side as they are in the file.

    Returns:
        (condition, target), uint8 (size, size, 3) each.

    Raises:
        DatasetError: the file cannot be read.
        ValueError: no such way to resize.
    """
    if resize != "by_kind" and resize not in FILTERS:
        raise ValueError(f"resize={resize!r}: use 'by_kind' or one of {', '.join(FILTERS)}")
    left, right = read_pair(path)
    sides = {"A": left, "B": right}

    def fit(side: str, palette) -> np.ndarray:
        image, method = sides[side], resize
        if resize == "by_kind":
            method = "bicubic" if palette is None else "nearest"
            image = image if palette is None else palette.snap(image)
        return np.asarray(Image.fromarray(image).resize((size, size), FILTERS[method]))

    return (
        fit(dataset.condition_side, dataset.condition_palette),
        fit(dataset.target_side, dataset.target_palette),
    )


def load_pairs(
    dataset: Dataset,
    split: str,
    size: int,
    limit: int | None = None,
    resize: str = "by_kind",
    encoding: Encoding = RGB,
) -> Pairs:
    """Decode a split into memory, in the order of its files.

    Args:
        dataset: from `datasets.open_dataset`.
        split: "train", "val" or "test".
        size: side of the square to resize to, in pixels.
        limit: use only the first so many pairs.
        resize: see `load_pair`.
        encoding: show the pairs as the networks see them: grey, without colour, with a hole.

    Raises:
        DatasetError: the split is missing or empty, or a file cannot be read; it is named.
    """
    files = dataset.files(split)[:limit]

    def load(path):
        condition, target = load_pair(dataset, path, size, resize)
        source = target if encoding.from_target else condition
        return encoding.show_condition(source), encoding.show_target(target)

    condition, target = (np.stack(side) for side in zip(*_map(load, files), strict=True))
    return Pairs(condition, target, [path.stem for path in files])


def load_planes(
    dataset: Dataset, path, size: int, resize: str = "by_kind", encoding: Encoding = RGB
) -> np.ndarray:
    """Read one pair as the planes that `encoding` scales after the crop; see `load_pair`.

    Returns:
        uint8 (2, size, size, 3): condition and target.
    """
    condition, target = load_pair(dataset, path, size, resize)
    source = target if encoding.from_target else condition
    return np.stack([encoding.condition_planes(source), encoding.target_planes(target)])


def _map(function, files: Sequence) -> list:
    """The function of every file; Pillow decodes outside Python's lock."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, files))


def epoch_order(count: int, seed: int, epoch) -> tf.Tensor:
    """The order in which epoch `epoch` visits `count` pairs: a permutation, int32 (count,)."""
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=(seed, epoch))


def jitter_and_mirror(
    pair: tf.Tensor, size: int, seed: Sequence, jitter: bool = True, mirror: bool = True
) -> tf.Tensor:
    """Crop `size` pixels at a random place and flip half of the time, both sides alike (§6.2).

    Args:
        pair: (2, enlarged, enlarged, 3), condition and target stacked.
        size: side of the crop.
        seed: two integers; the same seed makes the same choice.
        jitter: crop at random; otherwise the middle.
        mirror: flip left and right with probability 1/2.

    Returns:
        (2, size, size, 3), of the type of `pair`.
    """
    uniform = tf.random.stateless_uniform((3,), seed)
    margin = tf.shape(pair)[1] - size
    if jitter:
        # every offset from 0 to margin, both included, is equally likely
        top, left = tf.unstack(tf.cast(uniform[:2] * tf.cast(margin + 1, tf.float32), tf.int32))
    else:
        top = left = margin // 2
    pair = tf.slice(pair, (0, top, left, 0), (2, size, size, 3))
    if mirror:
        # both sides as one tall image: TensorFlow reverses three dimensions far faster than four
        tall = tf.reshape(pair, (2 * size, size, 3))
        tall = tf.cond(uniform[2] < 0.5, lambda: tf.reverse(tall, [1]), lambda: tall)
        pair = tf.reshape(tall, (2, size, size, 3))
    return tf.ensure_shape(pair, (2, size, size, 3))


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Full batches in an epoch; what is left over is a different few pairs each epoch.

    Raises:
        DatasetError: there are fewer pairs than one batch.
    """
    if count < batch_size:
        raise DatasetError(
            f"{count} training pairs do not fill one batch of {batch_size}; "
            "use a smaller batch_size or more pairs"
        )
    return count // batch_size


def training_batches(
    dataset: Dataset,
    image_size: int,
    batch_size: int = 1,
    seed: int = 0,
    first_epoch: int = 0,
    epochs: int = 1,
    limit: int | None = None,
    jitter: bool = True,
    mirror: bool = True,
    cache_bytes: int = CACHE_BYTES,
    resize: str = "by_kind",
    crop: str = "random",
    shuffle: bool = True,
    encoding: Encoding = RGB,
) -> tuple[tf.data.Dataset, int]:
    """The training split as an endless-looking stream of shuffled, jittered batches.

    Args:
        dataset: from `datasets.open_dataset`.
        image_size: side of the square crops, in pixels.
        batch_size: pairs a batch.
        seed: of order, crops and flips.
        first_epoch: start here (a resumed run does not begin again at 0).
        epochs: end before this one.
        limit: use only the first so many pairs.
        jitter: enlarge by 286/256 and crop at random.
        mirror: flip half of the pairs.
        cache_bytes: above this many bytes, files are decoded each time they are used.
        resize: see `load_pair`.
        crop: "random", or "centre": then jitter enlarges, but always keeps the middle.
        shuffle: visit the pairs in a new order each epoch; without it, in the order of the files,
            and what does not fill a batch is never used.
        encoding: what the networks see of the pictures.

    Returns:
        A `tf.data.Dataset` of (condition, target), float32 of shape
        (batch_size, image_size, image_size, channels), all epochs in a row; and the steps in an
        epoch. The channels are three, in [-1, 1], unless `encoding` says otherwise.

    Raises:
        DatasetError: no training pairs, fewer than a batch, or a file that cannot be read.
        ValueError: no such way to resize or to crop.
    """
    if crop not in ("random", "centre"):
        raise ValueError(f"crop={crop!r}: use 'random' or 'centre'")
    files = dataset.files("train")[:limit]
    count = len(files)
    steps = steps_per_epoch(count, batch_size)
    size = load_size(image_size) if jitter else image_size

    def decode(path):
        return load_planes(dataset, path, size, resize, encoding)

    if count * 2 * size * size * 3 <= cache_bytes:
        planes = tf.constant(np.stack(_map(decode, files)))

        def fetch(index):
            return planes[index]
    else:

        def fetch(index):
            pair = tf.numpy_function(lambda i: decode(files[i]), [index], tf.uint8)
            return tf.ensure_shape(pair, (2, size, size, 3))

    def positions(epoch):
        used = steps * batch_size
        order = (epoch_order(count, seed, epoch) if shuffle else tf.range(count))[:used]
        return tf.data.Dataset.from_tensor_slices(
            (order, tf.fill((used,), epoch), tf.range(used, dtype=tf.int64))
        )

    def prepare(index, epoch, position):
        # one pair of integers per (seed, epoch, position)
        choice = (seed * 1_000_003 + epoch, position)
        at_random = jitter and crop == "random"
        pair = jitter_and_mirror(fetch(index), image_size, choice, at_random, mirror)
        pair = tf.cast(pair, tf.float32)
        return encoding.scale_condition(pair[0]), encoding.scale_target(pair[1])

    batches = (
        tf.data.Dataset.range(first_epoch, epochs)
        .flat_map(positions)
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )
    return batches, steps
