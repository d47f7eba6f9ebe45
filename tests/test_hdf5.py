"""The file format; `test_datasets` opens and makes folders of such files."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from pix2pix_course import hdf5
from pix2pix_course.hdf5 import PairFileError


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


def test_pairs_come_back_exactly_in_their_order_under_their_names(tmp_path):
    file = tmp_path / "train.h5"
    hdf5.write(file, sources(11), 11)
    paths = hdf5.pair_paths(file)
    assert paths[10] == file / "0010" / "11.jpg"
    assert [path.stem for path in paths] == [str(number) for number in range(1, 12)]
    for path, (_, a, b) in zip(paths, sources(11), strict=True):
        found = hdf5.read(*hdf5.locate(path))
        np.testing.assert_array_equal(found, [a, b])
    assert list(tmp_path.iterdir()) == [file]


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
    assert hdf5.pair_paths(file) == (file / "0000", file / "0001")
    a, b = hdf5.read(file, 1)
    np.testing.assert_array_equal(a, np.stack([grey[1]] * 3, axis=-1))
    np.testing.assert_array_equal(b, np.concatenate([single[1]] * 3, axis=-1))


@pytest.mark.parametrize("kind", [h5py.string_dtype(), "S11"])
def test_names_are_file_names_whatever_they_pretend(tmp_path, kind):
    names = np.array([b"../../a.png", b"b"], dtype=object).astype(kind)
    file = store(tmp_path / "train.h5", A=noise(2, 8, 8), B=noise(2, 8, 8), names=names)
    assert hdf5.pair_paths(file) == (file / "0000" / "a.png", file / "0001" / "b")


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
    with pytest.raises(PairFileError, match=rf"train\.h5.*{message}"):
        hdf5.pair_paths(store(tmp_path / "train.h5", **datasets))


def test_what_is_no_whole_file_is_named(tmp_path):
    file = tmp_path / "train.h5"
    with pytest.raises(PairFileError, match=r"train\.h5 is not there"):
        hdf5.pair_paths(file)
    file.write_text("no pictures")
    with pytest.raises(PairFileError, match=r"train\.h5 is not a whole HDF5 file"):
        hdf5.pair_paths(file)
    hdf5.write(file, sources(2), 2)
    with pytest.raises(PairFileError, match="has no pair 2, only 2"):
        hdf5.read(file, 2)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(PairFileError, match="is not a whole HDF5 file"):
        hdf5.read(file, 0)


def test_pairs_of_two_sizes_are_refused_and_nothing_is_left(tmp_path):
    pairs = [*sources(2), *sources(1, height=9)]
    with pytest.raises(PairFileError, match=r"1\.jpg has halves of 12×9 pixels.*12×8"):
        hdf5.write(tmp_path / "train.h5", pairs, 3)
    assert list(tmp_path.iterdir()) == []


def test_only_paths_below_a_file_are_pairs(tmp_path):
    (tmp_path / "set.h5" / "7").mkdir(parents=True)
    for path in (Path("train/0007.png"), Path("train.h5"), tmp_path / "set.h5" / "7" / "1.png"):
        assert hdf5.locate(path) is None
    assert hdf5.locate(Path("x/train.h5/0007")) == (Path("x/train.h5"), 7)
    assert hdf5.locate(Path("x/train.h5/0007/12")) == (Path("x/train.h5"), 7)
