import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import training
from pix2pix_course.config import profile
from pix2pix_course.losses import CHANCE

CONFIG = profile("smoke").replace(generator_filters=4, discriminator_filters=4)


def batch(seed: int = 0, size: int = 64, count: int = 2):
    random = np.random.default_rng(seed)
    return tuple(
        tf.constant(random.uniform(-1, 1, (count, size, size, 3)), tf.float32) for _ in range(2)
    )


def weights(network: keras.Model) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(v).copy() for v in network.trainable_variables]


def moved(before: list[np.ndarray], after: list[np.ndarray]) -> list[bool]:
    return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]


def test_one_step_moves_every_weight_of_both_networks():
    model = training.build_pix2pix(CONFIG)
    before = weights(model.generator), weights(model.discriminator)
    model.train_step(batch())
    assert all(moved(before[0], weights(model.generator)))
    assert all(moved(before[1], weights(model.discriminator)))


def test_the_step_of_d_leaves_g_alone():
    model = training.build_pix2pix(CONFIG)
    condition, target = batch()
    before = weights(model.generator), weights(model.discriminator)
    model.train_discriminator(condition, target, model.generator(condition))
    assert not any(moved(before[0], weights(model.generator)))
    assert all(moved(before[1], weights(model.discriminator)))


def test_a_step_equals_one_written_out_by_hand():
    """D first, on G's images; then G, judged by the new D. Plain gradient descent shows the
    gradients themselves, where Adam's first step would show little more than their signs."""
    config, rate = CONFIG.replace(dropout=0.0), 0.01
    model, twin = training.build_pix2pix(config), training.build_pix2pix(config)
    model.compile(keras.optimizers.SGD(rate), keras.optimizers.SGD(rate))
    condition, target = batch()
    model.train_step((condition, target))

    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        generated = twin.generator(condition, training=True)
        real = twin.discriminator([condition, target], training=True)
        fake = twin.discriminator([condition, tf.stop_gradient(generated)], training=True)
        loss = cross_entropy(tf.ones_like(real), real)
        loss = (loss + cross_entropy(tf.zeros_like(fake), fake)) / 2
    descend(twin.discriminator, tape.gradient(loss, twin.discriminator.trainable_variables), rate)
    with tf.GradientTape() as tape:
        generated = twin.generator(condition, training=True)
        fake = twin.discriminator([condition, generated], training=True)
        objective = cross_entropy(tf.ones_like(fake), fake)
        objective += 100.0 * tf.reduce_mean(tf.abs(target - generated))
    descend(twin.generator, tape.gradient(objective, twin.generator.trainable_variables), rate)

    for network in ("generator", "discriminator"):
        start = weights(getattr(training.build_pix2pix(config), network))
        ends = weights(getattr(model, network)), weights(getattr(twin, network))
        for origin, found, wanted in zip(start, *ends, strict=True):
            step = np.abs(wanted - origin).max()
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3 * step + 1e-7)


def descend(network, gradients, rate):
    for variable, gradient in zip(network.trainable_variables, gradients, strict=True):
        variable.assign_sub(rate * gradient)


def test_reported_terms_are_without_lambda():
    heavy = training.build_pix2pix(CONFIG.replace(lambda_l1=1000.0))
    light = training.build_pix2pix(CONFIG.replace(lambda_l1=1.0))
    logs_heavy, logs_light = heavy.train_step(batch()), light.train_step(batch())
    assert tuple(logs_heavy) == training.TERMS
    assert float(logs_heavy["g_l1"]) == pytest.approx(float(logs_light["g_l1"]), rel=1e-5)
    assert float(logs_heavy["d_loss"]) == pytest.approx(
        float(logs_heavy["d_real_loss"] + logs_heavy["d_fake_loss"]) / 2
    )


@pytest.mark.parametrize("kind", CHANCE)
def test_an_undecided_discriminator_is_at_chance(kind):
    model = training.build_pix2pix(CONFIG.replace(gan_loss=kind))
    last = model.discriminator.layers[-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign(tf.fill(last.bias.shape, 0.5 if kind == "lsgan" else 0.0))
    logs = model.train_step(batch())
    for term in ("d_loss", "d_real_loss", "d_fake_loss"):
        assert float(logs[term]) == pytest.approx(CHANCE[kind], rel=1e-5)
    assert float(logs["d_real"]) == pytest.approx(0.5)
    assert float(logs["d_fake"]) == pytest.approx(0.5)
    assert float(logs["d_accuracy"]) == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"conditional": False},
        {"gan_loss": "lsgan"},
        {"generator": "encoder_decoder"},
        {"discriminator_layers": 0},
        {"lambda_l1": 0.0},
    ],
)
def test_every_setting_takes_a_step(changes):
    logs = training.build_pix2pix(CONFIG.replace(**changes)).train_step(batch())
    assert all(np.isfinite(float(value)) for value in logs.values())


def test_l1_alone_does_not_train_d():
    model = training.build_pix2pix(CONFIG.replace(gan_weight=0.0))
    before = weights(model.discriminator)
    logs = model.train_step(batch())
    assert not any(moved(before, weights(model.discriminator)))
    assert float(logs["g_gan"]) == 0


def test_an_unconditional_d_does_not_see_the_condition():
    model = training.build_pix2pix(CONFIG.replace(conditional=False))
    image, other = batch()
    first = model.judge(image, image)
    np.testing.assert_array_equal(first, model.judge(other, image))


def test_the_same_seed_builds_the_same_networks():
    first, second = training.build_pix2pix(CONFIG), training.build_pix2pix(CONFIG)
    assert not any(moved(weights(first.generator), weights(second.generator)))
    other = training.build_pix2pix(CONFIG.replace(seed=1))
    assert any(moved(weights(first.generator), weights(other.generator)))


def test_float16_is_refused_since_the_step_does_not_scale_its_loss():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(ValueError, match="mixed_bfloat16"):
            training.build_pix2pix(CONFIG)
    finally:
        keras.config.set_dtype_policy("float32")


def test_mixed_precision_computes_about_the_same_and_keeps_outputs_and_weights_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = training.build_pix2pix(CONFIG)
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.generator.layers[2].compute_dtype == "bfloat16"
    assert mixed.generator.compute_output_spec(batch(0)[0]).dtype == "float32"
    kernels = [*mixed.generator.trainable_weights, *mixed.discriminator.trainable_weights]
    assert {kernel.dtype for kernel in kernels} == {"float32"}
    found, exact = mixed.step(batch(0)), training.build_pix2pix(CONFIG).step(batch(0))
    for name, value in exact.items():  # bfloat16 has 8 significant bits, and dropout its own masks
        assert float(found[name]) == pytest.approx(float(value), rel=0.05)
