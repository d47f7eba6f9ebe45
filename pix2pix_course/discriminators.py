"""Discriminators: the PatchGAN family of the paper (§3.2.2, §4.4), built in notebook 03, and one
that judges the image as a whole."""

import math

import keras
from keras import layers

from pix2pix_course.blocks import MinibatchDiscrimination, Normalise, has_bias, kernel_initializer


def patchgan(
    input_channels: int = 3,
    target_channels: int = 3,
    layers_strided: int = 3,
    filters: int = 64,
    conditional: bool = True,
    leaky_slope: float = 0.2,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float | None = 0.02,
    image_size: int | None = None,
    name: str = "patchgan",
    norm: str = "batch",
    gamma_stddev: float = 0.02,
    bias: str = "unnormalised",
    padding: int = 1,
    outputs: int = 1,
) -> keras.Model:
    """A fully convolutional network that judges every patch of an image by itself.

    `layers_strided` convolutions of stride 2 and two of stride 1, all 4×4 with one pixel of zero
    padding. The receptive field of one output grows with them: 1 (a special case of 1×1
    convolutions, the PixelGAN), 16, 34, 70, 142, 286, 574 pixels for 0 to 6 layers.

    Args:
        input_channels: channels of the condition; unused if not `conditional`.
        target_channels: channels of the image to be judged.
        layers_strided: 0 to 6.
        filters: channels after the first convolution; they double up to 8 times this.
        conditional: True: the model takes `[condition, image]`; False: the image alone.
        leaky_slope: slope of LeakyReLU below zero.
        norm_epsilon: added to the variance in the normalisation.
        norm_momentum: share of the old moving average that is kept.
        init_stddev: kernels start from N(0, this); None: from Glorot's uniform distribution.
        image_size: fixes the input's side in pixels, so that `summary()` shows sizes.
        name: name of the model.
        norm: see `blocks.Normalise`.
        gamma_stddev: the scales γ start from N(1, this).
        bias: see `blocks.has_bias`.
        padding: zero pixels around the input of each 4×4 layer. With 2 (the Gluon tutorial) the
            grid is larger, 35×35 instead of 30×30, and the patches are the same.
        outputs: numbers per patch: 1 logit, or 2 to be compared by a softmax.

    Returns:
        A model from images in [-1, 1] to logits of shape (batch, rows, columns, outputs), one per
        patch: above 0 means "real". 256×256 pixels give a 30×30 grid for 3 layers. With the
        defaults it has 2,768,705 trainable weights.

    Raises:
        ValueError: `layers_strided` is negative or above 6.
    """
    if not 0 <= layers_strided <= 6:
        raise ValueError(f"layers_strided = {layers_strided}: use 0 to 6")

    normalise = Normalise(norm, norm_epsilon, norm_momentum, gamma_stddev)

    def convolve(x, channels, kernel, stride, use_bias, label):
        if kernel > 1:
            x = layers.ZeroPadding2D(padding, name=f"{label}_pad")(x)
        return layers.Conv2D(
            channels, kernel, strides=stride, use_bias=use_bias,
            kernel_initializer=kernel_initializer(init_stddev), name=f"{label}_conv",
        )(x)  # fmt: skip

    inputs, x = judged_images(conditional, input_channels, target_channels, image_size)
    if layers_strided == 0:
        kernel, strides = 1, [1, 1]
    else:
        kernel, strides = 4, [2] * layers_strided + [1]
    for level, stride in enumerate(strides):
        label = f"layer_{level + 1}"
        # The first layer is not normalised (§6.1.2); the others let β stand for their bias.
        use_bias = has_bias(bias, is_normalised=level > 0 and norm != "none")
        x = convolve(x, filters * min(2**level, 8), kernel, stride, use_bias, label)
        if level > 0:
            x = normalise(x, f"{label}_norm")
        x = layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)
    # The authors' PixelGAN has no bias on its logits.
    use_bias = has_bias(bias, is_normalised=layers_strided == 0, is_last=layers_strided > 0)
    return keras.Model(inputs, convolve(x, outputs, kernel, 1, use_bias, "logits"), name=name)


def judged_images(conditional: bool, input_channels: int, target_channels: int, side: int | None):
    """The inputs of a discriminator, and the one tensor that its first layer sees."""
    image = keras.Input((side, side, target_channels), name="image")
    if not conditional:
        return image, image
    condition = keras.Input((side, side, input_channels), name="condition")
    inputs = [condition, image]
    return inputs, layers.Concatenate(name="pair")(inputs)


def image_discriminator(
    image_size: int = 256,
    input_channels: int = 3,
    target_channels: int = 3,
    filters: int = 64,
    conditional: bool = True,
    leaky_slope: float = 0.2,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float | None = 0.02,
    norm: str = "batch",
    gamma_stddev: float = 0.02,
    bias: str = "unnormalised",
    outputs: int = 1,
    minibatch_features: int = 0,
    name: str = "image_discriminator",
) -> keras.Model:
    """A classifier of whole images: halved down to 1×1, then a dense layer.

    One verdict an image, as in the DCGAN and in the Keras book's chapter, whose patch is as large
    as the image. With batch normalisation and one image a batch its last normalisation sees 1×1
    maps and returns the same for every image (notebook 08): use another `norm`.

    Args:
        image_size: side of the images in pixels, a power of two; it sets the depth.
        minibatch_features: so many features of `blocks.MinibatchDiscrimination` join the image's
            own, which the book first squeezes through a softmax of two.
        input_channels, target_channels, filters, conditional, leaky_slope, norm_epsilon,
        norm_momentum, init_stddev, norm, gamma_stddev, bias, outputs, name: as in `patchgan`.

    Returns:
        A model from images in [-1, 1] to logits of shape (batch, outputs).
    """
    normalise = Normalise(norm, norm_epsilon, norm_momentum, gamma_stddev)
    inputs, x = judged_images(conditional, input_channels, target_channels, image_size)
    for level in range(int(math.log2(image_size))):
        label = f"layer_{level + 1}"
        x = layers.Conv2D(
            filters * min(2**level, 8), 4, strides=2, padding="same",
            use_bias=has_bias(bias, is_normalised=level > 0 and norm != "none"),
            kernel_initializer=kernel_initializer(init_stddev), name=f"{label}_conv",
        )(x)  # fmt: skip
        if level > 0:
            x = normalise(x, f"{label}_norm")
        x = layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)
    features = layers.Flatten(name="features")(x)
    if minibatch_features:
        squeezed = layers.Dense(2, activation="softmax", name="squeezed")(features)
        compared = MinibatchDiscrimination(minibatch_features, name="compared")(features)
        features = layers.Concatenate(name="own_and_compared")([squeezed, compared])
    return keras.Model(inputs, layers.Dense(outputs, name="logits")(features), name=name)


def receptive_field(layers_strided: int) -> int:
    """Side in pixels of the patch that one output of `patchgan` sees, by the closed formula.

    Going back from one output, each 4×4 layer of stride s turns a field of r pixels into
    (r - 1)·s + 4. Notebook 03 measures the same by gradient.
    """
    if layers_strided == 0:
        return 1
    field = 1
    for stride in [1, 1] + [2] * layers_strided:
        field = (field - 1) * stride + 4
    return field
