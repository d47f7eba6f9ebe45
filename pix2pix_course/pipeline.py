"""From files to batches: decode once, enlarge once, crop and mirror anew each epoch; notebook 01.

Everything random is drawn by NumPy from (seed, epoch), as arrays that the pipeline only applies.
So a run that is resumed sees what the unbroken run would have seen, on any engine. Pixels become
[-1, 1] last of all, by `pairs.to_network`.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import keras
import numpy as np

from pix2pix_course.config import Config
from pix2pix_course.pairs import Dataset, DatasetError, in_parallel, load_pair, to_network
from pix2pix_course.support.engine import remember_error

CACHE_BYTES = 2**30
"""Pairs that take up to this many bytes are decoded once and kept in memory."""


class EpochPlan(NamedTuple):
    """Which pair an epoch shows at each position, and how: int32 (count,), mirrored bool."""

    pair: np.ndarray
    top: np.ndarray
    left: np.ndarray
    mirrored: np.ndarray


def load_size(image_size: int) -> int:
    """Side that jitter enlarges to before it crops `image_size`: 286 for 256 (§6.2)."""
    return round(image_size * 286 / 256)


def epoch_plan(config: Config, count: int, epoch: int) -> EpochPlan:
    """All that is random in an epoch of `count` pairs; epochs count from 0."""
    random = np.random.default_rng([config.seed, epoch])
    margin = load_size(config.image_size) - config.image_size
    order = random.permutation(count).astype(np.int32)
    # every offset from 0 to margin, both included, is equally likely
    top, left = random.integers(margin, size=(2, count), dtype=np.int32, endpoint=True)
    mirrored = random.random(count) < 0.5
    if not config.jitter:  # nothing was enlarged, so nothing is cut off
        top, left = np.zeros((2, count), np.int32)
    return EpochPlan(order, top, left, mirrored & config.mirror)


def cut(pair, size: int, top, left, mirrored):
    """Both sides cut and mirrored alike: (2, enlarged, enlarged, 3) → floats (2, size, size, 3)."""
    if isinstance(pair, np.ndarray):
        pair = pair[:, top : top + size, left : left + size]
        return (pair[:, :, ::-1] if mirrored else pair).astype(np.float32)
    import tensorflow as tf

    pair = tf.slice(pair, (0, top, left, 0), (2, size, size, 3))
    # both sides as one tall image: TensorFlow reverses three dimensions far faster than four
    tall = tf.reshape(pair, (2 * size, size, 3))
    tall = tf.cond(mirrored, lambda: tf.reverse(tall, [1]), lambda: tall)
    return tf.cast(tf.reshape(tall, (2, size, size, 3)), tf.float32)


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


def training_batches(dataset: Dataset, config: Config, first_epoch: int = 0) -> tuple:
    """The training split from `first_epoch` to `config.epochs`, shuffled and jittered.

    Returns:
        Batches (condition, target), each float32 (batch, size, size, 3) in [-1, 1], all epochs in
        a row, as a `tf.data.Dataset`, or as an iterator of arrays for an engine other than
        TensorFlow; and the steps in an epoch.

    Raises:
        DatasetError: no training pairs, fewer than a batch, or a file that cannot be read.
    """
    size = load_size(config.image_size) if config.jitter else config.image_size
    files = dataset.files("train")[: config.train_pairs]

    def load(path) -> np.ndarray:
        return np.stack(load_pair(dataset, path, size))

    def prepare(pair, top, left, mirrored):
        pair = to_network(cut(pair, config.image_size, top, left, mirrored))
        return pair[0], pair[1]

    def plan(epoch) -> EpochPlan:
        return epoch_plan(config, len(files), int(epoch))

    return batches(files, load, prepare, plan, config, first_epoch)


def batches(
    files, load: Callable, prepare: Callable, plan: Callable, config: Config, first_epoch: int
) -> tuple:
    """Load pairs, once if they fit in memory, and prepare them epoch by epoch as planned."""
    steps = steps_per_epoch(len(files), config.batch_size)
    first, loaded = load(files[0]), None
    if len(files) * first.nbytes <= CACHE_BYTES:
        loaded = np.stack([first, *in_parallel(load, files[1:])])
    if keras.backend.backend() == "tensorflow":
        return by_tensorflow(files, load, loaded, prepare, plan, config, first_epoch), steps

    def by_numpy() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for epoch in range(first_epoch, config.epochs):
            rows = zip(*plan(epoch), strict=True)
            for _ in range(steps):
                chosen = itertools.islice(rows, config.batch_size)
                fetched = (
                    (load(files[i]) if loaded is None else loaded[i], how) for i, *how in chosen
                )
                sides = zip(*(prepare(pair, *how) for pair, how in fetched), strict=True)
                yield tuple(np.stack(side) for side in sides)

    return by_numpy(), steps


def by_tensorflow(files, load, loaded, prepare, plan, config: Config, first_epoch: int):
    """The same as a `tf.data.Dataset`, which prepares the next batches while one is used."""
    import tensorflow as tf

    used = len(files) // config.batch_size * config.batch_size
    loaded = None if loaded is None else tf.constant(loaded)

    def fetch(index):
        if loaded is not None:
            return loaded[index]
        pair = tf.numpy_function(lambda i: remember_error(load, files[i]), [index], tf.uint8)
        return tf.ensure_shape(pair, (2, None, None, 3))

    def planned(epoch):
        kinds = (tf.int32, tf.int32, tf.int32, tf.bool)
        columns = tf.numpy_function(lambda e: tuple(plan(e)), [epoch], kinds)
        columns = [tf.ensure_shape(column, (len(files),))[:used] for column in columns]
        return tf.data.Dataset.from_tensor_slices(tuple(columns))

    return (
        tf.data.Dataset.range(first_epoch, config.epochs)
        .flat_map(planned)
        .map(lambda index, *how: prepare(fetch(index), *how), num_parallel_calls=tf.data.AUTOTUNE)
        .batch(config.batch_size, drop_remainder=True)
        .prefetch(tf.data.AUTOTUNE)
    )
