"""Generators: the U-Net of the paper, the same without skip connections, and the ResNet.

The first two are built step by step in notebook 02, the ways in which implementations of the
U-Net differ are compared in notebook 08. They are ordinary functional Keras models that map a
condition image to a generated image, float32 in [-1, 1], shape (batch, height, width, channels).
"""

import math

import keras
from keras import layers

from pix2pix_course.blocks import Normalise, ReflectionPadding2D, has_bias, kernel_initializer

MODES = ("paper", "deterministic", "running")
"""How a generator can be run; see `generate`."""


def encoder_filters(image_size: int, filters: int) -> list[int]:
    """Channels after each halving, from `image_size` down to 1×1: f, 2f, 4f, then 8f throughout.

    For 256 pixels and 64 filters: 64, 128, 256, 512, 512, 512, 512, 512 (paper §6.1.1).
    """
    depth = int(math.log2(image_size))
    return [filters * min(2**level, 8) for level in range(depth)]


def decoder_filters(widths: list[int], rule: str) -> list[int]:
    """Channels that each decoder block makes before its skip is joined.

    Args:
        widths: `encoder_filters`.
        rule: "mirrored", those of the encoder backwards; or "as_printed", the numbers of §6.1.1
            (512-1024-1024-1024-1024-512-256), which count channels after joining, taken for
            filters: the Keras book's reading, with 2.4 times the weights.
    """
    mirrored = widths[-2::-1]
    if rule == "mirrored":
        return mirrored
    return mirrored[:1] + [2 * channels for channels in mirrored[:-1]]


def unet(
    image_size: int = 256,
    input_channels: int = 3,
    output_channels: int = 3,
    filters: int = 64,
    dropout: float = 0.5,
    leaky_slope: float = 0.2,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float | None = 0.02,
    skips: bool = True,
    fixed_size: bool = False,
    name: str = "unet",
    norm: str = "batch",
    gamma_stddev: float = 0.02,
    bottleneck_norm: bool = False,
    bias: str = "last",
    skips_carry: str = "before_activation",
    decoder_relu: str = "after_skip",
    decoder: str = "transposed",
    decoder_widths: str = "mirrored",
    dropout_innermost: bool = True,
) -> keras.Model:
    """The U-Net generator (paper §3.2.1 and §6.1.1; built in notebook 02).

    The encoder halves the image with 4×4 convolutions until 1×1 is left; the decoder doubles it
    again, and each decoder block also receives the encoder's features of its own size.
    The order is the authors': activation, convolution, normalisation. The bottleneck is not
    normalised: at batch size 1 a 1×1 map equals its own mean, and nothing would be left of it.
    The arguments from `norm` on are the points where other implementations do otherwise
    (notebook 08).

    Args:
        image_size: side of the training images in pixels, a power of two from 64 to 512.
            It sets the depth, log2 of it.
        input_channels: channels of the condition.
        output_channels: channels of the generated image.
        filters: channels after the first convolution.
        dropout: rate in three decoder blocks, the first three by default.
        leaky_slope: slope of LeakyReLU below zero, in the encoder.
        norm_epsilon: added to the variance in the normalisation.
        norm_momentum: share of the old moving average that is kept.
        init_stddev: kernels start from N(0, this); None: from Glorot's uniform distribution.
        skips: False gives the encoder-decoder of the paper's table 2.
        fixed_size: True fixes the input to `image_size`, so that `summary()` shows sizes; False
            accepts any multiple of `image_size`, with the same weights. (On larger images the
            bottleneck uses kernel taps that training at 1×1 never reaches; notebook 02 shows it.)
        name: name of the model.
        norm: see `blocks.Normalise`.
        gamma_stddev: the scales γ start from N(1, this).
        bottleneck_norm: normalise the 1×1 bottleneck as well.
        bias: see `blocks.has_bias`.
        skips_carry: a level's features "before_activation" or "after_activation". Before it, the
            decoder's ReLU is the only one they meet.
        decoder_relu: "after_skip", on the joined features; or "before_skip", so that the skipped
            ones reach the next block as they are.
        decoder: "transposed" convolutions; or "upsampling", which repeats pixels, then convolves.
        decoder_widths: see `decoder_filters`.
        dropout_innermost: False: the innermost block has no dropout, the next three have, as far
            as they are of full width (the authors' PyTorch code).

    Returns:
        A model from (batch, height, width, input_channels) to (…, output_channels), tanh in
        [-1, 1]. With the defaults it has 54,413,955 trainable weights.

    Raises:
        ValueError: `image_size` is not 64, 128, 256 or 512.
    """
    if image_size not in (64, 128, 256, 512):
        raise ValueError(f"image_size = {image_size}: use 64, 128, 256 or 512")

    normalise = Normalise(norm, norm_epsilon, norm_momentum, gamma_stddev)

    def halve(x, channels, is_normalised, label):
        return layers.Conv2D(
            channels, 4, strides=2, padding="same", use_bias=has_bias(bias, is_normalised),
            kernel_initializer=kernel_initializer(init_stddev), name=f"{label}_conv",
        )(x)  # fmt: skip

    def double(x, channels, label, is_last=False):
        use_bias = has_bias(bias, not is_last and norm != "none", is_last)
        if decoder == "upsampling":
            x = layers.UpSampling2D(name=f"{label}_double")(x)
            convolution, stride = layers.Conv2D, 1
        else:
            convolution, stride = layers.Conv2DTranspose, 2
        return convolution(
            channels, 4, strides=stride, padding="same", use_bias=use_bias,
            kernel_initializer=kernel_initializer(init_stddev), name=f"{label}_deconv",
        )(x)  # fmt: skip

    widths = encoder_filters(image_size, filters)
    depth = len(widths)
    dropping = range(1, 4) if dropout_innermost else range(2, 5)
    side = image_size if fixed_size else None
    condition = keras.Input((side, side, input_channels), name="condition")

    features = []  # what the skips carry
    x = condition
    for level, channels in enumerate(widths, start=1):
        label = f"encoder_{level}"
        has_norm = level > 1 and (level < depth or bottleneck_norm)
        if level > 1 and skips_carry == "before_activation":
            x = layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)
        x = halve(x, channels, has_norm and norm != "none", label)
        if has_norm:
            x = normalise(x, f"{label}_norm")
        if skips_carry == "after_activation":
            x = layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)
        features.append(x)

    # Every block expects features that an activation has seen, the bottleneck's included.
    is_activated = skips_carry == "after_activation"
    for block, channels in enumerate(decoder_filters(widths, decoder_widths), start=1):
        label = f"decoder_{block}"
        if not is_activated:
            x = layers.ReLU(name=f"{label}_relu")(x)
        x = normalise(double(x, channels, label), f"{label}_norm")
        if block in dropping and (dropout_innermost or widths[-1 - block] == widths[-1]):
            x = layers.Dropout(dropout, name=f"{label}_dropout")(x)
        is_activated = decoder_relu == "before_skip"
        if is_activated:
            x = layers.ReLU(name=f"{label}_relu")(x)
        if skips:
            x = layers.Concatenate(name=f"{label}_skip")([x, features[-1 - block]])

    if not is_activated:
        x = layers.ReLU(name="output_relu")(x)
    x = double(x, output_channels, "output", is_last=True)
    generated = layers.Activation("tanh", name="generated")(x)
    return keras.Model(condition, generated, name=name)


def encoder_decoder(image_size: int = 256, name: str = "encoder_decoder", **options) -> keras.Model:
    """The U-Net with its skips cut (paper §3.2.1 and table 2; notebook 02).

    Arguments and errors are those of `unet`. With the defaults: 39,075,459 trainable weights.
    """
    return unet(image_size, skips=False, name=name, **options)


def resnet(
    blocks: int = 9,
    input_channels: int = 3,
    output_channels: int = 3,
    filters: int = 64,
    dropout: float = 0.5,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float | None = 0.02,
    norm: str = "instance",
    gamma_stddev: float = 0.02,
    bias: str = "all",
    image_size: int | None = None,
    name: str = "resnet",
) -> keras.Model:
    """The ResNet generator of Johnson et al. (2016), as CycleGAN uses it and the PyTorch code has.

    Two halvings, `blocks` residual blocks at a quarter of the side, two doublings. There is no
    bottleneck to squeeze through and no skip across the network: what survives the two halvings is
    all there is. Borders are reflected rather than filled with zeros.

    Args:
        blocks: residual blocks; 9 for 256 pixels, 6 for 128.
        input_channels: channels of the condition.
        output_channels: channels of the generated image.
        filters: channels of the first layer; the blocks have four times as many.
        dropout: rate inside each block; 0 leaves it out.
        norm_epsilon, norm_momentum, gamma_stddev: see `blocks.Normalise`.
        init_stddev: kernels start from N(0, this); None: from Glorot's uniform distribution.
        norm: "instance", "batch" or "none".
        bias: see `blocks.has_bias`; instance normalisation has no shift of its own, so "all".
        image_size: fixes the input's side in pixels, so that `summary()` shows sizes; None accepts
            any multiple of 4.
        name: name of the model.

    Returns:
        A model from (batch, height, width, input_channels) to (…, output_channels), tanh in
        [-1, 1]. With the defaults it has 11,378,179 trainable weights.
    """
    normalise = Normalise(norm, norm_epsilon, norm_momentum, gamma_stddev)

    def common(label, is_last=False):
        return {
            "use_bias": has_bias(bias, norm != "none" and not is_last, is_last),
            "kernel_initializer": kernel_initializer(init_stddev),
            "name": label,
        }

    def reflect_and_convolve(x, channels, kernel, label, is_last=False):
        x = ReflectionPadding2D(kernel // 2, name=f"{label}_pad")(x)
        return layers.Conv2D(channels, kernel, **common(f"{label}_conv", is_last))(x)

    def normalise_and_relu(x, label):
        return layers.ReLU(name=f"{label}_relu")(normalise(x, f"{label}_norm"))

    condition = keras.Input((image_size, image_size, input_channels), name="condition")
    x = normalise_and_relu(reflect_and_convolve(condition, filters, 7, "first"), "first")
    for factor in (2, 4):
        label = f"halve_{factor}"
        x = layers.ZeroPadding2D(1, name=f"{label}_pad")(x)
        x = layers.Conv2D(factor * filters, 3, strides=2, **common(f"{label}_conv"))(x)
        x = normalise_and_relu(x, label)
    for block in range(1, blocks + 1):
        label = f"block_{block}"
        change = reflect_and_convolve(x, 4 * filters, 3, f"{label}a")
        change = normalise_and_relu(change, f"{label}a")
        if dropout:
            change = layers.Dropout(dropout, name=f"{label}_dropout")(change)
        change = reflect_and_convolve(change, 4 * filters, 3, f"{label}b")
        x = layers.Add(name=label)([x, normalise(change, f"{label}b_norm")])
    for factor in (2, 1):
        label = f"double_{factor}"
        x = layers.Conv2DTranspose(
            factor * filters, 3, strides=2, padding="same", **common(f"{label}_deconv")
        )(x)
        x = normalise_and_relu(x, label)
    x = reflect_and_convolve(x, output_channels, 7, "output", is_last=True)
    generated = layers.Activation("tanh", name="generated")(x)
    return keras.Model(condition, generated, name=name)


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
