"""The GAN as a `keras.Model` whose `fit` trains it, and the callbacks around it; notebook 05."""

import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from PIL import Image

from pix2pix_course.config import Config
from pix2pix_course.discriminators import image_discriminator, patchgan
from pix2pix_course.encoding import RGB, Encoding
from pix2pix_course.generators import encoder_decoder, generate, resnet, unet
from pix2pix_course.losses import (
    accuracy,
    belief,
    discriminator_terms,
    generator_gan_term,
    l1_term,
)
from pix2pix_course.pipeline import Pairs
from pix2pix_course.pool import ImagePool

TERMS = ("d_loss", "d_real_loss", "d_fake_loss", "d_real", "d_fake", "d_accuracy", "g_gan", "g_l1")
"""What every step reports, in this order; see `Pix2Pix`."""


class TrainingDiverged(RuntimeError):
    """A loss became NaN or infinite; nothing that follows could be trusted."""


class Pix2Pix(keras.Model):
    """Generator and discriminator, trained against each other by `fit`.

    One step is one update of D, then one of G (paper §3.3), on the same generated images.
    It reports means over the epoch, none of them multiplied by λ:

    - `d_real_loss`, `d_fake_loss`, and `d_loss`, their mean; see `losses.CHANCE`;
    - `d_real`, `d_fake`: D's mean answer, 1 "real", 0 "generated", 1/2 is chance;
    - `d_accuracy`: the share of patches that D judges right; 1/2 is chance;
    - `g_gan`: the adversarial term of G; `g_l1`: its mean absolute error on [-1, 1].

    Args:
        generator: from `generators`.
        discriminator: from `discriminators`, taking `[condition, image]` if `conditional`.
        conditional: whether D sees the condition.
        gan_loss: one of `losses.KINDS`.
        gan_weight: weight of the adversarial term; at 0 D is not trained at all.
        lambda_l1: weight of the L1 term.
        halve_d_loss: train D on half the sum of its two terms (§3.3), else on the sum.
        gradient_penalty: weight of the penalty on D; for "wgan_gp" alone.
        update_order: "alternate", G answers to the D just updated; "simultaneous", to the old one.
        fakes_for_d: D is updated on the generated images of G's own step ("shared"), on images
            with other dropout ("redrawn"), or on those of G in "inference" mode.
        one_class_batches: D is updated on generated images alone, then on real ones alone, in turn.
        pool: past images that D is shown again, or None.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        conditional: bool = True,
        gan_loss: str = "vanilla",
        gan_weight: float = 1.0,
        lambda_l1: float = 100.0,
        halve_d_loss: bool = True,
        gradient_penalty: float = 10.0,
        update_order: str = "alternate",
        fakes_for_d: str = "shared",
        one_class_batches: bool = False,
        pool: ImagePool | None = None,
    ):
        super().__init__(name="pix2pix")
        self.generator = generator
        self.discriminator = discriminator
        self.conditional = conditional
        self.gan_loss = gan_loss
        self.gan_weight = gan_weight
        self.lambda_l1 = lambda_l1
        self.halve_d_loss = halve_d_loss
        self.gradient_penalty = gradient_penalty
        self.update_order = update_order
        self.fakes_for_d = fakes_for_d
        self.one_class_batches = one_class_batches
        self.pool = pool
        self.seed_generator = keras.random.SeedGenerator(0)  # of the penalty's places
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
        """Update D and G on one batch of (condition, target)."""
        condition, target = data
        with tf.GradientTape() as generator_tape:
            generated = self.generator(condition, training=True)
            if self.update_order == "alternate":
                # D's update is no function of G's weights that G should follow.
                with generator_tape.stop_recording():
                    judged = self.train_discriminator(condition, target, generated)
            g_gan = 0.0
            if self.gan_weight:
                g_gan = generator_gan_term(self.judge(condition, generated), self.gan_loss)
            g_l1 = l1_term(target, generated)
            objective = self.gan_weight * g_gan + self.lambda_l1 * g_l1
        variables = self.generator.trainable_variables
        gradients = generator_tape.gradient(objective, variables)
        if self.update_order == "simultaneous":
            judged = self.train_discriminator(condition, target, generated)
        self.optimizer.apply(gradients, variables)

        for mean, value in zip(self.means, (*judged, g_gan, g_l1), strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self.means}

    def train_discriminator(self, condition, target, generated):
        """One step of D; returns its loss, the two terms of it, D(real), D(fake), accuracy."""
        if not self.gan_weight:
            return 0.0, 0.0, 0.0, 0.5, 0.5, 0.5
        fake_condition, fake = self.shown_to_discriminator(condition, generated)
        with tf.GradientTape() as tape:
            real_logits = self.judge(condition, target)
            fake_logits = self.judge(fake_condition, fake)
            real_loss, fake_loss = discriminator_terms(real_logits, fake_logits, self.gan_loss)
            loss = (real_loss + fake_loss) / 2  # §3.3; under Adam it changes nothing (notebook 04)
            objective = loss if self.halve_d_loss else 2 * loss
            if self.one_class_batches:
                is_odd = self.discriminator_optimizer.iterations % 2 == 1
                objective = tf.where(is_odd, real_loss, fake_loss)
            if self.gan_loss == "wgan_gp":
                objective += self.gradient_penalty * self.penalty(condition, target, fake)
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(objective, variables), variables)
        return (
            loss,
            real_loss,
            fake_loss,
            belief(real_logits, self.gan_loss),
            belief(fake_logits, self.gan_loss),
            accuracy(real_logits, fake_logits, self.gan_loss),
        )

    def shown_to_discriminator(self, condition, generated):
        """The generated images that D is updated on, and the conditions that belong to them."""
        if self.fakes_for_d != "shared":
            generated = self.generator(condition, training=self.fakes_for_d == "redrawn")
        if self.pool is None:
            return condition, generated
        pairs = self.pool(ops.concatenate([condition, generated], axis=-1))
        channels = condition.shape[-1]
        return pairs[..., :channels], pairs[..., channels:]

    def penalty(self, condition, target, generated):
        """Mean of (‖∇D‖ - 1)² at random places between real and generated images.

        Gulrajani et al. (2017), equation 3; the norm is taken over all pixels of an image.
        """
        share = keras.random.uniform((target.shape[0], 1, 1, 1), seed=self.seed_generator)
        between = share * target + (1 - share) * generated
        with tf.GradientTape() as tape:
            tape.watch(between)
            # a sum keeps the images of a batch apart, the mean is over the patches of one image
            logits = self.judge(condition, between)
            answers = ops.sum(ops.mean(logits, axis=tuple(range(1, len(logits.shape)))))
        gradient = tape.gradient(answers, between)
        norm = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
        return ops.mean(ops.square(norm - 1))


def build_generator(config: Config, fixed_size: bool = False) -> keras.Model:
    """The untrained generator that `config` describes."""
    common = {
        "input_channels": config.input_channels,
        "output_channels": config.output_channels,
        "filters": config.generator_filters,
        "dropout": config.dropout,
        "norm_epsilon": config.norm_epsilon,
        "norm_momentum": config.norm_momentum,
        "init_stddev": config.init_stddev,
        "norm": config.generator_norm,
        "gamma_stddev": config.gamma_stddev,
        "bias": config.generator_bias,
    }
    if config.generator.startswith("resnet"):
        blocks = int(config.generator.removeprefix("resnet_"))
        return resnet(blocks, image_size=config.image_size if fixed_size else None, **common)
    build = {"unet": unet, "encoder_decoder": encoder_decoder}[config.generator]
    return build(
        config.image_size,
        leaky_slope=config.leaky_slope,
        fixed_size=fixed_size,
        bottleneck_norm=config.bottleneck_norm,
        skips_carry=config.skips_carry,
        decoder_relu=config.decoder_relu,
        decoder=config.decoder,
        decoder_widths=config.decoder_widths,
        dropout_innermost=config.dropout_innermost,
        **common,
    )


def build_discriminator(config: Config) -> keras.Model:
    """The untrained discriminator that `config` describes."""
    common = {
        "input_channels": config.input_channels,
        "target_channels": config.output_channels,
        "filters": config.discriminator_filters,
        "conditional": config.conditional,
        "leaky_slope": config.leaky_slope,
        "norm_epsilon": config.norm_epsilon,
        "norm_momentum": config.norm_momentum,
        "init_stddev": config.init_stddev,
        "norm": config.discriminator_norm,
        "gamma_stddev": config.gamma_stddev,
        "bias": config.discriminator_bias,
        "outputs": 2 if config.gan_loss == "softmax" else 1,
    }
    if config.discriminator == "image":
        features = config.minibatch_features
        return image_discriminator(config.image_size, minibatch_features=features, **common)
    return patchgan(
        layers_strided=config.discriminator_layers, padding=config.discriminator_padding, **common
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

    generator, discriminator = build_generator(config), build_discriminator(config)
    pool = None
    if config.pool_size and config.gan_weight:
        pool = ImagePool(config.pool_size, config.seed, name="pool")
        channels = config.input_channels + config.output_channels
        pool.build((config.batch_size, config.image_size, config.image_size, channels))
    model = Pix2Pix(
        generator,
        discriminator,
        conditional=config.conditional,
        gan_loss=config.gan_loss,
        gan_weight=config.gan_weight,
        lambda_l1=config.lambda_l1,
        halve_d_loss=config.halve_d_loss,
        gradient_penalty=config.gradient_penalty,
        update_order=config.update_order,
        fakes_for_d=config.fakes_for_d,
        one_class_batches=config.one_class_batches,
        pool=pool,
    )
    model.compile(adam(), adam())
    return model


class SeedEachEpoch(keras.callbacks.Callback):
    """Makes dropout and other draws a function of (seed, epoch, step): a resumed run repeats it."""

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        """Restart the random state of whatever draws numbers from (seed, epoch)."""
        drawing = [layer for layer in self.model.generator.layers if getattr(layer, "rate", 0)]
        drawing += [self.model] if self.model.pool is None else [self.model, self.model.pool]
        for index, layer in enumerate(drawing):
            state = np.random.SeedSequence([self.seed, epoch, index]).generate_state(2)
            # Each draw adds to the state, so leave it room below 2³².
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
        encoding: what the networks see of a picture.
        mode: how the generator is run; see `generators.generate`.
    """

    def __init__(
        self,
        pairs: Pairs,
        folder: Path,
        every: int,
        last_epoch: int,
        encoding: Encoding = RGB,
        mode: str = "paper",
    ):
        super().__init__()
        self.pairs = pairs
        self.folder = Path(folder)
        self.every = every
        self.last_epoch = last_epoch
        self.encoding = encoding
        self.mode = mode

    def on_epoch_end(self, epoch, logs=None):
        """Write the picture of this epoch, if it is one's turn."""
        number = epoch + 1
        if number % self.every and number != self.last_epoch:
            return
        generated = generate_each(
            self.model.generator, self.pairs.condition, self.encoding, self.mode
        )
        columns = zip(self.pairs.condition, generated, self.pairs.target, strict=True)
        rows = [np.concatenate(row, axis=1) for row in columns]
        self.folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.concatenate(rows)).save(self.folder / f"epoch_{number:04d}.png")


class WatchImages(keras.callbacks.Callback):
    """Hands on what the generator makes of the same conditions, again and again as it learns.

    There is a picture before the first step and one after the last; in between after 1, 2, 4, 8, …
    steps, since the first steps change most, and from `every` on once in `every` steps.

    Args:
        conditions: the fixed inputs, uint8 (count, height, width, 3); one or two are enough.
        show: is called with the number of steps done and the generated images, uint8
            (count, height, width, 3). The training waits for it.
        every: steps between pictures.
        encoding: what the networks see of a picture.
        mode: how the generator is run; see `generators.generate`.
    """

    def __init__(
        self,
        conditions: np.ndarray,
        show: Callable[[int, np.ndarray], None],
        every: int = 100,
        encoding: Encoding = RGB,
        mode: str = "paper",
    ):
        super().__init__()
        self.conditions = conditions
        self.show = show
        self.every = every
        self.encoding = encoding
        self.mode = mode

    def on_train_begin(self, logs=None):
        """Show what the network makes of them before this training."""
        self.step, self.shown = 0, None
        self.look()

    def on_train_batch_end(self, batch, logs=None):
        """Count the step; look if it is its turn."""
        self.step += 1
        is_power_of_two = self.step & (self.step - 1) == 0
        if self.step % self.every == 0 or (self.step < self.every and is_power_of_two):
            self.look()

    def on_train_end(self, logs=None):
        """Show the last state, unless it has just been shown."""
        if self.shown != self.step:
            self.look()

    def look(self):
        """Generate, and hand on."""
        generator = self.model.generator
        images = generate_each(generator, self.conditions, self.encoding, self.mode)
        self.show(self.step, np.stack(images))
        self.shown = self.step


def generate_each(
    generator: keras.Model, conditions: np.ndarray, encoding: Encoding, mode: str
) -> list[np.ndarray]:
    """What a generator makes of conditions, each a batch of its own: uint8 (height, width, 3)."""
    pictures = []
    for condition in conditions:
        generated = generate(generator, encoding.condition(condition)[None], mode)[0]
        pictures.append(encoding.picture(ops.convert_to_numpy(generated), condition))
    return pictures


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
