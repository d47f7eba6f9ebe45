"""A generator as one plain function: what Keras keeps inside, noise and statistics, are inputs.

An exported layer of dropout would draw one mask, and give it for ever; exported batch normalisation
would take running averages, which is not how pix2pix translates (notebook 05).
"""

import keras
import numpy as np
from keras import layers, ops

from pix2pix_course.generators import generate

STATISTICS, CONDITION = "statistics", "condition"


class BlendedNorm(layers.Layer):
    """A batch normalisation of one image, by its own statistics or by the running averages."""

    def __init__(self, norm: layers.BatchNormalization):
        super().__init__(name=norm.name)
        self.norm, self.share = norm, 1.0  # 1: this image's, 0: the averages

    def call(self, x, training=None, mask=None):
        """(1, H, W, channels) → the same."""
        mean = ops.mean(x, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(x - mean), axis=(1, 2), keepdims=True)
        norm, share = self.norm, self.share
        mean = share * mean + (1 - share) * norm.moving_mean
        variance = share * variance + (1 - share) * norm.moving_variance
        return (x - mean) * ops.rsqrt(variance + norm.epsilon) * norm.gamma + norm.beta


class GivenDropout(layers.Layer):
    """A dropout whose mask somebody else has drawn: 0, or 1 / (1 - rate)."""

    def __init__(self, dropout: layers.Dropout):
        super().__init__(name=dropout.name)
        self.rate, self.factors = dropout.rate, 1.0

    def call(self, x, training=None, mask=None):
        """(1, H, W, channels) → the same."""
        return x * self.factors


class Portable(keras.Model):
    """The generator of a run with the inputs condition, statistics, mask_0, mask_1, …

    All are float32: the condition (1, size, size, channels); `statistics` (1, 1, 1, 1), which is 1
    for those of this image and 0 for the running averages; a mask for each layer of dropout,
    (1, h, w, channels). Masks of ones are no dropout.
    """

    def __init__(self, generator: keras.Model, size: int):
        super().__init__(name="portable")
        self.given, self.blended = [], []

        def replaced(layer):
            if isinstance(layer, layers.BatchNormalization):
                self.blended.append(BlendedNorm(layer))
                return self.blended[-1]
            if isinstance(layer, layers.Dropout):
                self.given.append(GivenDropout(layer))
                return self.given[-1]
            return layer  # shared, with its weights

        condition = keras.Input((size, size, generator.input.shape[-1]), batch_size=1)
        self.inner = keras.models.clone_model(generator, condition, clone_function=replaced)
        self.masks = {f"mask_{i}": tuple(la.output.shape) for i, la in enumerate(self.given)}
        self.shapes = {CONDITION: tuple(condition.shape), STATISTICS: (1, 1, 1, 1)} | self.masks
        self.rates = [layer.rate for layer in self.given]
        self.probe = keras.Model(  # what each dropout is given and gives; with all other layers
            generator.input,
            [generator.output]
            + [tensor for d in dropouts(generator) for tensor in (d.input, d.output)],
        )

    def call(self, inputs):
        """The inputs in the order of `shapes` → the image, (1, size, size, channels)."""
        _, statistics, *masks = inputs
        for layer in self.blended:
            layer.share = statistics
        for layer, mask in zip(self.given, masks, strict=True):
            layer.factors = mask
        return self.inner(inputs[0])

    def signature(self) -> list[list[keras.InputSpec]]:
        """Names and shapes of the inputs, as `Model.export` wants them."""
        return [[keras.InputSpec("float32", s, name=name) for name, s in self.shapes.items()]]

    def inputs_for(self, condition: np.ndarray, mode: str, seed: int = 0) -> dict[str, np.ndarray]:
        """What to give for a mode of `generators.generate`, with the very masks that it draws."""
        values = {CONDITION: condition, STATISTICS: np.full((1, 1, 1, 1), float(mode != "running"))}
        values |= {name: np.ones(shape) for name, shape in self.masks.items()}
        if mode == "paper" and self.given:
            _, *seen = map(ops.convert_to_numpy, generate(self.probe, condition, mode, seed))
            for name, before, after in zip(self.masks, seen[::2], seen[1::2], strict=True):
                # where nothing was, nothing can be seen of the mask, and nothing depends on it
                values[name] = np.divide(
                    after, before, out=np.zeros(after.shape), where=before != 0
                )
        return {name: value.astype(np.float32) for name, value in values.items()}


def dropouts(generator: keras.Model) -> list[layers.Layer]:
    """The layers of dropout, from the innermost outwards."""
    return [layer for layer in generator.layers if isinstance(layer, layers.Dropout)]
