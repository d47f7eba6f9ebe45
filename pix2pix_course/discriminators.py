"""Discriminators: the PatchGAN family of the paper (§3.2.2, §4.4), built in notebook 03."""

import keras
from keras import layers


def patchgan(
    input_channels: int = 3,
    target_channels: int = 3,
    layers_strided: int = 3,
    filters: int = 64,
    conditional: bool = True,
    leaky_slope: float = 0.2,
    norm_epsilon: float = 1e-5,
    norm_momentum: float = 0.9,
    init_stddev: float = 0.02,
    image_size: int | None = None,
    name: str = "patchgan",
) -> keras.Model:
    """A fully convolutional network that judges every patch of an image by itself.

    `layers_strided` convolutions of stride 2 and two of stride 1, all 4×4 with one pixel of zero
    padding. The receptive field of one output grows with them: 1 (a special case of 1×1
    convolutions, the PixelGAN), 16, 34, 70, 142, 286 pixels for 0 to 5 layers.

    Args:
        input_channels: channels of the condition; unused if not `conditional`.
        target_channels: channels of the image to be judged.
        layers_strided: 0 to 5.
        filters: channels after the first convolution; they double up to 8 times this.
        conditional: True: the model takes `[condition, image]`; False: the image alone.
        leaky_slope: slope of LeakyReLU below zero.
        norm_epsilon: added to the variance in batch normalisation.
        norm_momentum: share of the old moving average that is kept.
        init_stddev: kernels start from N(0, this), the scales γ from N(1, this).
        image_size: fixes the input's side in pixels, so that `summary()` shows sizes.
        name: name of the model.

    Returns:
        A model from images in [-1, 1] to logits of shape (batch, rows, columns, 1), one per patch:
        above 0 means "real". 256×256 pixels give a 30×30 grid for 3 layers. With the defaults it
        has 2,768,705 trainable weights.

    Raises:
        ValueError: `layers_strided` is negative or above 5.
    """
    if not 0 <= layers_strided <= 5:
        raise ValueError(f"layers_strided = {layers_strided}: use 0 to 5")

    def normal(mean):
        # a new one for each layer: an initializer draws the same numbers each time it is called
        return keras.initializers.RandomNormal(mean, init_stddev)

    def convolve(x, channels, kernel, stride, use_bias, label):
        if kernel > 1:
            x = layers.ZeroPadding2D(1, name=f"{label}_pad")(x)
        return layers.Conv2D(
            channels, kernel, strides=stride, use_bias=use_bias,
            kernel_initializer=normal(0.0), name=f"{label}_conv",
        )(x)  # fmt: skip

    def normalise(x, label):
        return layers.BatchNormalization(
            momentum=norm_momentum, epsilon=norm_epsilon,
            gamma_initializer=normal(1.0), name=f"{label}_norm",
        )(x)  # fmt: skip

    def leaky(x, label):
        return layers.LeakyReLU(negative_slope=leaky_slope, name=f"{label}_leaky")(x)

    side = image_size
    image = keras.Input((side, side, target_channels), name="image")
    inputs, x = image, image
    if conditional:
        condition = keras.Input((side, side, input_channels), name="condition")
        inputs = [condition, image]
        x = layers.Concatenate(name="pair")(inputs)

    if layers_strided == 0:
        kernel, strides = 1, [1, 1]
    else:
        kernel, strides = 4, [2] * layers_strided + [1]
    for level, stride in enumerate(strides):
        label = f"layer_{level + 1}"
        # The first layer is not normalised (§6.1.2); the others let β stand for their bias.
        x = convolve(x, filters * min(2**level, 8), kernel, stride, level == 0, label)
        if level > 0:
            x = normalise(x, label)
        x = leaky(x, label)
    # The authors' PixelGAN has no bias on its logits.
    logits = convolve(x, 1, kernel, 1, layers_strided > 0, "logits")
    return keras.Model(inputs, logits, name=name)


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
