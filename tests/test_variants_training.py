"""The training step of other implementations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import training
from pix2pix_course.config import profile
from pix2pix_course.variants import Variant, losses
from pix2pix_course.variants.losses import CHANCE

CONFIG = profile("smoke").replace(generator_filters=4, discriminator_filters=4)


def batch(seed: int = 0, size: int = 64, count: int = 2):
    random = np.random.default_rng(seed)
    return tuple(
        tf.constant(random.uniform(-1, 1, (count, size, size, 3)), tf.float32) for _ in range(2)
    )


def weights(network: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(v).copy() for v in network.trainable_variables]


@pytest.mark.parametrize("kind", ["probabilities", "softmax", "wgan_gp"])
def test_an_undecided_discriminator_is_at_chance(kind):
    norm = "none" if kind == "wgan_gp" else "batch"
    model = training.build_pix2pix(CONFIG.replace(gan_loss=kind, discriminator_norm=norm))
    last = model.discriminator.layers[-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign(tf.zeros_like(last.bias))
    logs = model.train_step(batch())
    for term in ("d_loss", "d_real_loss", "d_fake_loss"):
        assert float(logs[term]) == pytest.approx(CHANCE[kind], rel=1e-5)
    assert float(logs["d_real"]) == pytest.approx(0 if kind == "wgan_gp" else 0.5)
    assert float(logs["d_accuracy"]) == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"generator": "resnet_6", "generator_norm": "instance", "generator_bias": "all"},
        {"gan_loss": "wgan_gp", "discriminator_norm": "instance"},
        {"discriminator": "image", "discriminator_norm": "none", "gan_loss": "softmax"},
        {"update_order": "simultaneous", "fakes_for_d": "redrawn", "pool_size": 3},
        {"one_class_batches": True, "fakes_for_d": "inference"},
    ],
)
def test_every_variant_takes_a_step(changes):
    logs = training.build_pix2pix(CONFIG.replace(**changes)).train_step(batch())
    assert all(np.isfinite(float(value)) for value in logs.values())


def after_a_step(changes: dict, steps: int = 1) -> dict[str, list[np.ndarray]]:
    """The networks after steps of plain gradient descent, which hides no factor."""
    model = training.build_pix2pix(CONFIG.replace(dropout=0.0, **changes))
    model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.01))
    for step in range(steps):
        model.train_step(batch(step))
    return {name: weights(getattr(model, name)) for name in ("generator", "discriminator")}


def farthest(first: list[np.ndarray], second: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(first, second, strict=True))


def test_simultaneous_steps_differ_in_the_d_that_g_answers_to():
    alternate, simultaneous = after_a_step({}), after_a_step({"update_order": "simultaneous"})
    assert farthest(alternate["discriminator"], simultaneous["discriminator"]) < 1e-7
    assert farthest(alternate["generator"], simultaneous["generator"]) > 1e-7


def test_g_answers_to_the_old_d_in_simultaneous_steps():
    """With D's step of size 0 there is no old and no new D, so both orders agree."""
    ends = []
    for order in ("alternate", "simultaneous"):
        model = training.build_pix2pix(CONFIG.replace(dropout=0.0, update_order=order))
        model.compile(keras.optimizers.SGD(0.01), keras.optimizers.SGD(0.0))
        model.train_step(batch())
        ends.append(weights(model.generator))
    assert farthest(*ends) == 0


def test_the_sum_moves_d_twice_as_far_as_half_of_it():
    start = weights(training.build_pix2pix(CONFIG.replace(dropout=0.0)).discriminator)
    half = after_a_step({})["discriminator"]
    whole = after_a_step({"halve_d_loss": False})["discriminator"]
    for origin, short, far in zip(start, half, whole, strict=True):
        np.testing.assert_allclose(far - origin, 2 * (short - origin), atol=1e-6)


def test_one_class_batches_look_at_generated_images_first_and_then_at_real_ones():
    model = training.build_pix2pix(CONFIG.replace(dropout=0.0, one_class_batches=True))
    condition, target = batch()
    for is_real in (False, True, False):
        with tf.GradientTape() as tape:
            image = target if is_real else model.generator(condition, training=True)
            real, fake = losses.discriminator_terms(*[model.judge(condition, image)] * 2)
        variables = model.discriminator.trainable_variables
        wanted = tape.gradient(real if is_real else fake, variables)
        kept, model.discriminator_optimizer.apply = model.discriminator_optimizer.apply, None
        found = []
        model.discriminator_optimizer.apply = lambda g, v, found=found: found.extend(g)
        model.train_discriminator(condition, target, model.generator(condition, training=True))
        model.discriminator_optimizer.apply = kept
        model.discriminator_optimizer.iterations.assign_add(1)
        for mine, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-6)


def test_fakes_for_d():
    condition, _ = batch()
    model = training.build_pix2pix(CONFIG.replace(variant=Variant()))
    generated = model.generator(condition, training=True)
    assert model.shown_to_discriminator(condition, generated)[1] is generated
    model.variant = Variant(fakes_for_d="inference")
    shown = model.shown_to_discriminator(condition, generated)[1]
    np.testing.assert_array_equal(shown, model.generator(condition, training=False))
    model.variant = Variant(fakes_for_d="redrawn")
    shown = model.shown_to_discriminator(condition, generated)[1]
    assert not np.array_equal(shown, generated)  # other dropout


def test_the_pool_keeps_a_generated_image_with_its_condition():
    model = training.build_pix2pix(CONFIG.replace(pool_size=2))
    for seed in range(4):
        condition, generated = batch(seed)
        conditions, images = model.shown_to_discriminator(condition, generated)
        for index in range(2):
            origins = [s for s in range(4) if np.array_equal(batch(s)[1][index], images[index])]
            assert [np.array_equal(batch(s)[0][index], conditions[index]) for s in origins] in (
                [],
                [True],
            )


def test_the_penalty_of_a_linear_critic_is_known():
    """D(x) = Σ w x has the gradient w everywhere, whatever the images: (‖w‖ - 1)²."""
    config = CONFIG.replace(gan_loss="wgan_gp", discriminator_norm="none", conditional=False)
    model = training.build_pix2pix(config)
    image = keras.Input((64, 64, 3))
    logit = keras.layers.Dense(1, use_bias=False)(keras.layers.Flatten()(image))
    model.discriminator = keras.Model(image, logit)
    kernel = model.discriminator.layers[-1].kernel
    condition, target = batch()
    for norm in (1.0, 3.0):
        kernel.assign(kernel / tf.norm(kernel) * norm)
        penalty = float(model.penalty(condition, target, condition))
        assert penalty == pytest.approx((norm - 1) ** 2, abs=1e-4)


def test_the_penalty_is_applied():
    """It pulls D's slope towards 1; the option of that name in the PyTorch code never does."""
    changes = {"gan_loss": "wgan_gp", "discriminator_norm": "none"}
    with_it, without = after_a_step(changes), after_a_step(changes | {"gradient_penalty": 0.0})
    assert farthest(with_it["discriminator"], without["discriminator"]) > 1e-6
