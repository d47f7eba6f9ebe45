"""The GAN as a `keras.Model` whose `fit` trains it, and the callbacks around it; notebook 05."""

import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from PIL import Image

from pix2pix_course.config import Config
from pix2pix_course.discriminators import patchgan
from pix2pix_course.generators import encoder_decoder, generate, unet
from pix2pix_course.losses import belief, discriminator_terms, generator_gan_term, l1_term
from pix2pix_course.pipeline import Pairs, to_image, to_network

TERMS = ("d_loss", "d_real_loss", "d_fake_loss", "d_real", "d_fake", "g_gan", "g_l1")
"""What every step reports, in this order; see `Pix2Pix`."""


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite; nothing that follows could be trusted."""


class Pix2Pix(keras.Model):
    """Generator and discriminator, trained against each other by `fit`.

    One step is one update of D, then one of G (paper §3.3), on the same generated images.
    It reports means over the epoch, none of them multiplied by λ:

    - `d_real_loss`, `d_fake_loss`, and `d_loss`, their mean; see `losses.CHANCE`;
    - `d_real`, `d_fake`: D's mean answer, 1 "real", 0 "generated", 1/2 is chance;
    - `g_gan`: the adversarial term of G; `g_l1`: its mean absolute error on [-1, 1].

    Args:
        generator: from `generators`.
        discriminator: from `discriminators`, taking `[condition, image]` if `conditional`.
        conditional: whether D sees the condition.
        gan_loss: "vanilla" or "lsgan".
        gan_weight: weight of the adversarial term; at 0 D is not trained at all.
        lambda_l1: weight of the L1 term.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        conditional: bool = True,
        gan_loss: str = "vanilla",
        gan_weight: float = 1.0,
        lambda_l1: float = 100.0,
    ):
        super().__init__(name="pix2pix")
        self.generator = generator
        self.discriminator = discriminator
        self.conditional = conditional
        self.gan_loss = gan_loss
        self.gan_weight = gan_weight
        self.lambda_l1 = lambda_l1
        self.means = [keras.metrics.Mean(name=term) for term in TERMS]

    def compile(self, generator_optimizer, discriminator_optimizer):
        """One optimizer per network: Adam's averages belong to the weights they were made from."""
        super().compile(optimizer=generator_optimizer)
        self.discriminator_optimizer = discriminator_optimizer
        self.optimizer.build(self.generator.trainable_variables)
        self.discriminator_optimizer.build(self.discriminator.trainable_variables)

    def call(self, condition, training=False):
        """Translate a batch, as `generator(condition)` does."""
        return self.generator(condition, training=training)

    def judge(self, condition, image):
        """D's logits for images said to belong to the conditions."""
        pair = [condition, image] if self.conditional else image
        return self.discriminator(pair, training=True)

    def train_step(self, data):
        """Update D, then G, on one batch of (condition, target)."""
        condition, target = data
        with tf.GradientTape() as generator_tape:
            generated = self.generator(condition, training=True)
            # D's update is no function of G's weights that G should follow.
            with generator_tape.stop_recording():
                judged = self.train_discriminator(condition, target, generated)
            g_gan = 0.0
            if self.gan_weight:
                g_gan = generator_gan_term(self.judge(condition, generated), self.gan_loss)
            g_l1 = l1_term(target, generated)
            objective = self.gan_weight * g_gan + self.lambda_l1 * g_l1
        variables = self.generator.trainable_variables
        self.optimizer.apply(generator_tape.gradient(objective, variables), variables)

        for mean, value in zip(self.means, (*judged, g_gan, g_l1), strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self.means}

    def train_discriminator(self, condition, target, generated):
        """One step of D; returns its loss, the two terms of it, D(real) and D(fake)."""
        if not self.gan_weight:
            return 0.0, 0.0, 0.0, 0.5, 0.5
        with tf.GradientTape() as tape:
            real_logits = self.judge(condition, target)
            fake_logits = self.judge(condition, generated)
            real_loss, fake_loss = discriminator_terms(real_logits, fake_logits, self.gan_loss)
            loss = (real_loss + fake_loss) / 2  # §3.3; under Adam it changes nothing (notebook 04)
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        return (
            loss,
            real_loss,
            fake_loss,
            belief(real_logits, self.gan_loss),
            belief(fake_logits, self.gan_loss),
        )


def build_generator(config: Config, fixed_size: bool = False) -> keras.Model:
    """The untrained generator that `config` describes."""
    build = {"unet": unet, "encoder_decoder": encoder_decoder}[config.generator]
    return build(
        config.image_size,
        filters=config.generator_filters,
        dropout=config.dropout,
        leaky_slope=config.leaky_slope,
        norm_epsilon=config.norm_epsilon,
        norm_momentum=config.norm_momentum,
        init_stddev=config.init_stddev,
        fixed_size=fixed_size,
    )


def build_discriminator(config: Config) -> keras.Model:
    """The untrained discriminator that `config` describes."""
    return patchgan(
        layers_strided=config.discriminator_layers,
        filters=config.discriminator_filters,
        conditional=config.conditional,
        leaky_slope=config.leaky_slope,
        norm_epsilon=config.norm_epsilon,
        norm_momentum=config.norm_momentum,
        init_stddev=config.init_stddev,
    )


def build_pix2pix(config: Config) -> Pix2Pix:
    """Both networks and both optimizers, untrained, ready for `fit`.

    Sets Keras' global seed to `config.seed`, so that the same `Config` starts from the same
    weights.
    """
    keras.utils.set_random_seed(config.seed)

    def adam():
        return keras.optimizers.Adam(
            config.learning_rate, config.beta_1, config.beta_2, config.adam_epsilon
        )

    model = Pix2Pix(
        build_generator(config),
        build_discriminator(config),
        conditional=config.conditional,
        gan_loss=config.gan_loss,
        gan_weight=config.gan_weight,
        lambda_l1=config.lambda_l1,
    )
    model.compile(adam(), adam())
    return model


class SeedEachEpoch(keras.callbacks.Callback):
    """Makes dropout a function of (seed, epoch, step), so that a resumed run repeats it."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        """Restart the random state of every dropout layer from (seed, epoch)."""
        layers = [layer for layer in self.model.generator.layers if hasattr(layer, "rate")]
        for index, layer in enumerate(layers):
            if layer.rate:
                state = np.random.SeedSequence([self.seed, epoch, index]).generate_state(2)
                # Dropout adds to the state at each step, so leave it room below 2³².
                layer.seed_generator.state.assign(state >> 1)


class LearningRateByEpoch(keras.callbacks.Callback):
    """Gives both optimizers the learning rate that the configuration says for an epoch."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config

    def on_epoch_begin(self, epoch, logs=None):
        """Set the rate for this epoch."""
        rate = self.config.learning_rate_at(epoch)
        self.model.optimizer.learning_rate = rate
        self.model.discriminator_optimizer.learning_rate = rate

    def on_epoch_end(self, epoch, logs=None):
        """Report it with the losses."""
        if logs is not None:
            logs["learning_rate"] = self.config.learning_rate_at(epoch)


class Throughput(keras.callbacks.Callback):
    """Adds `images_per_second` and `seconds` to the epoch's logs. Put it first in the list."""

    def __init__(self, images_per_epoch: int):
        super().__init__()
        self.images_per_epoch = images_per_epoch

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Stop it, before the callbacks that save and draw."""
        seconds = time.perf_counter() - self.start
        if logs is not None:
            logs["seconds"] = seconds
            logs["images_per_second"] = self.images_per_epoch / seconds


class StopOnNaN(keras.callbacks.Callback):
    """Stops the run as soon as a loss is not a number, before a checkpoint keeps it."""

    def __init__(self, every: int = 20):
        super().__init__()
        self.every = every  # looking at a number makes a GPU wait, so not at every step

    def on_train_batch_end(self, batch, logs=None):
        """Look at the means so far: once one is NaN, it stays NaN to the end of the epoch."""
        if batch % self.every == 0:
            self.check(logs, f"step {batch + 1}")

    def on_epoch_end(self, epoch, logs=None):
        """Look once more at the end."""
        self.check(logs, f"the end of epoch {epoch + 1}")

    @staticmethod
    def check(logs, where: str):
        """Raise `TrainingDiverged` if a term of `logs` is not finite."""
        for term in TERMS:
            value = float((logs or {}).get(term, 0.0))
            if not np.isfinite(value):
                raise TrainingDiverged(
                    f"{term} is {value} at {where}. The last checkpoint is intact. "
                    "Try a lower learning_rate, and look for broken images with "
                    "`pix2pix-course data check`."
                )


class SampleImages(keras.callbacks.Callback):
    """Draws the same test inputs every few epochs: condition, generated, target side by side.

    Args:
        pairs: the fixed inputs; two or four rows are enough.
        folder: where `epoch_0005.png` and so on are written.
        every: epochs between pictures; the last epoch always gets one.
        last_epoch: the number of epochs in all.
    """

    def __init__(self, pairs: Pairs, folder: Path, every: int, last_epoch: int):
        super().__init__()
        self.pairs = pairs
        self.folder = Path(folder)
        self.every = every
        self.last_epoch = last_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Write the picture of this epoch, if it is one's turn."""
        number = epoch + 1
        if number % self.every and number != self.last_epoch:
            return
        rows = []
        for condition, target in zip(self.pairs.condition, self.pairs.target, strict=True):
            generated = generate(self.model.generator, to_network(condition)[None])
            generated = to_image(ops.convert_to_numpy(generated[0]))
            rows.append(np.concatenate([condition, generated, target], axis=1))
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(rows)).save(self.folder / f"epoch_{number:04d}.png")


class EpochLines(keras.callbacks.Callback):
    """A line of text every few epochs: short enough for a notebook, where a bar would flood."""

    def __init__(self, every: int, last_epoch: int):
        super().__init__()
        self.every = every
        self.last_epoch = last_epoch

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self.start, self.first_epoch = time.perf_counter(), None

    def on_epoch_begin(self, epoch, logs=None):
        """Remember where a resumed run began."""
        if self.first_epoch is None:
            self.first_epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        """Print the losses and the time that is left."""
        number = epoch + 1
        if number % self.every and number != self.last_epoch:
            return
        spent = time.perf_counter() - self.start
        left = spent / (number - self.first_epoch) * (self.last_epoch - number)
        print(
            f"epoch {number:3d}/{self.last_epoch}   L1 {logs['g_l1']:.3f}   "
            f"D(real) {logs['d_real']:.2f}   D(fake) {logs['d_fake']:.2f}   "
            f"{logs['images_per_second']:.0f} images/s   {left / 60:.1f} min left",
            flush=True,
        )
