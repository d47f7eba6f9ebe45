import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_course import pipeline
from pix2pix_course.datasets import DatasetError, open_dataset
from pix2pix_course.palettes import PALETTES

FACADES = PALETTES["facades"]


@pytest.fixture
def dataset(painted):
    return open_dataset(painted)


def as_arrays(batches) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(condition.numpy(), target.numpy()) for condition, target in batches]


def test_every_grey_level_survives_the_way_to_the_network_and_back():
    levels = np.arange(256, dtype=np.uint8)
    scaled = pipeline.to_network(levels)
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (-1, 1)
    np.testing.assert_array_equal(pipeline.to_image(scaled), levels)


def test_values_outside_the_range_are_clipped():
    np.testing.assert_array_equal(pipeline.to_image([-1.5, 1.5]), [0, 255])


def test_286_for_256_and_in_proportion():
    assert [pipeline.load_size(size) for size in (64, 128, 256, 512)] == [72, 143, 286, 572]


def test_direction_decides_which_half_is_the_condition(painted):
    path = open_dataset(painted).files("test")[0]
    left, right = np.split(np.asarray(Image.open(path).convert("RGB")), 2, axis=1)
    condition, target = pipeline.load_pair(open_dataset(painted, "BtoA"), path, 64)
    np.testing.assert_array_equal(condition, right)
    np.testing.assert_array_equal(target, left)
    condition, target = pipeline.load_pair(open_dataset(painted, "AtoB"), path, 64)
    np.testing.assert_array_equal(condition, left)
    np.testing.assert_array_equal(target, right)


@pytest.mark.parametrize("size", [47, 64, 72, 286])
def test_labels_stay_pure_at_any_size(dataset, size):
    pairs = pipeline.load_pairs(dataset, "test", size)
    colours = set(map(tuple, pairs.condition.reshape(-1, 3).tolist()))
    assert colours <= set(FACADES.colours)
    # photos are blended, and should be
    assert len(np.unique(pairs.target.reshape(-1, 3), axis=0)) > 500


def test_real_jpeg_labels_come_back_to_pure_colours(shared_datasets):
    dataset = open_dataset(shared_datasets / "facades", "BtoA", palette="facades")
    pairs = pipeline.load_pairs(dataset, "val", 128, limit=2)
    colours = set(map(tuple, pairs.condition.reshape(-1, 3).tolist()))
    assert colours <= set(FACADES.colours)


@pytest.mark.parametrize(
    ("name", "direction"),
    [("facades", "BtoA"), ("maps", "AtoB"), ("edges2shoes", "BtoA"), ("edges2handbags", "BtoA")],
)
def test_real_folders_become_batches(shared_datasets, name, direction):
    dataset = open_dataset(shared_datasets / name, direction)
    batches, steps = pipeline.training_batches(dataset, 64, batch_size=2, limit=5)
    assert steps == 2
    for condition, target in batches:
        assert condition.shape == target.shape == (2, 64, 64, 3)
        assert -1 <= float(tf.reduce_min(condition)) < float(tf.reduce_max(condition)) <= 1


def test_each_epoch_is_another_permutation_of_all_pairs():
    orders = [pipeline.epoch_order(50, seed=3, epoch=epoch).numpy() for epoch in range(4)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(50))
    assert len({tuple(order) for order in orders}) == 4
    np.testing.assert_array_equal(orders[1], pipeline.epoch_order(50, seed=3, epoch=1).numpy())


def test_both_sides_are_cropped_and_mirrored_alike():
    # Each pixel holds its own address, so equal halves mean equal crops.
    rows, columns = np.meshgrid(np.arange(72), np.arange(72), indexing="ij")
    side = np.stack([rows, columns, rows], axis=-1).astype(np.uint8)
    pair = tf.constant(np.stack([side, side]))
    offsets, flips = set(), 0
    for position in range(300):
        crop = pipeline.jitter_and_mirror(pair, 64, (0, position)).numpy()
        np.testing.assert_array_equal(crop[0], crop[1])
        row, column = crop[0, 0, :, 0][0], crop[0, 0, :, 1]
        flips += column[0] > column[-1]
        offsets.add((int(row), int(column.min())))
    assert {top for top, _ in offsets} == set(range(9))  # 72 - 64 and 0, both included
    assert {left for _, left in offsets} == set(range(9))
    assert 110 < flips < 190  # 300 fair coins stay within four deviations


def test_without_jitter_and_mirror_nothing_moves(dataset):
    batches, _ = pipeline.training_batches(dataset, 64, jitter=False, mirror=False)
    pairs = pipeline.load_pairs(dataset, "train", 64)
    order = pipeline.epoch_order(10, 0, 0).numpy()
    for index, (condition, target) in zip(order, batches, strict=True):
        np.testing.assert_array_equal(pipeline.to_image(condition[0]), pairs.condition[index])
        np.testing.assert_array_equal(pipeline.to_image(target[0]), pairs.target[index])


def test_a_stream_that_starts_later_repeats_the_unbroken_one(dataset):
    options = {"image_size": 64, "batch_size": 3, "seed": 5}
    whole, steps = pipeline.training_batches(dataset, epochs=4, **options)
    tail, _ = pipeline.training_batches(dataset, first_epoch=2, epochs=4, **options)
    whole, tail = as_arrays(whole), as_arrays(tail)
    assert (steps, len(whole), len(tail)) == (3, 12, 6)
    for expected, found in zip(whole[6:], tail, strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_epochs_and_seeds_differ(dataset):
    def first_batch(**options):
        batches, _ = pipeline.training_batches(dataset, 64, 4, **options)
        return next(iter(batches))[1].numpy()

    base = first_batch(seed=0)
    assert not np.array_equal(base, first_batch(seed=1))
    assert not np.array_equal(base, first_batch(seed=0, first_epoch=1, epochs=2))


def test_a_set_too_large_for_memory_gives_the_same_batches(dataset):
    cached, _ = pipeline.training_batches(dataset, 64, 2)
    on_demand, _ = pipeline.training_batches(dataset, 64, 2, cache_bytes=0)
    for expected, found in zip(as_arrays(cached), as_arrays(on_demand), strict=True):
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])


def test_less_than_one_batch_is_an_error(dataset):
    with pytest.raises(DatasetError, match="10 training pairs do not fill one batch of 11"):
        pipeline.training_batches(dataset, 64, batch_size=11)
