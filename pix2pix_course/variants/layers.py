"""What networks are made of, where implementations differ in the details; notebook 08."""

import keras
from keras import layers, ops

from pix2pix_course.variants.variant import Variant


def kernel_initializer(stddev: float | None) -> keras.initializers.Initializer:
    """N(0, `stddev`), or Glorot's uniform, Keras' default, for None.

    A new one for each layer: an initializer draws the same numbers each time it is called.
    """
    if stddev is None:
        return keras.initializers.GlorotUniform()
    return keras.initializers.RandomNormal(0.0, stddev)


def has_bias(rule: str, is_normalised: bool, is_last: bool = False) -> bool:
    """Whether a convolution has a bias.

    Args:
        rule: "last", the last layer of a network alone; "unnormalised", also wherever no
            normalisation follows, whose shift β would do the same; "all".
        is_normalised: a normalisation follows.
        is_last: it is the network's last layer.
    """
    return is_last or rule == "all" or (rule == "unnormalised" and not is_normalised)


class Normalise:
    """Adds the normalisation of a configuration wherever a network needs one.

    `kind` is "batch"; "instance", each image and channel by itself and with no weights, as in the
    authors' PyTorch code; or "none".
    """

    def __init__(self, kind: str, variant: Variant):
        self.kind, self.variant = kind, variant

    def __call__(self, x):
        """Normalise a feature map (batch, height, width, channels)."""
        epsilon = self.variant.norm_epsilon
        if self.kind == "none":
            return x
        if self.kind == "instance":
            return layers.GroupNormalization(-1, epsilon=epsilon, center=False, scale=False)(x)
        gamma = "ones"
        if self.variant.gamma_stddev:
            gamma = keras.initializers.RandomNormal(1.0, self.variant.gamma_stddev)
        return layers.BatchNormalization(
            momentum=self.variant.norm_momentum, epsilon=epsilon, gamma_initializer=gamma
        )(x)


class ReflectionPadding2D(layers.Layer):
    """Continues a feature map by its mirror image, `padding` pixels on each side."""

    def __init__(self, padding: int, **options):
        super().__init__(**options)
        self.padding = padding

    def call(self, x):
        """(batch, height, width, channels) → height and width grown by twice the padding."""
        margin = (self.padding, self.padding)
        return ops.pad(x, ((0, 0), margin, margin, (0, 0)), mode="reflect")

    def compute_output_shape(self, shape):
        """Said here, since JAX cannot find it out for a side that may be any (None)."""
        batch, *sides, channels = shape
        return (batch, *(side and side + 2 * self.padding for side in sides), channels)

    def get_config(self) -> dict:
        """The arguments, for copies of a model."""
        return super().get_config() | {"padding": self.padding}


class MinibatchDiscrimination(layers.Layer):
    """How near each image of a batch is to the batch, in `features` projections.

    Salimans et al. (2016), §3.2: if all generated images look alike, the discriminator shall see
    it. Each projection T has `dimensions` numbers, and the feature of image i is the sum over the
    batch of exp(-|T_i - T_j|₁). The sum includes j = i, as in the Keras book: at batch size 1 every
    feature is exactly 1, whatever the image.
    """

    def __init__(self, features: int, dimensions: int = 5, **options):
        super().__init__(**options)
        self.features = features
        self.dimensions = dimensions

    def build(self, input_shape):
        """One kernel for all projections."""
        shape = (input_shape[-1], self.features * self.dimensions)
        self.kernel = self.add_weight(shape=shape, initializer="glorot_uniform", name="kernel")

    def call(self, x):
        """(batch, n) → (batch, features)."""
        projections = ops.reshape(ops.matmul(x, self.kernel), (-1, self.features, self.dimensions))
        apart = ops.sum(ops.abs(projections[:, None] - projections[None]), axis=-1)
        return ops.sum(ops.exp(-apart), axis=1)

    def get_config(self) -> dict:
        """The arguments, for copies of a model."""
        return super().get_config() | {"features": self.features, "dimensions": self.dimensions}


class ImagePool(keras.layers.Layer):
    """Keeps `size` past images and gives back, half of the time, one of them instead.

    Shrivastava et al. (2017), §2.3, and CycleGAN; pix2pix itself has none. Until the pool is full,
    images go in and come straight back. Then each image is returned as it is with probability 1/2,
    or else changes places with a kept one, every slot being equally likely. (The Gluon tutorial
    draws the slot by truncating a real number in [0, size - 1], which never reaches the last.)

    The kept images are weights of the layer, so that a checkpoint can hold them.

    Args:
        size: how many are kept, at least 1.
        seed: of the draws.
    """

    def __init__(self, size: int, seed: int = 0, **options):
        super().__init__(trainable=False, **options)
        self.size = size
        self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, input_shape):
        """Room for the images, and how many there are so far."""
        shape = (self.size, *input_shape[1:])
        self.kept = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="kept")
        self.count = self.add_weight(
            shape=(), initializer="zeros", dtype="int32", trainable=False, name="count"
        )

    def call(self, images):
        """Exchange a batch, image by image.

        Args:
            images: (batch, height, width, channels), all sizes known.

        Returns:
            As many, some of them from the past.
        """
        uniform = keras.random.uniform((images.shape[0], 2), seed=self.seed_generator)
        kept, count = ops.convert_to_tensor(self.kept), ops.convert_to_tensor(self.count)
        returned = []
        for position in range(images.shape[0]):
            image = images[position]
            is_full = count >= self.size
            any_slot = ops.cast(uniform[position, 0] * self.size, "int32")
            slot = ops.where(is_full, any_slot, count)
            from_past = ops.logical_and(is_full, uniform[position, 1] < 0.5)
            past = kept[slot]
            is_kept = ops.logical_or(from_past, ops.logical_not(is_full))
            start = (slot, *[0] * (len(images.shape) - 1))
            entry = ops.where(is_kept, image, past)[None]
            kept = ops.slice_update(kept, start, entry)
            count = ops.minimum(count + 1, self.size)
            returned.append(ops.where(from_past, past, image))
        self.kept.assign(kept)
        self.count.assign(count)
        return ops.stack(returned)
