"""A small network that reads a label map from a photo, for label consistency; notebook 06.

The paper asks whether generated streets can be read by a network trained on real ones (§4.1, the
FCN-score). It used FCN-8s, 512 MB of weights; on twelve classes of facades a network of a few
hundred thousand weights, trained for minutes, answers the same question.
"""

import keras
import numpy as np
from keras import layers, ops

LEVELS = 4
BATCH_SIZE = 8
LEARNING_RATE = 2e-3


def build_segmenter(classes: int, filters: int = 16) -> keras.Model:
    """A U-Net of 3×3 convolutions from photo to one logit a class for every pixel.

    Args:
        classes: number of classes.
        filters: channels at full size; they double with each of the four halvings.

    Returns:
        A model from float32 (batch, height, width, 3) in [-1, 1], sides multiples of 16, to
        logits (batch, height, width, classes).
    """

    def block(x, channels, strides=1):
        x = layers.Conv2D(channels, 3, strides=strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    photo = keras.Input((None, None, 3), name="photo")
    x = block(photo, filters)
    features = []
    for level in range(LEVELS):
        features.append(x)
        x = block(block(x, filters * 2 ** (level + 1), strides=2), filters * 2 ** (level + 1))
    for level, skip in reversed(list(enumerate(features))):
        x = layers.UpSampling2D(2)(x)
        x = block(layers.Concatenate()([x, skip]), filters * 2**level)
    return keras.Model(photo, layers.Conv2D(classes, 1)(x), name="segmenter")


def train_segmenter(
    photos: np.ndarray,
    ids: np.ndarray,
    classes: int,
    filters: int = 16,
    epochs: int = 12,
    seed: int = 0,
    verbose: int = 0,
) -> keras.Model:
    """Learn photo → label from real pairs and their mirror images.

    Args:
        photos: uint8 (n, size, size, 3).
        ids: the class of each pixel, uint8 (n, size, size).
        classes: number of classes.
        filters: width; see `build_segmenter`.
        epochs: passes over the pairs and their mirror images.
        seed: of weights and order.
        verbose: as in `keras.Model.fit`.

    Returns:
        The trained segmenter.
    """
    keras.utils.set_random_seed(seed)
    segmenter = build_segmenter(classes, filters)
    photos = np.concatenate([photos, photos[:, :, ::-1]])
    ids = np.concatenate([ids, ids[:, :, ::-1]])
    steps = epochs * -(-len(photos) // BATCH_SIZE)
    segmenter.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    batches = PhotoBatches(photos, ids, seed)
    segmenter.fit(batches, epochs=epochs, verbose=verbose)
    return segmenter


class PhotoBatches(keras.utils.PyDataset):
    """Shuffled batches, brought to [-1, 1] one at a time to spare memory."""

    def __init__(self, photos: np.ndarray, ids: np.ndarray, seed: int):
        super().__init__()
        self.photos, self.ids = photos, ids
        self.random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        """Batches in an epoch; the last may be smaller."""
        return -(-len(self.photos) // BATCH_SIZE)

    def __getitem__(self, index):
        """One batch of (photos, ids)."""
        chosen = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return self.photos[chosen].astype(np.float32) / 127.5 - 1, self.ids[chosen]

    def on_epoch_end(self):
        """Shuffle for the next epoch."""
        self.order = self.random.permutation(len(self.photos))


def read_labels(segmenter: keras.Model, photos: np.ndarray) -> np.ndarray:
    """The segmenter's class for each pixel.

    Args:
        segmenter: from `train_segmenter`.
        photos: uint8 (n, size, size, 3).

    Returns:
        uint8 (n, size, size).
    """
    ids = []
    for start in range(0, len(photos), BATCH_SIZE):
        batch = photos[start : start + BATCH_SIZE].astype(np.float32) / 127.5 - 1
        logits = segmenter(batch, training=False)
        ids.append(ops.convert_to_numpy(ops.argmax(logits, axis=-1)).astype(np.uint8))
    return np.concatenate(ids)
