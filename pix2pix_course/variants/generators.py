"""The U-Net with all the ways in which implementations build it, and the ResNet; notebook 08.

`unet` repeats `pix2pix_course.generators.unet` on purpose: that one is for readers of notebook 02.
"""

import keras
from keras import layers

from pix2pix_course.config import Config
from pix2pix_course.generators import drop, widths_of
from pix2pix_course.variants.layers import (
    Normalise,
    ReflectionPadding2D,
    has_bias,
    kernel_initializer,
)


def decoder_filters(widths: list[int], rule: str) -> list[int]:
    """Channels that each decoder block makes before its skip is joined.

    Args:
        widths: of the encoder, `generators.widths_of`.
        rule: "mirrored", those of the encoder backwards; or "as_printed", the numbers of §6.1.1
            (512-1024-1024-1024-1024-512-256), which count channels after joining, taken for
            filters: the Keras book's reading, with 2.4 times the weights.
    """
    mirrored = widths[-2::-1]
    if rule == "mirrored":
        return mirrored
    return mirrored[:1] + [2 * channels for channels in mirrored[:-1]]


def unet(config: Config) -> keras.Model:
    """The U-Net, or without skips the encoder-decoder, as the configuration's variant says.

    float32 (batch, height, width, input channels) → (…, output channels) in [-1, 1], sides
    multiples of `config.image_size`.
    """
    variant = config.variant
    normalise = Normalise(variant.generator_norm, variant)
    is_normal = variant.generator_norm != "none"

    def halve(x, channels, is_normalised):
        return layers.Conv2D(
            channels, 4, strides=2, padding="same",
            use_bias=has_bias(variant.generator_bias, is_normalised),
            kernel_initializer=kernel_initializer(variant.init_stddev),
        )(x)  # fmt: skip

    def double(x, channels, is_last=False):
        use_bias = has_bias(variant.generator_bias, is_normal and not is_last, is_last)
        convolution, stride = layers.Conv2DTranspose, 2
        if variant.decoder == "upsampling":
            x = layers.UpSampling2D()(x)
            convolution, stride = layers.Conv2D, 1
        return convolution(
            channels, 4, strides=stride, padding="same", use_bias=use_bias,
            kernel_initializer=kernel_initializer(variant.init_stddev),
        )(x)  # fmt: skip

    def leaky(x):
        return layers.LeakyReLU(negative_slope=variant.leaky_slope)(x)

    widths = widths_of(config.image_size, config.generator_filters)
    condition = x = keras.Input((None, None, variant.input_channels), name="condition")
    before = variant.skips_carry == "before_activation"
    features = []  # what the skips carry
    for level, channels in enumerate(widths):
        is_innermost = level == len(widths) - 1
        has_norm = level > 0 and (not is_innermost or variant.bottleneck_norm)
        if level > 0 and before:
            x = leaky(x)
        x = halve(x, channels, has_norm and is_normal)
        x = normalise(x) if has_norm else x
        x = x if before else leaky(x)
        features.append(x)

    # Every block expects features that an activation has seen, the bottleneck's included.
    is_activated = not before
    dropping = range(3) if variant.dropout_innermost else range(1, 4)
    for block, channels in enumerate(decoder_filters(widths, variant.decoder_widths)):
        x = x if is_activated else layers.ReLU()(x)
        x = normalise(double(x, channels))
        # further out than the first block only blocks of full width drop (the PyTorch code)
        is_full = widths[-2 - block] == widths[-1]
        if block in dropping and (variant.dropout_innermost or is_full):
            x = drop(x, config.dropout)
        is_activated = variant.decoder_relu == "before_skip"
        x = layers.ReLU()(x) if is_activated else x
        if config.generator == "unet":
            x = layers.Concatenate()([x, features[-2 - block]])
    x = x if is_activated else layers.ReLU()(x)
    x = double(x, variant.output_channels, is_last=True)
    return keras.Model(condition, layers.Activation("tanh")(x), name=config.generator)


def resnet(config: Config) -> keras.Model:
    """The ResNet generator of Johnson et al. (2016), as CycleGAN uses it and the PyTorch code has.

    Two halvings, 9 or 6 residual blocks at a quarter of the side, two doublings. There is no
    bottleneck to squeeze through and no skip across the network: what survives the two halvings is
    all there is. Borders are reflected rather than filled with zeros. Sides are multiples of 4. At
    64 filters with 9 blocks, instance normalisation and biases 11,378,179 trainable weights.
    """
    variant, filters = config.variant, config.generator_filters
    normalise = Normalise(variant.generator_norm, variant)
    is_normal = variant.generator_norm != "none"

    def common(is_last=False):
        return {
            "use_bias": has_bias(variant.generator_bias, is_normal and not is_last, is_last),
            "kernel_initializer": kernel_initializer(variant.init_stddev),
        }

    def reflect_and_convolve(x, channels, kernel, is_last=False):
        x = ReflectionPadding2D(kernel // 2)(x)
        return layers.Conv2D(channels, kernel, **common(is_last))(x)

    def normalise_and_relu(x):
        return layers.ReLU()(normalise(x))

    condition = keras.Input((None, None, variant.input_channels), name="condition")
    x = normalise_and_relu(reflect_and_convolve(condition, filters, 7))
    for factor in (2, 4):
        x = layers.ZeroPadding2D(1)(x)
        x = normalise_and_relu(layers.Conv2D(factor * filters, 3, strides=2, **common())(x))
    for _ in range(int(config.generator.removeprefix("resnet_"))):
        change = normalise_and_relu(reflect_and_convolve(x, 4 * filters, 3))
        change = drop(change, config.dropout)
        change = reflect_and_convolve(change, 4 * filters, 3)
        x = layers.Add()([x, normalise(change)])
    for factor in (2, 1):
        x = layers.Conv2DTranspose(factor * filters, 3, 2, padding="same", **common())(x)
        x = normalise_and_relu(x)
    x = reflect_and_convolve(x, variant.output_channels, 7, is_last=True)
    return keras.Model(condition, layers.Activation("tanh")(x), name=config.generator)
