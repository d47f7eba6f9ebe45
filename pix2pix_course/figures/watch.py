"""A generator's pictures while it learns; notebook 00 shows them as a film."""

from collections.abc import Callable

import keras
import numpy as np

from pix2pix_course.generators import generate
from pix2pix_course.pairs import to_image, to_network


class WatchImages(keras.callbacks.Callback):
    """Hands on what the generator makes of the same conditions, again and again as it learns.

    Before the first step, after 1, 2, 4, 8, … steps, since the first ones change most, then once in
    `every` steps, and after the last.

    Args:
        conditions: uint8 (count, height, width, 3); one or two are enough.
        show: is called with the number of steps done and the pictures, uint8 of the same shape.
    """

    def __init__(self, conditions: np.ndarray, show: Callable, every: int = 100):
        super().__init__()
        self.conditions, self.show, self.every = conditions, show, every

    def on_train_begin(self, logs=None):
        """Show what the network makes of them before this training."""
        self.step, self.shown = 0, None
        self.look()

    def on_train_batch_end(self, batch, logs=None):
        """Count the step; look if it is its turn."""
        self.step += 1
        is_power_of_two = self.step & (self.step - 1) == 0
        if self.step % self.every == 0 or (self.step < self.every and is_power_of_two):
            self.look()

    def on_train_end(self, logs=None):
        """Show the last state, unless it has just been shown."""
        if self.shown != self.step:
            self.look()

    def look(self):
        """Generate, each condition a batch of its own, and hand on."""
        batches = (to_network(condition)[None] for condition in self.conditions)
        pictures = [to_image(generate(self.model.generator, batch)[0]) for batch in batches]
        self.show(self.step, np.stack(pictures))
        self.shown = self.step
