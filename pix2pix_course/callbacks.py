"""What happens around the training steps: seeds, rates, checks, lines and pictures; notebook 05."""

import math
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from pix2pix_course.config import Config
from pix2pix_course.pairs import Pairs
from pix2pix_course.training import TERMS


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite; nothing that follows could be trusted."""


class SeedEachEpoch(keras.callbacks.Callback):
    """Makes dropout and other draws a function of (seed, epoch, step): a resumed run repeats it."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        states = [v for v in self.model.variables if "seed_generator_state" in v.path]
        for index, state in enumerate(states):
            words = np.random.SeedSequence([self.seed, epoch, index]).generate_state(2)
            state.assign(words >> 1)  # each draw adds to it, so leave room below 2³²


class LearningRateByEpoch(keras.callbacks.Callback):
    """Gives both optimizers the learning rate that the configuration says for an epoch."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config

    def on_epoch_begin(self, epoch, logs=None):
        rate = self.config.learning_rate_at(epoch)
        self.model.optimizer.learning_rate = rate
        self.model.discriminator_optimizer.learning_rate = rate

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = self.config.learning_rate_at(epoch)


class Throughput(keras.callbacks.Callback):
    """Adds `seconds` and `images_per_second` to the epoch's logs. Put it first in the list."""

    def __init__(self, images: int):
        super().__init__()
        self.images = images  # in an epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs["seconds"] = time.perf_counter() - self.start
        logs["images_per_second"] = self.images / logs["seconds"]


class StopOnNaN(keras.callbacks.Callback):
    """Stops as soon as a loss is not finite, before a checkpoint keeps it."""

    def on_train_batch_end(self, batch, logs=None):
        # a mean that is NaN once stays NaN to the end of the epoch; looking makes a GPU wait
        if batch % 20 == 0:
            self.check(logs, f"step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        self.check(logs, f"the end of epoch {epoch + 1}")

    def check(self, logs, where: str):
        """Raise `TrainingDiverged` if a term is not finite."""
        for term in TERMS:
            if not math.isfinite(value := float(logs.get(term, 0.0))):
                raise TrainingDiverged(
                    f"{term} is {value} at {where}. The last checkpoint is intact. Try a lower "
                    "learning_rate, and look for broken images with `pix2pix-course data check`."
                )


class SampleImages(keras.callbacks.Callback):
    """Draws the same inputs every few epochs and in the last: condition, generated, target."""

    def __init__(
        self, pairs: Pairs, folder: Path, translate: Callable, every: int, last_epoch: int
    ):
        super().__init__()
        self.pairs, self.folder, self.translate = pairs, Path(folder), translate
        self.every, self.last_epoch = every, last_epoch
        self.drawn_after, self.generated = 0, []  # the last time: after which epoch, and what

    def on_epoch_end(self, epoch, logs=None):
        number = epoch + 1
        if number % self.every and number != self.last_epoch:
            return
        self.drawn_after, self.generated = number, [*map(self.translate, self.pairs.condition)]
        columns = self.pairs.condition, self.generated, self.pairs.target
        rows = [np.concatenate(row, axis=1) for row in zip(*columns, strict=True)]
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(rows)).save(self.folder / f"epoch_{number:04d}.png")


class EpochLines(keras.callbacks.Callback):
    """A line of text every few epochs: short enough for a notebook, where a bar would flood."""

    def __init__(self, every: int, last_epoch: int):
        super().__init__()
        self.every, self.last_epoch = every, last_epoch
        self.first_epoch = None

    def on_epoch_begin(self, epoch, logs=None):
        if self.first_epoch is None:  # a resumed training does not begin at 0
            self.first_epoch, self.start = epoch, time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        number = epoch + 1
        if number % self.every and number != self.last_epoch:
            return
        spent = time.perf_counter() - self.start
        left = spent / (number - self.first_epoch) * (self.last_epoch - number)
        print(
            f"epoch {number:3d}/{self.last_epoch}   L1 {logs['g_l1']:.3f}   "
            f"D(real) {logs['d_real']:.2f}   D(fake) {logs['d_fake']:.2f}   "
            f"{logs['images_per_second']:.0f} images/s   {left / 60:.1f} min left",
            flush=True,
        )
