import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_course import callbacks, training
from pix2pix_course.config import profile
from pix2pix_course.pairs import Pairs

CONFIG = profile("smoke").replace(generator_filters=4, discriminator_filters=4)


def batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return tuple(random.uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32) for _ in range(2))


def test_dropout_is_a_function_of_seed_and_epoch():
    model = training.build_pix2pix(CONFIG)
    condition, _ = batch()

    def output(epoch):
        callback = callbacks.SeedEachEpoch(seed=7)
        callback.set_model(model)
        callback.on_epoch_begin(epoch)
        return model.generator(condition, training=True).numpy()

    first = output(3)
    assert not np.array_equal(first, output(4))
    np.testing.assert_array_equal(first, output(3))


def test_both_optimizers_follow_the_schedule_and_the_log_says_so():
    config = CONFIG.replace(epochs=4, decay_epochs=2)
    model = training.build_pix2pix(config)
    callback, logs = callbacks.LearningRateByEpoch(config), {}
    callback.set_model(model)
    callback.on_epoch_begin(3)
    callback.on_epoch_end(3, logs)
    for rate in (model.optimizer.learning_rate, model.discriminator_optimizer.learning_rate):
        assert float(rate) == pytest.approx(2e-4 / 3)  # constant, constant, 2/3, 1/3
    assert logs["learning_rate"] == pytest.approx(2e-4 / 3)


def test_nan_stops_the_run_and_names_the_term():
    model = training.build_pix2pix(CONFIG)
    kernel = model.generator.trainable_variables[0]
    kernel.assign(tf.fill(kernel.shape, np.nan))
    data = tf.data.Dataset.from_tensors(batch())
    with pytest.raises(callbacks.TrainingDiverged, match="is nan at step 1"):
        model.fit(data, verbose=0, callbacks=[callbacks.StopOnNaN()])


def test_infinity_at_the_end_of_an_epoch_stops_it_too():
    with pytest.raises(callbacks.TrainingDiverged, match="g_l1 is inf at the end of epoch 3"):
        callbacks.StopOnNaN().on_epoch_end(2, {"g_l1": float("inf")})


def test_throughput_is_images_by_seconds():
    callback, logs = callbacks.Throughput(30), {}
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0, logs)
    assert logs["images_per_second"] * logs["seconds"] == pytest.approx(30)


def test_sample_pictures_come_every_few_epochs_and_at_the_end(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    pairs = Pairs(images, images[::-1], ["a", "b"])
    callback = callbacks.SampleImages(pairs, tmp_path, lambda image: 255 - image, 2, 5)
    for epoch in range(5):
        callback.on_epoch_end(epoch)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "epoch_0002.png", "epoch_0004.png", "epoch_0005.png",
    ]  # fmt: skip
    picture = np.asarray(Image.open(tmp_path / "epoch_0005.png"))
    rows = [np.concatenate([i, 255 - i, t], 1) for i, t in zip(images, images[::-1], strict=True)]
    np.testing.assert_array_equal(picture, np.concatenate(rows))


def test_lines_are_short_and_say_what_is_left(capsys):
    callback = callbacks.EpochLines(every=2, last_epoch=3)
    logs = {"g_l1": 0.25, "d_real": 0.6, "d_fake": 0.4, "images_per_second": 33.0}
    for epoch in range(3):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines] == ["2/3", "3/3"]
    assert all("L1 0.250" in line and "min left" in line and len(line) < 100 for line in lines)


def test_every_source_of_random_numbers_is_seeded():
    model = training.build_pix2pix(CONFIG)
    before = [v.numpy().copy() for v in model.variables if "seed" in v.path]
    callback = callbacks.SeedEachEpoch(seed=1)
    callback.set_model(model)
    callback.on_epoch_begin(0)
    after = [v.numpy() for v in model.variables if "seed" in v.path]
    drops = [la for la in model.generator.layers if isinstance(la, keras.layers.Dropout)]
    assert len(after) == len(drops) == 3
    assert all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert len({tuple(state) for state in after}) == 3  # each layer draws masks of its own
