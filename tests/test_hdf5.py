"""Import and export of HDF5 files."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from pix2pix_course.datasets import hdf5, open_dataset
from pix2pix_course.datasets.hdf5 import convert
from pix2pix_course.pairs import BadFileError, DatasetError, read_pair


def noise(*shape, seed=0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def store(file: Path, **datasets) -> Path:
    """An HDF5 file as another program would write it."""
    with h5py.File(file, "w") as content:
        for name, values in datasets.items():
            content[name] = values
    return file


def sources(count: int, height=8, width=12):
    for index in range(count):
        a, b = noise(2, height, width, 3, seed=index)
        yield Path("somewhere") / f"{index + 1}.jpg", a, b


def save(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path)


@pytest.fixture
def pairs(tmp_path):
    """A folder with two training pairs and one test pair."""
    for seed, name in enumerate(("train/1.png", "train/2.png", "test/1.png")):
        save(tmp_path / "mine" / name, noise(64, 128, 3, seed=seed))
    return tmp_path / "mine"


# --- one file -------------------------------------------------------------------------------


def test_pairs_come_back_exactly_in_their_order_under_their_names(tmp_path):
    file = tmp_path / "train.h5"
    hdf5.write(file, sources(11), 11)
    for (name, *found), (source, a, b) in zip(hdf5.read(file), sources(11), strict=True):
        assert name == f"{source.stem}.png"
        np.testing.assert_array_equal(found, [a, b])


def test_another_program_can_read_it(tmp_path):
    hdf5.write(tmp_path / "train.h5", sources(3), 3)
    with h5py.File(tmp_path / "train.h5") as content:
        assert {name: content[name].shape for name in content} == {
            "A": (3, 8, 12, 3),
            "B": (3, 8, 12, 3),
            "names": (3,),
        }
        assert content["A"].dtype == np.uint8
        assert list(content["names"].asstr()) == ["1.jpg", "2.jpg", "3.jpg"]


def test_grey_sides_become_rgb_and_names_may_be_missing(tmp_path):
    grey, single = noise(2, 8, 12), noise(2, 8, 12, 1)
    file = store(tmp_path / "val.h5", A=grey, B=single)
    names, a, b = zip(*hdf5.read(file), strict=True)
    assert names == ("0000.png", "0001.png")
    np.testing.assert_array_equal(a[1], np.stack([grey[1]] * 3, axis=-1))
    np.testing.assert_array_equal(b[1], np.concatenate([single[1]] * 3, axis=-1))


@pytest.mark.parametrize("kind", [h5py.string_dtype(), "S11"])
def test_names_are_file_names_whatever_they_pretend(tmp_path, kind):
    names = np.array([b"../../a.png", b"b"], dtype=object).astype(kind)
    file = store(tmp_path / "train.h5", A=noise(2, 8, 8), B=noise(2, 8, 8), names=names)
    assert [name for name, *_ in hdf5.read(file)] == ["a.png", "b.png"]


def test_equal_names_do_not_overwrite_each_other(tmp_path):
    names = np.array([b"x/a.png", b"y/a.png"], dtype=object).astype(h5py.string_dtype())
    file = store(tmp_path / "train.h5", A=noise(2, 8, 8), B=noise(2, 8, 8), names=names)
    assert [name for name, *_ in hdf5.read(file)] == ["0000-a.png", "0001-a.png"]


@pytest.mark.parametrize(
    ("datasets", "message"),
    [
        ({"train_A": noise(2, 8, 8)}, r"no dataset 'A', only train_A: store the sides as 'A'"),
        ({}, "no dataset 'A', only nothing"),
        ({"A": noise(2, 8, 8)}, "no dataset 'B', only A"),
        ({"A": noise(2, 8, 8) / 255, "B": noise(2, 8, 8)}, "holds A as float64.*as uint8"),
        ({"A": noise(2, 8, 8, 3), "B": noise(2, 3, 8, 8)}, r"B with the shape \(2, 3, 8, 8\)"),
        ({"A": noise(2, 8, 8), "B": noise(3, 8, 8)}, "2 pictures of 8×8 pixels as A and 3"),
        ({"A": noise(2, 8, 8), "B": noise(2, 8, 9)}, "as A and 2 of 9×8 as B"),
        ({"A": noise(0, 8, 8), "B": noise(0, 8, 8)}, "holds no pairs"),
        ({"A": noise(2, 8, 8), "B": noise(2, 8, 8), "names": ["a"]}, "'names' that are not 2"),
        ({"A": noise(2, 8, 8), "B": noise(2, 8, 8), "names": [1, 2]}, "'names' that are not 2"),
    ],
)
def test_what_does_not_hold_pairs_is_named_with_its_fault(tmp_path, datasets, message):
    with pytest.raises(BadFileError, match=rf"train\.h5.*{message}"):
        list(hdf5.read(store(tmp_path / "train.h5", **datasets)))


def test_what_is_no_whole_file_is_named(tmp_path):
    file = tmp_path / "train.h5"
    with pytest.raises(BadFileError, match=r"train\.h5 is not there"):
        list(hdf5.read(file))
    file.write_text("no pictures")
    with pytest.raises(BadFileError, match=r"train\.h5 is not a whole HDF5 file"):
        list(hdf5.read(file))
    hdf5.write(file, sources(2), 2)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BadFileError, match="is not a whole HDF5 file"):
        list(hdf5.read(file))


# --- a folder -------------------------------------------------------------------------------


def test_there_and_back_it_is_the_same_set(painted, tmp_path):
    packed = convert(painted, tmp_path / "packed")
    assert {file.name for file in packed.iterdir()} == {
        "dataset.json", "train.h5", "val.h5", "test.h5",
    }  # fmt: skip
    before, after = open_dataset(painted), open_dataset(convert(packed, tmp_path / "again"))
    assert (after.direction, after.palette, after.label_side) == ("BtoA", before.palette, "B")
    for split, files in before.splits.items():
        assert [file.name for file in after.files(split)] == [file.name for file in files]
        for file, copy in zip(files, after.files(split), strict=True):
            np.testing.assert_array_equal(read_pair(copy), read_pair(file))


def test_train_alone_is_packed_whole(pairs, tmp_path):
    (pairs / "test" / "1.png").unlink()
    (pairs / "test").rmdir()
    packed = convert(pairs, tmp_path / "packed")
    assert [file.name for file in packed.iterdir()] == ["train.h5"]
    assert len(list(hdf5.read(packed / "train.h5"))) == 2


def test_a_bad_file_stops_the_packing_and_leaves_nothing(pairs, tmp_path):
    save(pairs / "train" / "3.png", noise(80, 160, 3))
    with pytest.raises(DatasetError, match=r"3\.png has halves of 80×80 pixels.*64×64"):
        convert(pairs, tmp_path / "packed")
    (pairs / "train" / "3.png").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"3\.png is not an image"):
        convert(pairs, tmp_path / "packed")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_converting_overwrites_nothing(pairs, tmp_path):
    with pytest.raises(DatasetError, match="mine is there already: choose another folder"):
        convert(pairs, pairs)
    (tmp_path / "empty").mkdir()
    assert convert(pairs, tmp_path / "empty") == tmp_path / "empty"


def test_opening_a_packed_set_says_how_to_unpack_it(pairs, tmp_path):
    packed = convert(pairs, tmp_path / "packed")
    with pytest.raises(DatasetError, match=r"train\.h5, test\.h5: .*data convert .*OUTPUT"):
        open_dataset(packed, "AtoB")
    with pytest.raises(DatasetError, match=r"train\.h5 is one split.*open its folder"):
        open_dataset(packed / "train.h5", "AtoB")
    (packed / "train").mkdir()
    with pytest.raises(DatasetError, match=r"both train/ and train\.h5: keep one"):
        convert(packed, tmp_path / "unpacked")
