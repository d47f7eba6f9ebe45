"""Opening, reading, checking and downloading data sets."""

import dataclasses
import io
import json
import subprocess
import sys
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pix2pix_course import catalogue, datasets, download
from pix2pix_course.catalogue import CATALOGUE
from pix2pix_course.datasets import DatasetError, check, open_dataset, read_image, read_pair
from pix2pix_course.palettes import PALETTES


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


# --- opening ----------------------------------------------------------------------------------


def test_files_are_found_whatever_their_suffix_and_sorted_as_people_count(tmp_path):
    for name in ("10.jpg", "2.JPG", "1.jpeg", "b3.png", "b20.Png", "B4.PNG"):
        save(tmp_path / "train" / name)
    for name in (".hidden.png", "._1.jpg", "Thumbs.db", "notes.txt", "1.gif"):
        (tmp_path / "train" / name).write_bytes(b"")
    (tmp_path / "train" / "folder.png").mkdir()
    dataset = open_dataset(tmp_path, direction="AtoB")
    names = [file.name for file in dataset.files("train")]
    assert names == ["1.jpeg", "2.JPG", "10.jpg", "b3.png", "B4.PNG", "b20.Png"]


@pytest.mark.parametrize(("direction", "sides"), [("AtoB", "AB"), ("BtoA", "BA")])
def test_direction_says_which_side_is_what(pairs, direction, sides):
    dataset = open_dataset(pairs, direction=direction, palette="facades")
    assert dataset.condition_side + dataset.target_side == sides
    assert dataset.label_side == dataset.condition_side
    assert dataset.condition_palette is PALETTES["facades"]
    assert dataset.target_palette is None
    assert (dataset.name, dataset.evaluation_split) == ("mine", "test")


def test_a_folder_can_describe_itself(pairs):
    facts = {"name": "my set", "direction": "BtoA", "palette": "facades", "label_side": "B"}
    (pairs / "dataset.json").write_text(json.dumps(facts))
    dataset = open_dataset(str(pairs))
    assert (dataset.name, dataset.direction) == ("my set", "BtoA")
    assert dataset.condition_palette is PALETTES["facades"]
    # The other way round the labels stay where they are: now they are the target.
    turned = open_dataset(pairs, direction="AtoB")
    assert turned.condition_palette is None
    assert turned.target_palette is PALETTES["facades"]


@pytest.mark.parametrize(
    "content",
    ["{", "[1]", '{"direction": "left"}', '{"palette": "rainbow"}', '{"label_side": "C"}'],
)
def test_a_broken_description_is_named(pairs, content):
    (pairs / "dataset.json").write_text(content)
    with pytest.raises(DatasetError, match=r"dataset\.json.*(repair|delete)"):
        open_dataset(pairs, direction="AtoB")


def test_an_undescribed_folder_needs_a_direction(pairs):
    with pytest.raises(DatasetError, match=r"direction='AtoB' if the left half \(A\)"):
        open_dataset(pairs)
    facades = pairs.rename(pairs.with_name("facades"))
    with pytest.raises(DatasetError, match=r"published 'facades' uses 'BtoA'.*swapped"):
        open_dataset(facades)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"direction": "left"}, "AtoB"),
        ({"palette": "rainbow"}, "facades"),
        ({"dataset": "facadez"}, "did you mean 'facades'"),
        ({"dataset": "facades"}, "`pix2pix-course data download facades`.*'painted'"),
    ],
)
def test_impossible_wishes_get_an_answer(pairs, tmp_path, arguments, message):
    with pytest.raises(DatasetError, match=message):
        open_dataset(**{"dataset": pairs, "data_folder": tmp_path, **arguments})


def test_a_path_is_never_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "facades" / "train" / "1.png")
    assert open_dataset("./facades", direction="AtoB").name == "facades"


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


def test_painted_is_painted_on_first_use(tmp_path, monkeypatch):
    paint = partial(datasets.paint_folder, train=2, val=1, test=1, size=64, progress=False)
    monkeypatch.setattr(datasets, "paint_folder", paint)
    dataset = open_dataset("painted", data_folder=tmp_path)
    assert dataset.folder == tmp_path / "painted"
    assert (dataset.direction, dataset.label_side) == ("BtoA", "B")
    assert {split: len(files) for split, files in dataset.splits.items()} == {
        "train": 2,
        "val": 1,
        "test": 1,
    }
    assert check(dataset).ok
    # The label half holds no colour but those of the twelve classes.
    label = read_pair(dataset.files("train")[0])[1]
    np.testing.assert_array_equal(dataset.condition_palette.snap(label), label)


def test_the_data_folder_can_be_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv("PIX2PIX_COURSE_DATA", str(tmp_path))
    assert datasets.default_data_folder() == tmp_path
    monkeypatch.delenv("PIX2PIX_COURSE_DATA")
    assert datasets.default_data_folder().name == "data"


def test_importing_datasets_loads_no_tensorflow():
    code = "import sys, pix2pix_course.datasets; print({'tensorflow', 'keras'} & {*sys.modules})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "set()", result.stderr


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


# --- HDF5 -------------------------------------------------------------------------------------


def test_a_packed_set_is_the_same_set(painted, tmp_path):
    packed = datasets.convert(painted, tmp_path / "packed")
    assert packed == tmp_path / "packed"
    assert {file.name for file in packed.iterdir()} == {
        "dataset.json", "train.h5", "val.h5", "test.h5",
    }  # fmt: skip
    before, after = open_dataset(painted), open_dataset(packed)
    assert dataclasses.replace(after, folder=painted, splits=before.splits) == before
    for split in before.splits:
        for file, pair in zip(before.files(split), after.files(split), strict=True):
            assert pair.name == file.name
            np.testing.assert_array_equal(read_pair(pair), read_pair(file))
    report = check(after)
    assert report.ok
    assert report.counts == {"train": 10, "val": 2, "test": 3}
    assert datasets.convert(packed, tmp_path / "again").is_dir()


def test_a_bad_file_stops_the_packing_and_leaves_nothing(pairs, tmp_path):
    save(pairs / "train" / "3.png", noise(80, 160))
    with pytest.raises(DatasetError, match=r"3\.png has halves of 80×80 pixels.*64×64"):
        datasets.convert(pairs, tmp_path / "packed")
    (pairs / "train" / "3.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"3\.png is not an image"):
        datasets.convert(pairs, tmp_path / "packed")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_packing_overwrites_nothing(pairs, tmp_path):
    with pytest.raises(DatasetError, match="mine is there already: choose another folder"):
        datasets.convert(pairs, pairs)
    (tmp_path / "empty").mkdir()
    assert datasets.convert(pairs, tmp_path / "empty") == tmp_path / "empty"


def test_faults_of_hdf5_files_are_named(pairs, tmp_path):
    packed = datasets.convert(pairs, tmp_path / "packed")
    with pytest.raises(DatasetError, match=r"train\.h5 is one split.*open its folder"):
        open_dataset(packed / "train.h5", "AtoB")
    (packed / "train").mkdir()
    with pytest.raises(DatasetError, match=r"both train/ and train\.h5: keep one"):
        open_dataset(packed, "AtoB")
    (packed / "train").rmdir()
    with h5py.File(packed / "test.h5", "a") as content:
        del content["B"]
    with pytest.raises(DatasetError, match=r"test\.h5 has no dataset 'B', only A, names"):
        open_dataset(packed, "AtoB")
    with h5py.File(packed / "test.h5", "w") as content:
        content["A"] = content["B"] = noise()[None, :, :50]
    report = check(packed)
    assert [problem.path for problem in report.problems] == [packed / "test.h5" / "0000"]
    assert "halves of 50×64" in str(report)


# --- checking ---------------------------------------------------------------------------------


def test_check_of_a_good_folder(pairs):
    report = check(open_dataset(pairs, direction="AtoB"))
    assert report.ok
    assert report.counts == {"train": 2, "test": 1}
    assert report.sizes == {(64, 64): 3}
    assert "2 train, 1 test pairs" in str(report)
    assert "no problem" in str(report)


def test_check_goes_on_after_a_bad_file_and_needs_no_direction(pairs):
    bad = bad_files(pairs / "train")
    del bad["missing.png"]
    report = check(pairs)
    assert not report.ok
    assert {problem.path.name for problem in report.problems} == set(bad)
    assert report.sizes == {(64, 64): 3}
    for name, words in bad.items():
        assert any(name in line and words in line for line in str(report).splitlines())
    assert all(problem.remedy for problem in report.problems)


def test_check_names_the_file_of_another_size(pairs):
    save(pairs / "train" / "3.png", noise(70, 128))
    report = check(pairs)
    assert [problem.path.name for problem in report.problems] == ["3.png"]
    assert "64×70" in report.problems[0].problem
    assert "64×64" in report.problems[0].problem


def test_check_notes_halves_that_are_no_squares(tmp_path):
    save(tmp_path / "train" / "1.png", noise(128, 128))
    report = check(tmp_path)
    assert report.ok
    assert any("64×128" in note for note in report.notes)
    assert any("no test/" in note for note in report.notes)


def test_check_notices_swapped_sides(tmp_path):
    ids = np.random.default_rng(0).integers(0, 12, (64, 64), dtype=np.uint8)
    label = PALETTES["facades"].to_rgb(ids)
    save(tmp_path / "train" / "1.png", np.concatenate([noise(64, 64), label], axis=1))
    good = open_dataset(tmp_path, direction="BtoA", palette="facades")
    assert check(good).ok
    swapped = open_dataset(tmp_path, direction="AtoB", palette="facades")
    assert "other side than A" in str(check(swapped))


@pytest.mark.parametrize(
    ("name", "half", "counts"),
    [
        ("facades", (256, 256), {"train": 400, "val": 40}),
        ("maps", (600, 600), {"train": 150, "val": 20}),
        ("edges2shoes", (256, 256), {"train": 400, "val": 40}),
        ("edges2handbags", (256, 256), {"train": 150, "val": 20}),
    ],
)
def test_real_folders_are_read(shared_datasets, name, half, counts):
    dataset = open_dataset(shared_datasets / name, direction="BtoA")
    assert {split: len(files) for split, files in dataset.splits.items()} == counts
    few = {split: files[:10] for split, files in dataset.splits.items()}
    report = check(dataclasses.replace(dataset, splits=few))
    assert report.ok, report
    assert report.sizes == {half: 20}


def test_real_facades_have_their_labels_right(shared_datasets):
    dataset = open_dataset(shared_datasets / "facades", direction="BtoA", palette="facades")
    few = dataclasses.replace(dataset, splits={"val": dataset.files("val")[:8]})
    assert check(few).ok
    turned = dataclasses.replace(few, direction="AtoB", label_side="A")
    assert not check(turned).ok


# --- the catalogue and downloads ----------------------------------------------------------------


def test_the_catalogue_is_complete():
    assert set(CATALOGUE) == {
        "facades",
        "cityscapes",
        "maps",
        "edges2shoes",
        "edges2handbags",
        "night2day",
    }
    for name, published in CATALOGUE.items():
        assert published.name == name
        assert published.direction in ("AtoB", "BtoA")
        assert published.palette is None or published.palette in PALETTES
        assert (published.palette is None) == (published.label_side is None)
        assert published.addresses[-1].endswith(f"/{name}.tar.gz")
        assert "train" in published.splits
        assert {"val", "test"} & set(published.splits)
        assert published.about
        assert published.citation
        assert published.licence


def test_readable_sizes_agree_with_the_exact_ones():
    for published in CATALOGUE.values():
        if published.bytes:
            number, unit = published.size.split()
            assert published.bytes == pytest.approx(
                float(number) * {"MB": 1e6, "GB": 1e9}[unit], rel=0.02
            )


def archive_of(folder, name) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(folder, arcname=name)
    return buffer.getvalue()


@pytest.fixture
def mirror(pairs, tmp_path, monkeypatch):
    """A loopback server that has facades; the folder that it serves is returned."""
    served = tmp_path / "served"
    served.mkdir()
    (served / "facades.tar.gz").write_bytes(archive_of(pairs, "facades"))

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=served))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("PIX2PIX_COURSE_MIRROR", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setattr(catalogue, "SERVER", "http://127.0.0.1:9")  # nobody listens there
    unknown = dataclasses.replace(CATALOGUE["facades"], bytes=None)
    monkeypatch.setitem(CATALOGUE, "facades", unknown)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    yield served
    server.shutdown()
    server.server_close()


def test_a_downloaded_set_opens_and_says_where_it_is_from(mirror, tmp_path):
    data = tmp_path / "data"
    folder = datasets.download("facades", data, progress=False)
    assert sorted(path.name for path in data.iterdir()) == ["facades", "facades.tar.gz.json"]
    facts = json.loads((folder / "dataset.json").read_text())
    assert facts["source"].startswith("http://127.0.0.1:")
    assert facts["bytes"] == (mirror / "facades.tar.gz").stat().st_size
    assert len(facts["sha256"]) == 64
    dataset = open_dataset("facades", data_folder=data)
    assert (dataset.direction, dataset.condition_palette) == ("BtoA", PALETTES["facades"])
    assert len(dataset.files("train")) == 2
    (mirror / "facades.tar.gz").unlink()
    assert datasets.download("facades", data, progress=False) == folder  # nothing to do


def test_an_interrupted_unpacking_is_not_a_data_set(mirror, tmp_path, monkeypatch):
    data = tmp_path / "data"

    def killed(archive, folder):
        (folder / "facades" / "train").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(datasets, "unpack", killed)
        with pytest.raises(KeyboardInterrupt):
            datasets.download("facades", data, progress=False)
    with pytest.raises(DatasetError, match="data download facades"):
        open_dataset("facades", data_folder=data)
    (mirror / "facades.tar.gz").unlink()  # the archive has arrived; no server is needed now
    datasets.download("facades", data, progress=False)
    assert len(open_dataset("facades", data_folder=data).files("train")) == 2


def test_an_archive_put_there_by_hand_is_used(mirror, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (mirror / "facades.tar.gz").rename(data / "facades.tar.gz")
    datasets.download("facades", data, progress=False)
    assert open_dataset("facades", data_folder=data).name == "facades"


def test_a_changed_archive_is_refused(mirror, pairs, tmp_path):
    data = tmp_path / "data"
    folder = datasets.download("facades", data, progress=False)
    folder.rename(tmp_path / "elsewhere")
    save(pairs / "train" / "3.png")
    (mirror / "facades.tar.gz").write_bytes(archive_of(pairs, "facades"))
    with pytest.raises(DatasetError, match="SHA-256"):
        datasets.download("facades", data, progress=False)
    assert not folder.exists()


@pytest.mark.parametrize("content", [b"<html>please log in</html>", None])
def test_a_useless_archive_leaves_nothing_behind(mirror, pairs, tmp_path, content):
    data = tmp_path / "data"
    good = (mirror / "facades.tar.gz").read_bytes()
    without_pairs = archive_of(pairs / "train", "facades")
    (mirror / "facades.tar.gz").write_bytes(content or without_pairs)
    with pytest.raises(DatasetError, match=r"facades\.tar\.gz was deleted.*'painted'"):
        datasets.download("facades", data, progress=False)
    assert not list(data.iterdir())
    (mirror / "facades.tar.gz").write_bytes(good)
    datasets.download("facades", data, progress=False)  # and the next attempt starts clean


def test_a_folder_of_your_own_is_not_overwritten(mirror, tmp_path):
    (tmp_path / "data" / "facades").mkdir(parents=True)
    with pytest.raises(DatasetError, match="move it away"):
        datasets.download("facades", tmp_path / "data", progress=False)


def test_without_network_one_sentence_names_the_offline_set(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "SERVER", "http://127.0.0.1:9")
    monkeypatch.delenv("PIX2PIX_COURSE_MIRROR", raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with pytest.raises(DatasetError) as caught:
        datasets.download("maps", tmp_path, progress=False)
    message = str(caught.value)
    assert "no network" in message
    assert "'painted'" in message
    assert "\n" not in message
    assert "127.0.0.1" not in message  # the reader is spared the details
    assert not list(tmp_path.iterdir())


def test_only_published_sets_are_downloaded(tmp_path):
    with pytest.raises(DatasetError, match="did you mean 'maps'"):
        datasets.download("map", tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(DatasetError, match="taken"):
        datasets.download("facades", tmp_path / "taken" / "data", progress=False)
