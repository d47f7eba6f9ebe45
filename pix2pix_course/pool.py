"""The image pool: generated images of the past, shown to the discriminator again; notebook 08."""

import keras
from keras import ops


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
        returned = []
        for position in range(images.shape[0]):
            image = images[position]
            is_full = self.count >= self.size
            any_slot = ops.cast(uniform[position, 0] * self.size, "int32")
            slot = ops.where(is_full, any_slot, self.count)
            from_past = ops.logical_and(is_full, uniform[position, 1] < 0.5)
            past = self.kept[slot]
            is_kept = ops.logical_or(from_past, ops.logical_not(is_full))
            start = (slot, *[0] * (len(images.shape) - 1))
            entry = ops.where(is_kept, image, past)[None]
            self.kept.assign(ops.slice_update(self.kept, start, entry))
            self.count.assign(ops.minimum(self.count + 1, self.size))
            returned.append(ops.where(from_past, past, image))
        return ops.stack(returned)
