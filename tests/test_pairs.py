"""Finding and reading pairs, and the way to the networks' range and back."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pix2pix_course.datasets import open_dataset
from pix2pix_course.pairs import (
    DatasetError,
    find_pairs,
    load_pair,
    load_pairs,
    read_image,
    read_pair,
    to_image,
    to_network,
)
from pix2pix_course.palettes import PALETTES

FACADES = PALETTES["facades"]


def noise(height=64, width=128, channels=3, seed=0) -> np.ndarray:
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path, image=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise() if image is None else image).save(path, **options)
    return path


@pytest.fixture
def pairs(tmp_path):
    """A folder with two training pairs and one test pair."""
    for name in ("train/1.png", "train/2.png", "test/1.png"):
        save(tmp_path / "mine" / name)
    return tmp_path / "mine"


# --- a folder -------------------------------------------------------------------------------


def test_files_are_found_whatever_their_suffix_and_sorted_as_people_count(tmp_path):
    for name in (
        "10.jpg",
        "2.JPG",
        "1.jpeg",
        "b3.png",
        "b20.Png",
        "B4.PNG",
        "c.tif",
        "d.webp",
        "e.BMP",
    ):
        save(tmp_path / "train" / name)
    for name in (".hidden.png", "._1.jpg", "Thumbs.db", "notes.txt", "1.gif"):
        (tmp_path / "train" / name).write_bytes(b"")
    (tmp_path / "train" / "folder.png").mkdir()
    save(tmp_path / "test" / "1.png")
    names = [file.name for file in find_pairs(tmp_path)["train"]]
    numbers, letters = ["1.jpeg", "2.JPG", "10.jpg"], ["b3.png", "B4.PNG", "b20.Png"]
    assert names == [*numbers, *letters, "c.tif", "d.webp", "e.BMP"]


def test_missing_parts_are_named(pairs, tmp_path):
    dataset = open_dataset(pairs, direction="AtoB")
    with pytest.raises(DatasetError, match=r"no split 'val', only train, test"):
        dataset.files("val")
    with pytest.raises(DatasetError, match="no folder"):
        open_dataset(tmp_path / "nowhere", direction="AtoB")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"empty has none of the folders train/, val/, test/"):
        open_dataset(tmp_path / "empty", direction="AtoB")
    (tmp_path / "empty" / "train").mkdir()
    with pytest.raises(DatasetError, match=r"empty.train holds no \.jpg, \.jpeg, \.png"):
        open_dataset(tmp_path / "empty", direction="AtoB")


def test_evaluation_falls_back_to_val(pairs):
    (pairs / "test").rename(pairs / "val")
    assert open_dataset(pairs, direction="AtoB").evaluation_split == "val"
    only_train = dataclasses.replace(open_dataset(pairs, direction="AtoB"), splits={"train": ()})
    with pytest.raises(DatasetError, match="neither test/ nor val/"):
        _ = only_train.evaluation_split


@pytest.mark.parametrize(("count", "held_out"), [(2, 1), (9, 1), (10, 1), (29, 2), (30, 3)])
def test_of_train_alone_the_last_tenth_is_held_out(tmp_path, count, held_out):
    for number in range(count):
        save(tmp_path / "train" / f"{number}.png")
    dataset = open_dataset(tmp_path, direction="AtoB")
    kept, val = dataset.files("train"), dataset.files("val")
    assert [file.stem for file in (*kept, *val)] == [str(number) for number in range(count)]
    assert len(val) == held_out
    assert dataset.evaluation_split == "val"
    words = "last one is" if held_out == 1 else f"last {held_out} are"
    assert f"of its {count} pairs the {words} held out of training" in dataset.remark
    save(tmp_path / "test" / "1.png")  # now there is something else to evaluate on
    whole = open_dataset(tmp_path, direction="AtoB")
    assert (len(whole.files("train")), whole.remark) == (count, None)


def test_a_single_pair_cannot_be_divided(tmp_path):
    save(tmp_path / "train" / "1.png")
    dataset = open_dataset(tmp_path, direction="AtoB")
    with pytest.raises(DatasetError, match="train/ holds one pair"):
        _ = dataset.evaluation_split


# --- reading ----------------------------------------------------------------------------------


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(64, 90), half=st.integers(64, 90), seed=st.integers(0, 99))
def test_a_png_pair_comes_back_exactly(tmp_path, height, half, seed):
    image = noise(height, 2 * half, seed=seed)
    a, b = read_pair(save(tmp_path / "pair.png", image))
    assert a.dtype == b.dtype == np.uint8
    assert a.shape == b.shape == (height, half, 3)
    np.testing.assert_array_equal(np.concatenate([a, b], axis=1), image)


def test_grey_and_bilevel_become_rgb(tmp_path):
    grey = noise(channels=0)
    read = read_image(save(tmp_path / "grey.png", grey))
    np.testing.assert_array_equal(read, np.stack([grey] * 3, axis=-1))
    Image.fromarray(grey > 127).save(tmp_path / "bilevel.png")
    assert set(np.unique(read_image(tmp_path / "bilevel.png"))) == {0, 255}


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bits_are_scaled_not_cut_off(tmp_path, suffix):
    deep = np.array([[0, 1, 257 * 100, 257 * 100 + 128, 257 * 100 + 129, 65535]], np.uint16)
    read = read_image(save(tmp_path / f"deep.{suffix}", deep))
    np.testing.assert_array_equal(read[0, :, 0], np.rint(deep[0] / 257))
    assert (read == read[..., :1]).all()


def test_16_bit_colour_keeps_its_values(tmp_path):
    # Pillow cannot write this kind; a PNG is simple enough to write by hand.
    import struct
    import zlib

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    colours = np.array([[[0, 257 * 17, 65535], [257 * 200, 257 * 100, 257]]], ">u2")
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 16, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(b"\0" + colours.tobytes())) + chunk(b"IEND", b"")
    (tmp_path / "deep.png").write_bytes(png)
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), colours // 257)


def test_transparent_parts_become_white(tmp_path):
    image = np.zeros((2, 2, 4), np.uint8)
    image[..., 0], image[0, 0, 3], image[0, 1, 3] = 200, 255, 128
    read = read_image(save(tmp_path / "alpha.png", image))
    assert read[0, 0].tolist() == [200, 0, 0]
    # half of the colour over half of white: 255 - 128/255 · (255 - c)
    np.testing.assert_allclose(read[0, 1], [227.4, 127, 127], atol=1)
    assert read[1].tolist() == [[255, 255, 255]] * 2

    palette = Image.new("P", (2, 1))
    palette.putpalette([10, 20, 30, 40, 50, 60])
    palette.putdata([0, 1])
    palette.save(tmp_path / "palette.png", transparency=1)
    assert read_image(tmp_path / "palette.png")[0].tolist() == [[10, 20, 30], [255, 255, 255]]

    grey = Image.fromarray(np.array([[[90, 255], [90, 0]]], np.uint8), mode="LA")
    grey.save(tmp_path / "grey.png")
    assert read_image(tmp_path / "grey.png")[0].tolist() == [[90] * 3, [255] * 3]


def test_palette_images_show_their_colours(tmp_path):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putdata([1, 0])
    image.save(tmp_path / "palette.png")
    assert read_image(tmp_path / "palette.png")[0].tolist() == [[40, 50, 60], [10, 20, 30]]


def test_cmyk_is_not_read_as_its_negative(tmp_path):
    cmyk = np.zeros((64, 128, 4), np.uint8)
    cmyk[:, 64:] = (0, 255, 255, 0)  # no ink | magenta and yellow: white | red
    Image.fromarray(cmyk, mode="CMYK").save(tmp_path / "cmyk.jpg", quality=95)
    a, b = read_pair(tmp_path / "cmyk.jpg")
    np.testing.assert_allclose(a[32, 32], [255, 255, 255], atol=4)
    np.testing.assert_allclose(b[32, 32], [255, 0, 0], atol=4)


# What a camera writes, and how to turn the stored pixels upright (EXIF 2.3, tag 0x0112).
UPRIGHT = {
    2: np.fliplr,
    3: lambda image: np.rot90(image, 2),
    4: np.flipud,
    5: lambda image: np.swapaxes(image, 0, 1),
    6: lambda image: np.rot90(image, -1),
    7: lambda image: np.swapaxes(np.rot90(image, 2), 0, 1),
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_a_rotated_photo_stands_upright(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = noise(64, 128)
    read = read_image(save(tmp_path / "photo.png", stored, exif=exif))
    np.testing.assert_array_equal(read, UPRIGHT[orientation](stored))


def test_pixels_without_a_known_white_are_refused(tmp_path):
    save(tmp_path / "float.tiff", np.ones((4, 4), np.float32))
    save(tmp_path / "wide.tiff", np.full((4, 4), 70_000, np.int32))
    for name in ("float.tiff", "wide.tiff"):
        with pytest.raises(DatasetError, match=rf"{name}.*8 or 16 bits"):
            read_image(tmp_path / name)


def bad_files(folder):
    """One file of every bad kind, and words that its error must hold besides the name."""
    (folder / "text.jpg").write_text("not a picture")
    (folder / "empty.png").write_bytes(b"")
    whole = save(folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    whole = save(folder / "cut.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    save(folder / "odd.png", noise(64, 129))
    save(folder / "low.png", noise(63, 128))
    save(folder / "narrow.png", noise(64, 126))
    return {
        "text.jpg": "not an image",
        "empty.png": "not an image",
        "cut.jpg": "truncated",
        "cut.png": "truncated",
        "odd.png": "129 pixels wide",
        "low.png": "64×63",
        "narrow.png": "63×64",
        "missing.png": "not there",
    }


def test_every_bad_file_is_named_with_its_fault(tmp_path):
    for name, words in bad_files(tmp_path).items():
        with pytest.raises(DatasetError) as caught:
            read_pair(tmp_path / name)
        message = str(caught.value)
        assert message.startswith(str(tmp_path / name))
        assert words in message
        assert "\n" not in message


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    path = save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 64 * 128 // 2 - 1)
    with pytest.raises(DatasetError, match=r"bomb\.png is far too large"):
        read_image(path)


# --- to the networks and back ---------------------------------------------------------------


@pytest.fixture
def dataset(painted):
    return open_dataset(painted)


def test_every_grey_level_survives_the_way_to_the_network_and_back():
    levels = np.arange(256, dtype=np.uint8)
    scaled = to_network(levels)
    assert scaled.dtype == np.float32
    assert (scaled.min(), scaled.max()) == (-1, 1)
    np.testing.assert_allclose(scaled, 2 * levels.astype(float) / 255 - 1, atol=1e-7)
    np.testing.assert_array_equal(to_image(scaled), levels)
    np.testing.assert_array_equal(to_network([levels, levels]), [scaled, scaled])


def test_values_outside_the_range_are_clipped():
    np.testing.assert_array_equal(to_image([-1.5, 1.5]), [0, 255])


def test_direction_decides_which_half_is_the_condition(painted):
    path = open_dataset(painted).files("test")[0]
    left, right = np.split(np.asarray(Image.open(path).convert("RGB")), 2, axis=1)
    for direction, wanted in (("BtoA", (right, left)), ("AtoB", (left, right))):
        found = load_pair(open_dataset(painted, direction), path, 64)
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("size", [47, 64, 72, 286])
def test_labels_stay_pure_at_any_size_and_photos_are_blended(dataset, size):
    pairs = load_pairs(dataset, "test", size)
    colours = set(map(tuple, pairs.condition.reshape(-1, 3).tolist()))
    assert colours <= set(FACADES.colours)
    left = Image.fromarray(read_pair(dataset.files("test")[0])[0])
    wanted = left.resize((size, size), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(pairs.target[0], np.asarray(wanted))
    assert pairs.names[0] == dataset.files("test")[0].stem


def test_real_jpeg_labels_come_back_to_pure_colours(shared_datasets):
    dataset = open_dataset(shared_datasets / "facades", "BtoA", palette="facades")
    pairs = load_pairs(dataset, "val", 128, limit=2)
    colours = set(map(tuple, pairs.condition.reshape(-1, 3).tolist()))
    assert colours <= set(FACADES.colours)
