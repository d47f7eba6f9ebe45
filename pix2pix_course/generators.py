"""The U-Net generator of the paper (§3.2.1, §6.1.1), built step by step in notebook 02.

The U-Nets of other implementations are in `variants/generators.py`.
"""

import math
import random
import weakref

import keras
from keras import layers, ops

from pix2pix_course.support.engine import engine_name

engine_name()  # complains of `channels_first`, with which nothing here would work

MODES = ("paper", "deterministic", "running")
"""How a generator can be run; see `generate`."""


def widths_of(image_size: int, filters: int) -> list[int]:
    """Channels after each halving, down to 1×1: f, 2f, 4f, then 8f throughout."""
    return [filters * min(2**level, 8) for level in range(int(math.log2(image_size)))]


def normal(mean: float = 0.0):
    """§6.2: weights start from N(0, 0.02). A new object each time: one object repeats its draws."""
    return keras.initializers.RandomNormal(mean, 0.02)


def normalise(x):
    """Batch normalisation with the numbers of the authors' Torch code (Keras: ε 1e-3, 0.99)."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=normal(1.0))(x)


def halve(x, channels):
    """A 4×4 convolution of stride 2; no bias, since β of a normalisation does the same."""
    return layers.Conv2D(
        channels, 4, strides=2, padding="same", use_bias=False, kernel_initializer=normal()
    )(x)


def double(x, channels, use_bias=False):
    """The way back: a transposed 4×4 convolution of stride 2."""
    return layers.Conv2DTranspose(
        channels, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=normal()
    )(x)


def drop(x, rate):
    """Dropout, the only noise (§3.1), from a seed of its own.

    Without one Keras would draw from PyTorch's own generator there, which no checkpoint keeps.
    """
    return layers.Dropout(rate, seed=random.randint(1, 10**9))(x) if rate else x


def unet(
    image_size: int = 256,
    input_channels: int = 3,
    output_channels: int = 3,
    filters: int = 64,
    dropout: float = 0.5,
    skips: bool = True,
) -> keras.Model:
    """Map a condition (batch, H, W, input_channels) to an image (batch, H, W, output_channels).

    Both are in [-1, 1]; H and W are multiples of `image_size`, a power of two that sets the depth.
    With the defaults 54,413,955 trainable weights; without skips, the encoder-decoder of table 2,
    39,075,459.
    """
    *widths, innermost = widths_of(image_size, filters)
    condition = x = keras.Input((None, None, input_channels), name="condition")

    features = []  # what the skips hand over: before the activation, the decoder has its own
    for level, channels in enumerate(widths):
        if level > 0:
            x = layers.LeakyReLU(negative_slope=0.2)(x)
        x = halve(x, channels)  # (batch, H / 2^(level + 1), W / 2^(level + 1), channels)
        if level > 0:
            x = normalise(x)
        features.append(x)
    # The 1×1 bottleneck is not normalised: at batch size 1 it would equal its own mean (erratum).
    x = halve(layers.LeakyReLU(negative_slope=0.2)(x), innermost)

    for block, channels in enumerate(reversed(widths)):
        x = normalise(double(layers.ReLU()(x), channels))
        if block < 3:
            x = drop(x, dropout)
        if skips:
            x = layers.Concatenate()([x, features[-1 - block]])  # channels of both
    x = double(layers.ReLU()(x), output_channels, use_bias=True)
    image = layers.Activation("tanh", dtype="float32")(x)  # in mixed precision too
    return keras.Model(condition, image, name="unet")


def generate(generator: keras.Model, condition, mode: str = "paper", seed: int = 0):
    """Run a generator without moving its averages; notebooks 02 and 05 measure the modes.

    - "paper": statistics of this batch, dropout on (§3.1: it is the noise, at test time too);
    - "deterministic": statistics of this batch, dropout off;
    - "running": moving averages, dropout off, which is what Keras does by default.

    float32 (batch, H, W, channels) in [-1, 1] → a tensor of the same height and width. `seed`
    chooses the dropout masks.

    Raises:
        ValueError: no such mode.
    """
    if mode not in MODES:
        raise ValueError(f"no mode {mode!r}; there are {', '.join(MODES)}")
    condition = ops.convert_to_tensor(condition, dtype="float32")
    if mode == "running":
        return generator(condition, training=False)
    if mode == "deterministic":
        generator = without_dropout(generator)
    weights = [variable.value for variable in generator.trainable_variables]
    state = [variable.value for variable in generator.non_trainable_variables]
    for index, variable in enumerate(generator.non_trainable_variables):
        if "seed_generator_state" in variable.path:
            state[index] = ops.convert_to_tensor([seed, index], dtype=variable.dtype)
    # `stateless_call` returns the averages that it would have moved; nothing takes them over
    return generator.stateless_call(weights, state, condition, training=True)[0]


_VIEWS = weakref.WeakKeyDictionary()  # one a generator: each costs a graph of layers


def without_dropout(generator: keras.Model) -> keras.Model:
    """A view of `generator` with its dropout layers cut out; it shares every weight."""

    def keep_or_cut(layer):
        return layers.Identity() if isinstance(layer, layers.Dropout) else layer

    if generator not in _VIEWS:
        _VIEWS[generator] = keras.models.clone_model(generator, clone_function=keep_or_cut)
    return _VIEWS[generator]
