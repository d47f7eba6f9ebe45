"""Files as people have them: each is read right, or refused by one error that names it."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_course.datasets.painter import paint_pair
from pix2pix_course.pairs import BadFileError, DatasetError, find_pairs, read_pair
from pix2pix_course.support.images import find_images

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


# --- folders ----------------------------------------------------------------------------------


@pytest.fixture
def folder(pair, tmp_path) -> Path:
    """A data set of two pairs to train on, and one to test."""
    for name in ("train/1.png", "train/2.png", "test/1.png"):
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        pair.save(tmp_path / "set" / name)
    return tmp_path / "set"


def names(folder: Path) -> list[str]:
    return [file.name for file in find_pairs(folder)["train"]]


@pytest.mark.parametrize(
    "name", ["._1.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".hidden.JPG"]
)
def test_what_operating_systems_leave_in_folders_is_passed_over(folder, name):
    (folder / "train" / name).write_bytes(b"\x00\x05\x16\x07")
    (folder / name).write_bytes(b"")
    assert names(folder) == ["1.png", "2.png"]


def test_a_link_to_a_picture_elsewhere_is_that_picture(folder, pair, tmp_path):
    pair.save(tmp_path / "elsewhere.png")
    (folder / "train/3.png").symlink_to(tmp_path / "elsewhere.png")
    assert names(folder) == ["1.png", "2.png", "3.png"]
    np.testing.assert_array_equal(
        np.concatenate(read_pair(folder / "train/3.png"), 1), np.asarray(pair)
    )


@pytest.mark.parametrize("target", ["nothing.png", "3.png", "../train/3.png"])
def test_a_link_to_nothing_or_to_itself_is_not_passed_over(folder, target):
    (folder / "train/3.png").symlink_to(target)
    with pytest.raises(BadFileError, match=r"3\.png is a link to nothing"):
        find_pairs(folder)


def test_a_link_to_what_is_no_picture_shows_nothing_of_it(folder, tmp_path):
    (tmp_path / "secret.txt").write_text("the password")
    (folder / "train/3.png").symlink_to(tmp_path / "secret.txt")
    assert "password" not in refused(folder / "train/3.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_does_not_make_anybody_wait(folder):
    os.mkfifo(folder / "train/3.png")
    assert names(folder) == ["1.png", "2.png"]
    with pytest.raises(DatasetError, match=r"3\.png is neither a file nor a folder"):
        find_images([folder / "train/3.png"])


def test_a_folder_with_the_suffix_of_a_picture_is_passed_over(folder):
    (folder / "train/3.png").mkdir()
    assert names(folder) == ["1.png", "2.png"]


@contextlib.contextmanager
def without_rights():
    """As somebody who may read only what everybody may; root may read all."""
    if os.name == "nt":
        pytest.skip("rights are other things on Windows")
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def test_what_may_not_be_read_is_named(folder):
    for place in (*folder.parents, folder):
        with contextlib.suppress(PermissionError):
            place.chmod(place.stat().st_mode | 0o055)
    (folder / "train/1.png").chmod(0)
    with without_rights():
        assert "may not be read by you: ask for the right to" in refused(folder / "train/1.png")
    (folder / "train/1.png").chmod(0o644)
    (folder / "train").chmod(0)
    try:
        with without_rights(), pytest.raises(DatasetError, match=r"train cannot be read \(Perm"):
            find_pairs(folder)
    finally:
        (folder / "train").chmod(0o755)
