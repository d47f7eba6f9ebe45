"""Files as people have them: each is read right, or refused by one error that names it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.pairs import BadFileError, read_pair

ORIENTATION = 274  # the EXIF tag that says which side of a photo was up
TENTHS = range(1, 10)


@pytest.fixture(scope="module")
def pair() -> Image.Image:
    painted = paint_pair(3, 64)
    return Image.fromarray(np.concatenate([painted.photo, painted.label], axis=1))


def read(image: Image.Image, path, **options) -> np.ndarray:
    image.save(path, **options)
    return np.concatenate(read_pair(path), axis=1)


def flipped(image: Image.Image, path: Path, tenth: int) -> Path:
    """The file of a picture, with one byte of it changed."""
    image.save(path)
    content = bytearray(path.read_bytes())
    content[len(content) * tenth // 10] ^= 0xFF
    path.write_bytes(content)
    return path


def refused(path) -> str:
    with pytest.raises(BadFileError) as caught:
        read_pair(path)
    assert str(caught.value).startswith(str(path))
    return str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg"])
@pytest.mark.parametrize("tenth", TENTHS)
def test_a_truncated_file_is_refused(pair, tmp_path, suffix, tenth):
    whole, cut = tmp_path / f"whole.{suffix}", tmp_path / f"cut.{suffix}"
    pair.save(whole)
    content = whole.read_bytes()
    cut.write_bytes(content[: len(content) * tenth // 10])
    assert "truncated or damaged" in refused(cut)


@pytest.mark.parametrize("tenth", TENTHS)
def test_a_png_with_a_flipped_byte_is_refused(pair, tmp_path, tenth):
    path = flipped(pair, tmp_path / "flipped.png", tenth)
    assert "truncated or damaged" in refused(path)


@pytest.mark.parametrize("tenth", TENTHS)
def test_a_jpeg_with_a_flipped_byte_is_another_picture_or_refused(pair, tmp_path, tenth):
    """JPEG has no checksum, so nobody can tell it from a picture."""
    path = flipped(pair, tmp_path / "flipped.jpg", tenth)
    try:
        a, b = read_pair(path)
    except BadFileError:
        refused(path)
    else:
        assert a.shape == b.shape == (64, 64, 3)


@pytest.mark.parametrize("name", ["a.TIF", "a.webp", "a.bmp", "A.PNG", "a b.png", "l'été.png"])
def test_rare_suffixes_and_names_are_read(pair, tmp_path, name):
    lossless = {"lossless": True} if name.endswith("webp") else {}
    np.testing.assert_array_equal(read(pair, tmp_path / name, **lossless), np.asarray(pair))


@pytest.mark.parametrize("name", ["日本.png", "-dash.png", "%41.png", "new\nline.png"])
def test_names_of_any_kind_are_read(pair, tmp_path, name):
    try:
        found = read(pair, tmp_path / name)
    except OSError:
        pytest.skip("this file system has no such names")
    np.testing.assert_array_equal(found, np.asarray(pair))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "1", "CMYK"])
def test_other_colours_become_rgb(pair, tmp_path, mode):
    image = pair.convert(mode)
    found = read(image, tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, np.asarray(image.convert("RGB")))


def test_sixteen_bits_are_scaled_to_eight(tmp_path):
    ramp = np.linspace(0, 65535, 128, dtype=np.uint16)[None].repeat(64, axis=0)
    found = read(Image.fromarray(ramp), tmp_path / "a.png")
    np.testing.assert_allclose(found[0, :, 0], np.linspace(0, 255, 128), atol=1)


@pytest.mark.parametrize("orientation", [1, 2, 3, 4])
def test_a_photo_is_turned_as_its_camera_says(pair, tmp_path, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    turns = {1: np.s_[:, :], 2: np.s_[:, ::-1], 3: np.s_[::-1, ::-1], 4: np.s_[::-1]}
    found = read(pair, tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(found, np.asarray(pair)[turns[orientation]])


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_pair_that_its_camera_puts_upright_is_no_pair(pair, tmp_path, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pair.save(tmp_path / "a.jpg", exif=exif)
    assert "32×128" in refused(tmp_path / "a.jpg")


def test_the_first_picture_of_an_animation_is_taken(pair, tmp_path):
    first, *rest = (pair.rotate(angle).convert("P") for angle in (0, 90, 180))
    found = read(first, tmp_path / "a.gif", save_all=True, append_images=rest)
    np.testing.assert_array_equal(found, np.asarray(first.convert("RGB")))


@pytest.mark.parametrize(
    ("size", "words"),
    [((1, 1), "odd number"), ((129, 64), "odd number"), ((20_000, 10), "10000×10")],
)
def test_sizes_that_are_no_pair_are_refused(tmp_path, size, words):
    path = tmp_path / "a.png"
    Image.new("RGB", size).save(path)
    assert words in refused(path)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)  # 50 kB; 1.2 GB as RGB
    assert "far too large" in refused(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_refused(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    refused(path)


def test_a_wrong_suffix_does_not_matter(pair, tmp_path):
    np.testing.assert_array_equal(read(pair, tmp_path / "a.jpg", format="PNG"), np.asarray(pair))
