import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from pix2pix_course import pipeline
from pix2pix_course.datasets import DatasetError, convert, open_dataset
from pix2pix_course.encoding import Encoding
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


@pytest.mark.parametrize("resize", ["nearest", "bilinear", "bicubic"])
def test_one_filter_for_both_sides_is_pillows(dataset, resize):
    path = dataset.files("test")[0]
    picture = Image.open(path).convert("RGB")
    pair = pipeline.load_pair(dataset, path, 96, resize)
    for image, left in zip(pair, (64, 0), strict=True):  # painted sets go from right to left
        half = picture.crop((left, 0, left + 64, 64))
        wanted = half.resize((96, 96), getattr(Image.Resampling, resize.upper()))
        np.testing.assert_array_equal(image, np.asarray(wanted))


def test_one_filter_leaves_the_colours_of_labels_alone(shared_datasets):
    dataset = open_dataset(shared_datasets / "facades", "BtoA", palette="facades")
    pairs = pipeline.load_pairs(dataset, "val", 256, limit=1, resize="nearest")
    colours = set(map(tuple, pairs.condition.reshape(-1, 3).tolist()))
    assert len(colours) > len(FACADES.colours)  # JPEG's


def test_unknown_words_are_refused(dataset):
    with pytest.raises(ValueError, match=r"resize='lanczos': use 'by_kind' or one of nearest"):
        pipeline.load_pairs(dataset, "test", 64, resize="lanczos")
    with pytest.raises(ValueError, match=r"crop='top': use 'random' or 'centre'"):
        pipeline.training_batches(dataset, 64, crop="top")


def test_the_central_crop_enlarges_and_keeps_the_middle_in_every_epoch(dataset):
    options = {"mirror": False, "shuffle": False, "crop": "centre"}
    batches, _ = pipeline.training_batches(dataset, 64, 10, epochs=2, **options)
    pairs = pipeline.load_pairs(dataset, "train", 72)
    for condition, target in as_arrays(batches):
        np.testing.assert_array_equal(pipeline.to_image(condition), pairs.condition[:, 4:68, 4:68])
        np.testing.assert_array_equal(pipeline.to_image(target), pairs.target[:, 4:68, 4:68])


def test_without_shuffling_the_files_come_in_their_order_each_epoch(dataset):
    options = {"jitter": False, "mirror": False, "shuffle": False}
    batches, steps = pipeline.training_batches(dataset, 64, 4, epochs=2, **options)
    wanted = pipeline.load_pairs(dataset, "train", 64).target
    found = pipeline.to_image(np.concatenate([target for _, target in as_arrays(batches)]))
    assert steps == 2
    np.testing.assert_array_equal(found, np.concatenate([wanted[:8], wanted[:8]]))


@pytest.mark.parametrize("cache_bytes", [0, pipeline.CACHE_BYTES])
@pytest.mark.parametrize(
    "encoding",
    [
        Encoding(value_range="unit"),
        Encoding(grey_input=True),
        Encoding(grey_input=True, grey_output=True),
        Encoding("colorization"),
        Encoding("inpainting"),
    ],
    ids=["unit", "grey input", "grey", "colorization", "inpainting"],
)
def test_batches_are_the_encoded_crops(dataset, encoding, cache_bytes):
    options = {"batch_size": 5, "seed": 2, "epochs": 2, "cache_bytes": cache_bytes}
    plain, _ = pipeline.training_batches(dataset, 64, **options)
    encoded, _ = pipeline.training_batches(dataset, 64, encoding=encoding, **options)
    for (condition, target), found in zip(as_arrays(plain), as_arrays(encoded), strict=True):
        source = pipeline.to_image(target if encoding.from_target else condition)
        # cropping and then encoding is the same: order, crops and flips are those of the default
        np.testing.assert_array_equal(found[0], encoding.condition(source))
        np.testing.assert_array_equal(found[1], encoding.target(pipeline.to_image(target)))


def test_pairs_are_shown_as_the_networks_see_them(dataset):
    plain = pipeline.load_pairs(dataset, "test", 64)
    for encoding in (Encoding(grey_input=True), Encoding("colorization"), Encoding("inpainting")):
        pairs = pipeline.load_pairs(dataset, "test", 64, encoding=encoding)
        source = plain.target if encoding.from_target else plain.condition
        np.testing.assert_array_equal(pairs.condition, encoding.show_condition(source))
        np.testing.assert_array_equal(pairs.target, plain.target)
        assert pairs.names == plain.names


@pytest.mark.parametrize("cache_bytes", [0, pipeline.CACHE_BYTES])
def test_a_packed_set_gives_the_same_batches(dataset, tmp_path, cache_bytes):
    packed = open_dataset(convert(dataset.folder, tmp_path / "packed"))
    options = {"batch_size": 2, "seed": 1, "cache_bytes": cache_bytes}
    wanted, _ = pipeline.training_batches(dataset, 64, **options)
    found, _ = pipeline.training_batches(packed, 64, **options)
    for pair, same in zip(as_arrays(wanted), as_arrays(found), strict=True):
        np.testing.assert_array_equal(pair, same)
    names = pipeline.load_pairs(dataset, "test", 64).names
    assert pipeline.load_pairs(packed, "test", 64).names == names
