"""The PatchGAN family of discriminators (§3.2.2, §4.4), built in notebook 03."""

import keras
from keras import layers

from pix2pix_course.generators import normal, normalise


def convolve(x, channels, stride, use_bias, kernel=4, **options):
    """A convolution with one pixel of zeros around it, as Torch pads; a 1×1 kernel needs none."""
    if kernel > 1:
        x = layers.ZeroPadding2D(1)(x)
    options |= {"use_bias": use_bias, "kernel_initializer": normal()}
    return layers.Conv2D(channels, kernel, stride, **options)(x)


def patchgan(
    strided_layers: int = 3,
    input_channels: int = 3,
    target_channels: int = 3,
    filters: int = 64,
    conditional: bool = True,
) -> keras.Model:
    """Judge every patch of an image by itself: [condition, image] → logits (batch, h, w, 1).

    Above 0 a logit means "real". A patch is 1, 16, 34, 70, 142, 286 or 574 pixels wide for 0 to 6
    strided layers. With the defaults 256×256 pixels give 30×30 logits, by 2,768,705 trainable
    weights. If not `conditional`, the network takes the image alone.
    """
    image = x = keras.Input((None, None, target_channels), name="image")
    condition = keras.Input((None, None, input_channels), name="condition")
    if conditional:
        x = layers.Concatenate()([condition, image])

    # 256 pixels → 128 → 64 → 32 → 31, and 30 by the last layer: (side + 2 - 4) // stride + 1
    strides, kernel = [2] * strided_layers + [1], 4
    if strided_layers == 0:
        strides, kernel = [1, 1], 1  # the PixelGAN sees one pixel
    for level, stride in enumerate(strides):
        # the first layer is not normalised (§6.1.2); after the others β stands for the bias
        x = convolve(x, filters * min(2**level, 8), stride, use_bias=level == 0, kernel=kernel)
        if level > 0:
            x = normalise(x)
        x = layers.LeakyReLU(negative_slope=0.2)(x)
    # the last layer is not normalised either; the authors' PixelGAN has no bias there
    whole = {"dtype": "float32"}  # in mixed precision too: the loss is a difference of them
    logits = convolve(x, 1, 1, use_bias=strided_layers > 0, kernel=kernel, **whole)
    return keras.Model([condition, image] if conditional else image, logits, name="patchgan")


def receptive_field(strided_layers: int) -> int:
    """Side in pixels of the patch that one logit sees; notebook 03 measures it by gradient.

    Going back from one logit, each 4×4 layer of stride s turns r pixels into (r - 1)·s + 4.
    """
    field = 1
    for stride in [1, 1] + [2] * strided_layers if strided_layers else []:
        field = (field - 1) * stride + 4
    return field
