"""The training step with the orders, losses and pools of other implementations; notebook 08."""

import keras
from keras import ops

from pix2pix_course.config import Config
from pix2pix_course.losses import l1_term
from pix2pix_course.support.adam import Adam
from pix2pix_course.support.gradients import gradient_at, gradients, with_pullback
from pix2pix_course.training import Pix2Pix
from pix2pix_course.variants.layers import ImagePool
from pix2pix_course.variants.losses import (
    accuracy,
    belief,
    discriminator_terms,
    generator_gan_term,
)


class VariantPix2Pix(Pix2Pix):
    """`training.Pix2Pix`, its step repeated on purpose, with what `config.variant` changes."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model, config: Config):
        super().__init__(generator, discriminator, config)
        self.variant = config.variant
        self.seed_generator = keras.random.SeedGenerator(0)  # of the penalty's places
        self.pool = None
        if self.variant.pool_size and config.gan_weight:
            self.pool = ImagePool(self.variant.pool_size, config.seed, name="pool")
            channels = self.variant.input_channels + self.variant.output_channels
            self.pool.build((config.batch_size, config.image_size, config.image_size, channels))

    def step(self, data):
        """Update D and G on one batch of (condition, target), in the order of the variant."""
        condition, target = data
        config, alternate = self.config, self.variant.update_order == "alternate"
        variables = self.generator.trainable_variables
        generated, pull_back = with_pullback(
            lambda: self.generator(condition, training=True), variables
        )
        if alternate:  # G answers to the D just updated
            judged = self.train_discriminator(condition, target, generated)

        def objective(generated):
            g_gan = 0.0
            if config.gan_weight:
                g_gan = generator_gan_term(self.judge(condition, generated), config.gan_loss)
            g_l1 = l1_term(target, generated)
            return config.gan_weight * g_gan + config.lambda_l1 * g_l1, (g_gan, g_l1)

        _, terms, at_picture = gradient_at(objective, generated)
        by_variable = pull_back(at_picture)
        if not alternate:  # G has answered to the old one
            judged = self.train_discriminator(condition, target, generated)
        self.optimizer.apply(by_variable, variables)
        return self.report(*judged, *terms)

    def train_discriminator(self, condition, target, generated):
        """One step of D; returns its loss, both terms of it, D(real), D(fake), accuracy."""
        kind, variant = self.config.gan_loss, self.variant
        if not self.config.gan_weight:
            return 0.0, 0.0, 0.0, 0.5, 0.5, 0.5
        fake_condition, shown = self.shown_to_discriminator(condition, generated)

        def objective():
            real, fake = self.judge(condition, target), self.judge(fake_condition, shown)
            real_loss, fake_loss = discriminator_terms(real, fake, kind)
            loss = (real_loss + fake_loss) / 2
            objective = loss if variant.halve_d_loss else 2 * loss
            if variant.one_class_batches:
                is_odd = self.discriminator_optimizer.iterations % 2 == 1
                objective = ops.where(is_odd, real_loss, fake_loss)
            if kind == "wgan_gp":
                objective += variant.gradient_penalty * self.penalty(condition, target, shown)
            beliefs = belief(real, kind), belief(fake, kind)
            return objective, (loss, real_loss, fake_loss, *beliefs, accuracy(real, fake, kind))

        variables = self.discriminator.trainable_variables
        _, judged, by_variable = gradients(objective, variables)
        self.discriminator_optimizer.apply(by_variable, variables)
        return judged

    def shown_to_discriminator(self, condition, generated):
        """The generated images that D is updated on, and the conditions that belong to them."""
        if self.variant.fakes_for_d != "shared":
            redrawn = self.variant.fakes_for_d == "redrawn"
            generated = self.generator(condition, training=redrawn)
        if self.pool is None:
            return condition, generated
        pairs = self.pool(ops.concatenate([condition, generated], axis=-1))
        channels = condition.shape[-1]
        return pairs[..., :channels], pairs[..., channels:]

    def penalty(self, condition, target, generated):
        """Mean of (‖∇D‖ - 1)² at random places between real and generated images.

        Gulrajani et al. (2017), equation 3; the norm is taken over all pixels of an image.
        """
        share = keras.random.uniform(
            (keras.ops.shape(target)[0], 1, 1, 1), seed=self.seed_generator
        )
        between = share * target + (1 - share) * generated

        def answers(between):
            # a sum keeps the images of a batch apart, the mean is over the patches of one image
            logits = self.judge(condition, between)
            return ops.sum(ops.mean(logits, axis=tuple(range(1, len(logits.shape))))), ()

        *_, gradient = gradient_at(answers, between)
        norm = ops.sqrt(ops.sum(ops.square(gradient), axis=(1, 2, 3)) + 1e-12)
        return ops.mean(ops.square(norm - 1))

    def states(self) -> dict[str, list]:
        """What a checkpoint must hold beside the weights of the networks: the pool too."""
        pool = {} if self.pool is None else {"pool": self.pool.weights}
        return super().states() | pool


def adam(config: Config) -> Adam:
    """§3.3, with the variant's ε."""
    epsilon = config.variant.adam_epsilon
    return Adam(config.learning_rate, config.beta_1, config.beta_2, epsilon)
