"""What `check` reports of a folder, and what is said before a training."""

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from pix2pix_course.config import Config
from pix2pix_course.datasets import open_dataset
from pix2pix_course.datasets.check import before_training, check
from pix2pix_course.pairs import DatasetError
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


def test_check_of_a_good_folder(pairs):
    report = check(open_dataset(pairs, direction="AtoB"))
    assert report.ok
    assert report.counts == {"train": 2, "test": 1}
    assert report.sizes == {(64, 64): 3}
    assert "2 train pairs, 1 test pairs" in str(report)
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
    assert all(problem.advice for problem in report.problems)


def test_several_sizes_are_a_note_since_training_resizes_them(pairs):
    save(pairs / "train" / "3.png", noise(70, 128))
    report = check(pairs)
    assert report.ok
    assert any("several sizes" in note for note in report.notes)
    assert report.sizes == {(64, 64): 3, (70, 64): 1}


def test_what_is_not_read_is_named_and_what_is_no_picture_is_not(pairs):
    for name in ("scan.gif", "photo.HEIC", "Thumbs.db", ".DS_Store", "._1.gif", "notes.txt"):
        (pairs / "train" / name).write_bytes(b"")
    (note,) = (note for note in check(pairs).notes if "not read" in note)
    assert "train/scan.gif" in note
    assert "train/photo.HEIC" in note
    for name in ("Thumbs", "DS_Store", "_1", "notes"):
        assert name not in note


def test_check_says_what_is_held_out_of_train_alone(pairs):
    (pairs / "test" / "1.png").unlink()
    (pairs / "test").rmdir()
    report = check(pairs)
    assert report.ok
    assert report.counts == {"train": 1, "val": 1}
    assert any("held out of training" in note for note in report.notes)


def test_check_notes_halves_that_are_no_squares(tmp_path):
    save(tmp_path / "train" / "1.png", noise(128, 128))
    save(tmp_path / "val" / "1.png", noise(128, 128))
    report = check(tmp_path)
    assert report.ok
    assert any("64×128" in note for note in report.notes)
    assert any("no test/" in note for note in report.notes)


# --- label colours ----------------------------------------------------------------------------


@pytest.fixture
def labelled(tmp_path):
    """Pairs with a photo left and a label map right, in the colours of the facades."""
    for split in ("train", "test"):
        for number in range(3):
            ids = np.random.default_rng(number).integers(0, 12, (64, 64), dtype=np.uint8)
            pair = np.concatenate([noise(64, 64), PALETTES["facades"].to_rgb(ids)], axis=1)
            save(tmp_path / split / f"{number}.png", pair)
    return tmp_path


def as_class_ids(folder):
    """The same label maps as class ids, grey: 0, 1, 2, …"""
    for file in folder.glob("*/*.png"):
        picture = np.asarray(Image.open(file)).copy()
        picture[:, 64:] = PALETTES["facades"].to_ids(picture[:, 64:])[..., None]
        save(file, picture)


def test_labels_where_they_should_be_are_no_problem(labelled):
    dataset = open_dataset(labelled, direction="BtoA", palette="facades")
    assert check(dataset).ok
    assert before_training(dataset, Config(dataset=str(labelled))) == []


def test_labels_on_the_other_side_are_told_before_training(labelled):
    swapped = open_dataset(labelled, direction="AtoB", palette="facades")
    assert "the label map is the other side: turn the direction round" in str(check(swapped))
    with pytest.raises(DatasetError, match=r"the label map is the other side.*leave the palette"):
        before_training(swapped, Config(dataset=str(labelled)))


def test_class_ids_are_told_before_training(labelled):
    as_class_ids(labelled)
    dataset = open_dataset(labelled, direction="BtoA", palette="facades")
    assert "no label map of that palette (class ids" in str(check(dataset))
    with pytest.raises(DatasetError, match=r"class ids 0, 1, 2.*Palette\.to_rgb"):
        before_training(dataset, Config(dataset=str(labelled)))


def test_a_folder_that_describes_itself_wrongly_is_found_out(labelled):
    facts = {"direction": "AtoB", "palette": "facades", "label_side": "A"}
    (labelled / "dataset.json").write_text(json.dumps(facts))
    assert "the label map is the other side" in str(check(labelled))
    facts |= {"direction": "BtoA", "label_side": "B"}
    (labelled / "dataset.json").write_text(json.dumps(facts))
    assert check(labelled).ok


def test_a_published_set_the_other_way_round_is_warned_of(labelled):
    dataset = open_dataset(labelled, direction="AtoB")
    (sentence,) = before_training(dataset, Config(dataset="facades", direction="AtoB"))
    assert "AtoB is not the natural one of 'facades', BtoA" in sentence
    natural = open_dataset(labelled, direction="BtoA")
    assert before_training(natural, Config(dataset="facades", direction="BtoA")) == []


# --- real pairs ---------------------------------------------------------------------------------


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
