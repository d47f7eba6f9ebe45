"""Generators: the U-Net of the paper, and the same network without skip connections.

Both are built step by step in notebook 02. They are ordinary functional Keras models that map
a condition image to a generated image, float32 in [-1, 1], shape (batch, height, width, channels).
"""

import math

import keras
from keras import layers

MODES = ("paper", "deterministic", "running")
"""How a generator can be run; see `generate`."""


def encoder_filters(image_size: int, filters: int) -> list[int]:
    """Channels after each halving, from `image_size` down to 1×1: f, 2f, 4f, then 8f throughout.

    For 256 pixels and 64 filters: 64, 128, 256, 512, 512, 512, 512, 512 (paper §6.1.1).
    """
    depth = int(math.log2(image_size))
    return [filters * min(2**level, 8) for level in range(depth)]


def unet(
    image_size: int = 256,
    input_channels: int = 3,
    output_channels: int = 3,
    filters: int = 64,
    dropout: float = 0.5,
    leaky_slope: float = 0.2,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float = 0.02,
    skips: bool = True,
    fixed_size: bool = False,
    name: str = "unet",
) -> keras.Model:
    """The U-Net generator (paper §3.2.1 and §6.1.1; built in notebook 02).

    The encoder halves the image with 4×4 convolutions until 1×1 is left; the decoder doubles it
    again, and each decoder block also receives the encoder's features of its own size.
    The order is the authors': activation, convolution, normalisation. The bottleneck is not
    normalised: at batch size 1 a 1×1 map equals its own mean, and nothing would be left of it.

    Args:
        image_size: side of the training images in pixels, a power of two from 64 to 512.
            It sets the depth, log2 of it.
        input_channels: channels of the condition.
        output_channels: channels of the generated image.
        filters: channels after the first convolution.
        dropout: rate in the first three decoder blocks.
        leaky_slope: slope of LeakyReLU below zero, in the encoder.
        norm_epsilon: added to the variance in batch normalisation.
        norm_momentum: share of the old moving average that is kept.
        init_stddev: kernels start from N(0, this), the scales γ from N(1, this).
        skips: False gives the encoder-decoder of the paper's table 2.
        fixed_size: True fixes the input to `image_size`, so that `summary()` shows sizes; False
            accepts any multiple of `image_size`, with the same weights. (On larger images the
            bottleneck uses kernel taps that training at 1×1 never reaches; notebook 02 shows it.)
        name: name of the model.

    Returns:
        A model from (batch, height, width, input_channels) to (…, output_channels), tanh in
        [-1, 1]. With the defaults it has 54,413,955 trainable weights.

    Raises:
        ValueError: `image_size` is not 64, 128, 256 or 512.
    """
    if image_size not in (64, 128, 256, 512):
        raise ValueError(f"image_size = {image_size}: use 64, 128, 256 or 512")

    def normal(mean):
        # a new one for each layer: an initializer draws the same numbers each time it is called
        return keras.initializers.RandomNormal(mean, init_stddev)

    def halve(x, channels, label):
        return layers.Conv2D(
            channels, 4, strides=2, padding="same", use_bias=False,
            kernel_initializer=normal(0.0), name=f"{label}_conv",
        )(x)  # fmt: skip

    def double(x, channels, label, use_bias=False):
        return layers.Conv2DTranspose(
            channels, 4, strides=2, padding="same", use_bias=use_bias,
            kernel_initializer=normal(0.0), name=f"{label}_deconv",
        )(x)  # fmt: skip

    def normalise(x, label):
        return layers.BatchNormalization(
            momentum=norm_momentum, epsilon=norm_epsilon,
            gamma_initializer=normal(1.0), name=f"{label}_norm",
        )(x)  # fmt: skip

    widths = encoder_filters(image_size, filters)
    depth = len(widths)
    side = image_size if fixed_size else None
    condition = keras.Input((side, side, input_channels), name="condition")

    features = []  # what the skips carry: the output of each level, before its activation
    x = condition
    for level, channels in enumerate(widths, start=1):
        label = f"encoder_{level}"
        if level > 1:
            x = layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)
        x = halve(x, channels, label)
        if 1 < level < depth:
            x = normalise(x, label)
        features.append(x)

    for block, channels in enumerate(reversed(widths[:-1]), start=1):
        label = f"decoder_{block}"
        x = layers.ReLU(name=f"{label}_relu")(x)
        x = normalise(double(x, channels, label), label)
        if block <= 3:
            x = layers.Dropout(dropout, name=f"{label}_dropout")(x)
        if skips:
            x = layers.Concatenate(name=f"{label}_skip")([x, features[-1 - block]])

    x = layers.ReLU(name="output_relu")(x)
    x = double(x, output_channels, "output", use_bias=True)
    generated = layers.Activation("tanh", name="generated")(x)
    return keras.Model(condition, generated, name=name)


def encoder_decoder(image_size: int = 256, name: str = "encoder_decoder", **options) -> keras.Model:
    """The U-Net with its skips cut (paper §3.2.1 and table 2; notebook 02).

    Arguments and errors are those of `unet`. With the defaults: 39,075,459 trainable weights.
    """
    return unet(image_size, skips=False, name=name, **options)


def without_dropout(generator: keras.Model) -> keras.Model:
    """A view of `generator` with its dropout layers cut out; it shares every weight."""

    def keep_or_cut(layer):
        return layers.Identity() if isinstance(layer, layers.Dropout) else layer

    return keras.models.clone_model(generator, clone_function=keep_or_cut)


def generate(generator: keras.Model, condition, mode: str = "paper", seed: int = 0):
    """Run a generator without changing anything in it (measured in notebooks 02 and 05).

    `generator(condition, training=True)` would move the averages of its normalisation layers
    towards the images it is shown. Here nothing moves, in any of the modes:

    - "paper": statistics of this batch, dropout on (§3.1: dropout is the noise, at test time too);
    - "deterministic": statistics of this batch, dropout off;
    - "running": moving averages of the training, dropout off: what Keras does by default.

    Args:
        generator: from `unet` or `encoder_decoder`.
        condition: float32 in [-1, 1], shape (batch, height, width, channels). In the first two
            modes the images of a batch share their statistics; the paper has one image a batch.
        mode: one of `MODES`.
        seed: of the dropout masks in mode "paper".

    Returns:
        The generated images, float32 in [-1, 1], a tensor of the condition's height and width.

    Raises:
        ValueError: no such mode.
    """
    if mode not in MODES:
        raise ValueError(f"no mode {mode!r}; there are {', '.join(MODES)}")
    condition = keras.ops.convert_to_tensor(condition, dtype="float32")
    if mode == "running":
        return generator(condition, training=False)
    if mode == "deterministic":
        generator = without_dropout(generator)
    state = [variable.value for variable in generator.non_trainable_variables]
    for index, variable in enumerate(generator.non_trainable_variables):
        if "seed_generator_state" in variable.path:
            state[index] = keras.ops.convert_to_tensor([seed, index], dtype=variable.dtype)
    generated, _ = generator.stateless_call(
        [variable.value for variable in generator.trainable_variables],
        state,
        condition,
        training=True,
    )
    return generated
