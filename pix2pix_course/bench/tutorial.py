"""The TensorFlow tutorial's pix2pix, rebuilt from its description, to be measured against.

Its step looks at each batch with D twice and moves both networks at once, with Keras' own Adam;
its pipeline decodes every file in every epoch.
"""

from collections.abc import Callable

import keras
import tensorflow as tf

from pix2pix_course.config import Config
from pix2pix_course.discriminators import patchgan
from pix2pix_course.generators import unet
from pix2pix_course.pairs import Dataset
from pix2pix_course.pipeline import load_size


def tutorial_step(config: Config) -> Callable:
    """(condition, target) → losses of G and D; networks and optimizers are made here."""
    generator = unet(config.image_size, filters=config.generator_filters)
    discriminator = patchgan(config.discriminator_layers, filters=config.discriminator_filters)
    adams = [keras.optimizers.Adam(2e-4, beta_1=0.5) for _ in range(2)]
    entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    @tf.function
    def step(condition, target):
        with tf.GradientTape() as of_g, tf.GradientTape() as of_d:
            generated = generator(condition, training=True)
            real = discriminator([condition, target], training=True)
            fake = discriminator([condition, generated], training=True)
            l1 = tf.reduce_mean(tf.abs(target - generated))
            g_loss = entropy(tf.ones_like(fake), fake) + 100 * l1
            d_loss = entropy(tf.ones_like(real), real) + entropy(tf.zeros_like(fake), fake)
        work = (of_g, g_loss, generator), (of_d, d_loss, discriminator)
        for adam, (tape, loss, network) in zip(adams, work, strict=True):
            weights = network.trainable_variables
            adam.apply(tape.gradient(loss, weights), weights)
        return g_loss, d_loss

    return step


def tutorial_batches(dataset: Dataset, config: Config) -> tf.data.Dataset:
    """One epoch: read, decode, enlarge by the nearest pixel, crop, mirror, shuffle; no cache."""
    enlarged, size = load_size(config.image_size), config.image_size

    def decode(path):
        picture = tf.cast(tf.io.decode_image(tf.io.read_file(path), 3), tf.float32)
        picture.set_shape((None, None, 3))
        left, right = tf.split(picture, 2, axis=1)
        return (left, right) if dataset.condition_side == "A" else (right, left)

    def prepare(path):
        nearest = {"size": (enlarged, enlarged), "method": "nearest"}
        pair = tf.stack([tf.image.resize(side, **nearest) for side in decode(path)])
        pair = tf.image.random_crop(pair, (2, size, size, 3))
        pair = tf.cond(tf.random.uniform(()) > 0.5, lambda: tf.image.flip_left_right(pair),
                       lambda: pair)  # fmt: skip
        return pair[0] / 127.5 - 1, pair[1] / 127.5 - 1

    files = [str(path) for path in dataset.files("train")[: config.train_pairs]]
    paths = tf.data.Dataset.from_tensor_slices(files)
    return paths.map(prepare, num_parallel_calls=tf.data.AUTOTUNE).shuffle(400).batch(1)
