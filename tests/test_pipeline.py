import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import pipeline
from pix2pix_course.config import Config, profile
from pix2pix_course.datasets import open_dataset
from pix2pix_course.pairs import BadFileError, DatasetError, load_pairs, to_image
from pix2pix_course.support.engine import original_errors

SMALL = Config(image_size=64, discriminator_layers=2, epochs=1)


@pytest.fixture
def dataset(painted):
    return open_dataset(painted)


def as_arrays(batches) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(condition.numpy(), target.numpy()) for condition, target in batches]


def assert_equal_streams(first, second):
    for expected, found in zip(as_arrays(first), as_arrays(second), strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_286_for_256_and_in_proportion():
    assert [pipeline.load_size(size) for size in (64, 128, 256, 512)] == [72, 143, 286, 572]


# --- the plan of an epoch -------------------------------------------------------------------


def test_each_epoch_is_another_permutation_of_all_pairs():
    orders = [pipeline.epoch_plan(SMALL, 50, epoch).pair for epoch in range(4)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order) for order in orders}) == 4


def test_a_plan_is_a_function_of_seed_and_epoch():
    def plan(seed, epoch):
        return np.stack(pipeline.epoch_plan(SMALL.replace(seed=seed), 50, epoch))

    np.testing.assert_array_equal(plan(3, 1), plan(3, 1))
    assert not np.array_equal(plan(3, 1), plan(3, 2))
    assert not np.array_equal(plan(3, 1), plan(4, 1))
    assert not np.array_equal(plan(3, 1), plan(1, 3))


def test_every_offset_and_both_directions_are_equally_likely():
    """χ² of 81 places and of 2 directions, against their 99.9 % quantiles."""
    count = 8100
    plan = pipeline.epoch_plan(SMALL, count, 0)
    places = np.bincount(9 * plan.top + plan.left, minlength=81)  # 72 - 64 is 8: 0 to 8
    assert len(places) == 81
    assert np.sum((places - count / 81) ** 2 / (count / 81)) < 124.8
    flips = np.bincount(plan.mirrored, minlength=2)
    assert np.sum((flips - count / 2) ** 2 / (count / 2)) < 10.8


def test_what_is_switched_off_does_not_move():
    plan = pipeline.epoch_plan(SMALL.replace(jitter=False, mirror=False), 50, 0)
    assert not plan.top.any()
    assert not plan.left.any()
    assert not plan.mirrored.any()
    # and the rest of the plan stays as it was
    np.testing.assert_array_equal(plan.pair, pipeline.epoch_plan(SMALL, 50, 0).pair)


def test_cut_is_numpys_slice_for_both_sides():
    pair = np.random.default_rng(0).integers(0, 256, (2, 72, 72, 3), dtype=np.uint8)
    for top, left, mirrored in [(0, 0, False), (8, 3, True), (5, 8, False)]:
        wanted = pair[:, top : top + 64, left : left + 64]
        wanted = wanted[:, :, ::-1] if mirrored else wanted
        found = pipeline.cut(tf.constant(pair), 64, top, left, tf.constant(mirrored))
        np.testing.assert_array_equal(found, wanted)


# --- the stream -----------------------------------------------------------------------------


def test_a_stream_is_its_plan_applied_to_the_enlarged_pairs(dataset):
    config = SMALL.replace(batch_size=3, epochs=2, seed=5)
    batches, steps = pipeline.training_batches(dataset, config)
    assert steps == 3
    enlarged = load_pairs(dataset, "train", 72)
    found = iter(as_arrays(batches))
    for epoch in range(2):
        plan = pipeline.epoch_plan(config, 10, epoch)
        for step in range(3):
            conditions, targets = next(found)
            for place in range(3):
                index, top, left, mirrored = (c[3 * step + place] for c in plan)
                flip = -1 if mirrored else 1
                where = slice(top, top + 64), slice(left, left + 64)
                for side, mine in ((enlarged.condition, conditions), (enlarged.target, targets)):
                    wanted = side[index][where][:, ::flip]
                    np.testing.assert_array_equal(to_image(mine[place]), wanted)
    assert next(found, None) is None


def test_without_jitter_and_mirror_the_pairs_are_as_loaded(dataset):
    config = SMALL.replace(jitter=False, mirror=False)
    batches, _ = pipeline.training_batches(dataset, config)
    pairs = load_pairs(dataset, "train", 64)
    order = pipeline.epoch_plan(config, 10, 0).pair
    for index, (condition, target) in zip(order, batches, strict=True):
        np.testing.assert_array_equal(to_image(condition[0]), pairs.condition[index])
        np.testing.assert_array_equal(to_image(target[0]), pairs.target[index])


def test_a_stream_that_starts_later_repeats_the_unbroken_one(dataset):
    config = SMALL.replace(batch_size=3, epochs=4, seed=5)
    whole, steps = pipeline.training_batches(dataset, config)
    tail, _ = pipeline.training_batches(dataset, config, first_epoch=2)
    assert_equal_streams(whole.skip(2 * steps), tail)


def test_a_set_too_large_for_memory_gives_the_same_batches(dataset, monkeypatch):
    config = SMALL.replace(batch_size=2, epochs=2)
    cached, _ = pipeline.training_batches(dataset, config)
    monkeypatch.setattr(pipeline, "CACHE_BYTES", 0)
    assert_equal_streams(cached, pipeline.training_batches(dataset, config)[0])


def test_a_broken_file_of_a_large_set_is_named_as_clearly(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "CACHE_BYTES", 0)
    broken = tmp_path / "broken.png"
    broken.write_bytes(dataset.files("train")[0].read_bytes()[:2000])
    files = dataset.splits | {"train": (*dataset.files("train"), broken)}
    object.__setattr__(dataset, "splits", files)
    batches, _ = pipeline.training_batches(dataset, SMALL)
    with pytest.raises(BadFileError, match=r"broken\.png is truncated"), original_errors():
        as_arrays(batches)


def test_less_than_one_batch_is_an_error(dataset):
    with pytest.raises(DatasetError, match="10 training pairs do not fill one batch of 11"):
        pipeline.training_batches(dataset, SMALL.replace(batch_size=11))


@pytest.mark.parametrize(
    ("name", "direction"),
    [("facades", "BtoA"), ("maps", "AtoB"), ("edges2shoes", "BtoA"), ("edges2handbags", "BtoA")],
)
def test_real_folders_become_batches(shared_datasets, name, direction):
    dataset = open_dataset(shared_datasets / name, direction)
    config = profile("smoke").replace(train_pairs=5, epochs=1)
    batches, steps = pipeline.training_batches(dataset, config)
    assert steps == 2
    for condition, target in batches:
        assert condition.shape == target.shape == (2, 64, 64, 3)
        assert -1 <= float(tf.reduce_min(condition)) < float(tf.reduce_max(condition)) <= 1


@pytest.mark.parametrize("cache_bytes", [2**30, 0])
def test_without_tensorflow_the_same_batches_come(dataset, monkeypatch, cache_bytes):
    config = SMALL.replace(batch_size=3, epochs=3)
    expected, steps = pipeline.training_batches(dataset, config, first_epoch=1)
    monkeypatch.setattr(pipeline.keras.backend, "backend", lambda: "jax")
    monkeypatch.setattr(pipeline, "CACHE_BYTES", cache_bytes)
    found, same_steps = pipeline.training_batches(dataset, config, first_epoch=1)
    assert steps == same_steps
    batches = list(found)
    assert len(batches) == 2 * steps
    for ours, theirs in zip(batches, expected, strict=True):
        for side, other in zip(ours, theirs, strict=True):
            assert side.dtype == np.float32
            np.testing.assert_array_equal(side, other)
