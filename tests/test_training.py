import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_course import losses, training
from pix2pix_course.config import profile
from pix2pix_course.losses import CHANCE
from pix2pix_course.pipeline import Pairs

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
    norm = "none" if kind == "wgan_gp" else "batch"
    model = training.build_pix2pix(CONFIG.replace(gan_loss=kind, discriminator_norm=norm))
    last = model.discriminator.layers[-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    last.bias.assign(tf.fill(last.bias.shape, 0.5 if kind == "lsgan" else 0.0))
    logs = model.train_step(batch())
    for term in ("d_loss", "d_real_loss", "d_fake_loss"):
        assert float(logs[term]) == pytest.approx(CHANCE[kind], rel=1e-5)
    undecided = 0 if kind == "wgan_gp" else 0.5
    assert float(logs["d_real"]) == pytest.approx(undecided)
    assert float(logs["d_fake"]) == pytest.approx(undecided)
    assert float(logs["d_accuracy"]) == 0.5


@pytest.mark.parametrize(
    "changes",
    [
        {"conditional": False},
        {"gan_loss": "lsgan"},
        {"generator": "encoder_decoder"},
        {"discriminator_layers": 0},
        {"lambda_l1": 0.0},
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


def test_dropout_is_a_function_of_seed_and_epoch():
    model = training.build_pix2pix(CONFIG)
    condition, _ = batch()

    def output(epoch):
        callback = training.SeedEachEpoch(seed=7)
        callback.set_model(model)
        callback.on_epoch_begin(epoch)
        return model.generator(condition, training=True).numpy()

    first = output(3)
    assert not np.array_equal(first, output(4))
    np.testing.assert_array_equal(first, output(3))


def test_both_optimizers_follow_the_schedule():
    config = CONFIG.replace(epochs=4, decay_epochs=2)
    model = training.build_pix2pix(config)
    callback = training.LearningRateByEpoch(config)
    callback.set_model(model)
    callback.on_epoch_begin(3)
    for optimizer in (model.optimizer, model.discriminator_optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(config.learning_rate / 3)


def test_nan_stops_the_run_and_names_the_term():
    model = training.build_pix2pix(CONFIG)
    kernel = model.generator.trainable_variables[0]
    kernel.assign(tf.fill(kernel.shape, np.nan))
    data = tf.data.Dataset.from_tensors(batch())
    with pytest.raises(training.TrainingDiverged, match="is nan at step 1"):
        model.fit(data, verbose=0, callbacks=[training.StopOnNaN()])


def test_throughput_is_images_by_seconds():
    callback, logs = training.Throughput(images_per_epoch=30), {}
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, logs)
    assert logs["images_per_second"] * logs["seconds"] == pytest.approx(30)


def test_sample_pictures_come_every_few_epochs_and_at_the_end(tmp_path):
    model = training.build_pix2pix(CONFIG)
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    callback = training.SampleImages(Pairs(images, images, ["a", "b"]), tmp_path, 2, 5)
    callback.set_model(model)
    for epoch in range(5):
        callback.on_epoch_end(epoch)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "epoch_0002.png", "epoch_0004.png", "epoch_0005.png",
    ]  # fmt: skip
    picture = np.asarray(Image.open(tmp_path / "epoch_0005.png"))
    assert picture.shape == (2 * 64, 3 * 64, 3)
    np.testing.assert_array_equal(picture[:64, :64], images[0])  # the condition, untouched


def test_lines_are_short_and_say_what_is_left(capsys):
    callback = training.EpochLines(every=2, last_epoch=3)
    callback.on_train_begin()
    logs = {"g_l1": 0.25, "d_real": 0.6, "d_fake": 0.4, "images_per_second": 33.0}
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["2/3", "3/3"]
    assert all("L1 0.250" in line and "min left" in line and len(line) < 100 for line in lines)


# --- the ways of other implementations ------------------------------------------------------


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
    model = training.build_pix2pix(CONFIG)
    generated = model.generator(condition, training=True)
    assert model.shown_to_discriminator(condition, generated)[1] is generated
    model.fakes_for_d = "inference"
    shown = model.shown_to_discriminator(condition, generated)[1]
    np.testing.assert_array_equal(shown, model.generator(condition, training=False))
    model.fakes_for_d = "redrawn"
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
