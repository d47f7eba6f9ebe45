"""Opening data sets by name and folder, the catalogue, and downloads."""

import dataclasses
import io
import json
import subprocess
import sys
import tarfile
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from pix2pix_course import datasets
from pix2pix_course.datasets import catalogue, download, open_dataset
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.datasets.check import check
from pix2pix_course.pairs import DatasetError, read_pair
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


@pytest.mark.parametrize(("direction", "sides"), [("AtoB", "AB"), ("BtoA", "BA")])
def test_direction_says_which_side_is_what(pairs, direction, sides):
    dataset = open_dataset(pairs, direction=direction, palette="facades")
    assert dataset.condition_side + dataset.target_side == sides
    assert dataset.label_side == dataset.condition_side
    assert dataset.condition_palette is PALETTES["facades"]
    assert dataset.palette_of(dataset.target_side) is None
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
    assert turned.palette_of("B") is PALETTES["facades"]


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


def visible(folder) -> list[str]:
    """What lies in a folder, but for its hidden locks."""
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


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
    folder = download.download("facades", data, progress=False)
    assert visible(data) == ["facades", "facades.tar.gz.json"]
    facts = json.loads((folder / "dataset.json").read_text())
    assert facts["source"].startswith("http://127.0.0.1:")
    assert facts["bytes"] == (mirror / "facades.tar.gz").stat().st_size
    assert len(facts["sha256"]) == 64
    dataset = open_dataset("facades", data_folder=data)
    assert (dataset.direction, dataset.condition_palette) == ("BtoA", PALETTES["facades"])
    assert len(dataset.files("train")) == 2
    (mirror / "facades.tar.gz").unlink()
    assert download.download("facades", data, progress=False) == folder  # nothing to do


def test_of_two_that_download_one_set_one_waits_for_the_other(mirror, tmp_path, monkeypatch):
    fetched, fetch = [], download.fetch
    monkeypatch.setattr(download, "fetch", lambda *of: fetched.append(of) or fetch(*of))
    with ThreadPoolExecutor(2) as both:
        folders = list(both.map(download.download, ["facades"] * 2, [tmp_path] * 2, [False] * 2))
    assert folders == [tmp_path / "facades"] * 2
    assert len(fetched) == 1


def test_an_interrupted_unpacking_is_not_a_data_set(mirror, tmp_path, monkeypatch):
    data = tmp_path / "data"

    def killed(archive, folder):
        (folder / "facades" / "train").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(download, "unpack", killed)
        with pytest.raises(KeyboardInterrupt):
            download.download("facades", data, progress=False)
    with pytest.raises(DatasetError, match="data download facades"):
        open_dataset("facades", data_folder=data)
    (mirror / "facades.tar.gz").unlink()  # the archive has arrived; no server is needed now
    download.download("facades", data, progress=False)
    assert len(open_dataset("facades", data_folder=data).files("train")) == 2


def test_an_archive_put_there_by_hand_is_used(mirror, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (mirror / "facades.tar.gz").rename(data / "facades.tar.gz")
    download.download("facades", data, progress=False)
    assert open_dataset("facades", data_folder=data).name == "facades"


def test_a_changed_archive_is_refused(mirror, pairs, tmp_path):
    data = tmp_path / "data"
    folder = download.download("facades", data, progress=False)
    folder.rename(tmp_path / "elsewhere")
    save(pairs / "train" / "3.png")
    (mirror / "facades.tar.gz").write_bytes(archive_of(pairs, "facades"))
    with pytest.raises(DatasetError, match="SHA-256"):
        download.download("facades", data, progress=False)
    assert not folder.exists()


@pytest.mark.parametrize("content", [b"<html>please log in</html>", None])
def test_a_useless_archive_leaves_nothing_behind(mirror, pairs, tmp_path, content):
    data = tmp_path / "data"
    good = (mirror / "facades.tar.gz").read_bytes()
    without_pairs = archive_of(pairs / "train", "facades")
    (mirror / "facades.tar.gz").write_bytes(content or without_pairs)
    with pytest.raises(DatasetError, match=r"facades\.tar\.gz was deleted.*'painted'"):
        download.download("facades", data, progress=False)
    assert visible(data) == []
    (mirror / "facades.tar.gz").write_bytes(good)
    download.download("facades", data, progress=False)  # and the next attempt starts clean


def test_a_folder_of_your_own_is_not_overwritten(mirror, tmp_path):
    (tmp_path / "data" / "facades").mkdir(parents=True)
    with pytest.raises(DatasetError, match="move it away"):
        download.download("facades", tmp_path / "data", progress=False)


def test_without_network_one_sentence_names_the_offline_set(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "SERVER", "http://127.0.0.1:9")
    monkeypatch.delenv("PIX2PIX_COURSE_MIRROR", raising=False)
    monkeypatch.setattr(download, "PAUSE", 0.001)
    with pytest.raises(DatasetError) as caught:
        download.download("maps", tmp_path, progress=False)
    message = str(caught.value)
    assert "no network" in message
    assert "'painted'" in message
    assert "\n" not in message
    assert "127.0.0.1" not in message  # the reader is spared the details
    assert visible(tmp_path) == []


def test_only_published_sets_are_downloaded(tmp_path):
    with pytest.raises(DatasetError, match="did you mean 'maps'"):
        download.download("map", tmp_path)


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file, no folder")
    with pytest.raises(DatasetError, match="taken"):
        download.download("facades", tmp_path / "taken" / "data", progress=False)
