"""Discriminators of other implementations: the PatchGAN's details, and one for whole images."""

import math

import keras
from keras import layers

from pix2pix_course.config import Config
from pix2pix_course.variants.layers import (
    MinibatchDiscrimination,
    Normalise,
    has_bias,
    kernel_initializer,
)


def judged(config: Config, side: int | None) -> tuple:
    """The network's inputs, and what its layers see of them."""
    image = keras.Input((side, side, config.variant.output_channels), name="image")
    if not config.conditional:
        return image, image
    condition = keras.Input((side, side, config.variant.input_channels), name="condition")
    return [condition, image], layers.Concatenate()([condition, image])


def outputs(config: Config) -> int:
    """Numbers a verdict: 1 logit, or 2 to be compared by a softmax."""
    return 2 if config.gan_loss == "softmax" else 1


def patchgan(config: Config) -> keras.Model:
    """The PatchGAN, repeated on purpose: [condition, image] → logits (batch, h, w, 1 or 2)."""
    variant, strided = config.variant, config.discriminator_layers
    normalise = Normalise(variant.discriminator_norm, variant)
    is_normal = variant.discriminator_norm != "none"
    kernel = 4 if strided else 1  # the PixelGAN sees one pixel

    def convolve(x, channels, stride, is_normalised=False, is_last=False):
        if kernel > 1:  # with 2 the grid is 35×35 instead of 30×30, and the patches are the same
            x = layers.ZeroPadding2D(variant.discriminator_padding)(x)
        return layers.Conv2D(
            channels, kernel, strides=stride,
            use_bias=has_bias(variant.discriminator_bias, is_normalised, is_last),
            kernel_initializer=kernel_initializer(variant.init_stddev),
        )(x)  # fmt: skip

    inputs, x = judged(config, side=None)
    for level, stride in enumerate([2] * strided + [1] if strided else [1, 1]):
        channels = config.discriminator_filters * min(2**level, 8)
        x = convolve(x, channels, stride, is_normalised=level > 0 and is_normal)
        x = normalise(x) if level > 0 else x
        x = layers.LeakyReLU(negative_slope=variant.leaky_slope)(x)
    # the authors' PixelGAN has no bias on its logits
    logits = convolve(x, outputs(config), 1, is_normalised=strided == 0, is_last=strided > 0)
    return keras.Model(inputs, logits, name="patchgan")


def image_discriminator(config: Config) -> keras.Model:
    """A classifier of whole images, halved down to 1×1, then a dense layer: logits (batch, 1 or 2).

    One verdict an image, as in the DCGAN and in the Keras book's chapter, whose patch is as large
    as the image. With batch normalisation and one image a batch its last normalisation sees 1×1
    maps and returns the same for every image (notebook 08). `minibatch_features` join the image's
    own, which the book first squeezes through a softmax of two.
    """
    variant = config.variant
    normalise = Normalise(variant.discriminator_norm, variant)
    is_normal = variant.discriminator_norm != "none"
    inputs, x = judged(config, config.image_size)
    for level in range(int(math.log2(config.image_size))):
        x = layers.Conv2D(
            config.discriminator_filters * min(2**level, 8), 4, strides=2, padding="same",
            use_bias=has_bias(variant.discriminator_bias, level > 0 and is_normal),
            kernel_initializer=kernel_initializer(variant.init_stddev),
        )(x)  # fmt: skip
        x = normalise(x) if level > 0 else x
        x = layers.LeakyReLU(negative_slope=variant.leaky_slope)(x)
    features = layers.Flatten()(x)
    if variant.minibatch_features:
        squeezed = layers.Dense(2, activation="softmax")(features)
        compared = MinibatchDiscrimination(variant.minibatch_features)(features)
        features = layers.Concatenate()([squeezed, compared])
    logits = layers.Dense(outputs(config))(features)
    return keras.Model(inputs, logits, name="image_discriminator")
