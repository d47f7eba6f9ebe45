"""The GAN as a `keras.Model` whose `fit` trains it; notebook 05."""

import keras

from pix2pix_course.config import Config
from pix2pix_course.discriminators import patchgan
from pix2pix_course.generators import unet
from pix2pix_course.losses import (
    accuracy,
    belief,
    discriminator_terms,
    generator_gan_term,
    l1_term,
)
from pix2pix_course.support.adam import Adam
from pix2pix_course.support.gradients import StepModel, gradient_at, gradients, with_pullback

TERMS = ("d_loss", "d_real_loss", "d_fake_loss", "d_real", "d_fake", "d_accuracy", "g_gan", "g_l1")
"""What every step reports, as means over the epoch, none of it multiplied by λ.

`d_loss` is the mean of `d_real_loss` and `d_fake_loss`; `d_real` and `d_fake` are D's mean answers
(1 "real", 0 "generated"); `g_gan` is the adversarial term of G, `g_l1` its mean absolute error.
"""


class Pix2Pix(StepModel):
    """Generator and discriminator, trained against each other: D's step, then G's (§3.3)."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model, config: Config):
        super().__init__(name="pix2pix")
        self.generator = generator
        self.discriminator = discriminator
        self.config = config
        self.means = [keras.metrics.Mean(name=term) for term in TERMS]

    def compile(self, generator_optimizer, discriminator_optimizer):
        """One optimizer a network: Adam's averages belong to the weights they came from.

        Raises:
            ValueError: under the policy `mixed_float16`, whose loss must be scaled (notebook 05).
        """
        if keras.config.dtype_policy().compute_dtype == "float16":
            raise ValueError("float16 loses small gradients: use float32 or mixed_bfloat16")
        super().compile(optimizer=generator_optimizer)
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)
        # `fit` carries along what the model owns; the first optimizer it knows anyway
        self.discriminator_state = list(discriminator_optimizer.variables)

    def call(self, condition, training=False):
        """Translate a batch."""
        return self.generator(condition, training=training)

    def judge(self, condition, image):
        """D's logits for images said to belong to the conditions."""
        pair = [condition, image] if self.config.conditional else image
        return self.discriminator(pair, training=True)

    def step(self, data):
        """Update D, then G, on one batch (condition, target)."""
        condition, target = data
        variables = self.generator.trainable_variables
        generated, pull_back = with_pullback(
            lambda: self.generator(condition, training=True), variables
        )
        judged = self.train_discriminator(condition, target, generated)

        def objective(generated):
            g_gan = 0.0
            if self.config.gan_weight:
                g_gan = generator_gan_term(self.judge(condition, generated), self.config.gan_loss)
            g_l1 = l1_term(target, generated)
            return self.config.gan_weight * g_gan + self.config.lambda_l1 * g_l1, (g_gan, g_l1)

        _, terms, at_picture = gradient_at(objective, generated)
        self.optimizer.apply(pull_back(at_picture), variables)
        return self.report(*judged, *terms)

    def train_discriminator(self, condition, target, generated):
        """One step of D; returns its loss, both terms of it, D(real), D(fake), accuracy."""
        if not self.config.gan_weight:  # L1 alone: D is not needed
            return 0.0, 0.0, 0.0, 0.5, 0.5, 0.5
        kind, variables = self.config.gan_loss, self.discriminator.trainable_variables

        def objective():
            real, fake = self.judge(condition, target), self.judge(condition, generated)
            real_loss, fake_loss = discriminator_terms(real, fake, kind)
            beliefs = belief(real, kind), belief(fake, kind)
            found = real_loss, fake_loss, *beliefs, accuracy(real, fake, kind)
            return (real_loss + fake_loss) / 2, found  # §3.3; under Adam the half changes nothing

        loss, found, by_variable = gradients(objective, variables)
        self.discriminator_optimizer.apply(by_variable, variables)
        return loss, *found

    def report(self, *values):
        """Add this step's `TERMS` to the means of the epoch, and return the means."""
        for mean, value in zip(self.means, values, strict=True):
            mean.update_state(value)
        return {mean.name: mean.result() for mean in self.means}

    def networks(self) -> dict[str, keras.Model]:
        """Both networks by name."""
        return {"generator": self.generator, "discriminator": self.discriminator}

    def states(self) -> dict[str, list]:
        """What a checkpoint must hold beside the weights of the networks."""
        return {
            "generator_optimizer": self.optimizer.variables,
            "discriminator_optimizer": self.discriminator_optimizer.variables,
        }


def build_generator(config: Config) -> keras.Model:
    """The untrained generator of a configuration."""
    if config.variant is not None:
        from pix2pix_course import variants

        return variants.build_generator(config)
    skips = config.generator == "unet"
    return unet(
        config.image_size, filters=config.generator_filters, dropout=config.dropout, skips=skips
    )


def build_discriminator(config: Config) -> keras.Model:
    """The untrained discriminator of a configuration."""
    if config.variant is not None:
        from pix2pix_course import variants

        return variants.build_discriminator(config)
    return patchgan(
        config.discriminator_layers,
        filters=config.discriminator_filters,
        conditional=config.conditional,
    )


def build_pix2pix(config: Config) -> Pix2Pix:
    """Both networks and both optimizers, ready for `fit`; the same seed, the same weights."""
    keras.utils.set_random_seed(config.seed)
    networks = build_generator(config), build_discriminator(config)
    if config.variant is not None:
        from pix2pix_course import variants

        return variants.build_pix2pix(*networks, config)
    model = Pix2Pix(*networks, config)
    model.compile(adam(config), adam(config))
    return model


def adam(config: Config) -> Adam:
    """§3.3; ε is Torch's, Keras would default to 1e-7."""
    return Adam(config.learning_rate, config.beta_1, config.beta_2, 1e-8)
