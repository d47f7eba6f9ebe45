"""Two folders of pictures become one of pairs."""

import numpy as np
import pytest
from PIL import Image

from pix2pix_course.datasets.combine import combine
from pix2pix_course.pairs import DatasetError, find_pairs, read_pair


def put(folder, *names: str, size=(64, 64), grey=0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        Image.new("RGB", size, (number, grey, 0)).save(folder / name)


def stems(folder) -> dict[str, list[str]]:
    return {split: [file.stem for file in files] for split, files in find_pairs(folder).items()}


def test_a_stands_left_and_b_right_whatever_the_suffix(tmp_path):
    put(tmp_path / "a/train", "1.png", "2.bmp")
    put(tmp_path / "b/train", "1.bmp", "2.png", grey=9)
    put(tmp_path / "a/test", "3.png")
    put(tmp_path / "b/test", "3.png", grey=9)
    folder = combine([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert stems(folder) == {"train": ["1", "2"], "test": ["3"]}
    a, b = read_pair(folder / "train/2.png")
    assert (a[0, 0].tolist(), b[0, 0].tolist()) == ([1, 0, 0], [1, 9, 0])


@pytest.mark.parametrize("names", [("A", "B"), ("trainA", "trainB", "testA", "testB")])
def test_one_folder_with_both_sides_will_do(tmp_path, names):
    for name in names:
        put(tmp_path / "set" / name, *(f"{n}.png" for n in range(5)))
    with pytest.raises(DatasetError, match="data combine"):  # what opening it says
        find_pairs(tmp_path / "set")
    found = stems(combine([tmp_path / "set"], tmp_path / "out"))
    assert sorted(found["train"] + found["test"]) == sorted("01234" * (len(names) // 2))


def test_splits_are_drawn_by_the_seed(tmp_path):
    for side in "ab":
        put(tmp_path / side, *(f"{n}.png" for n in range(20)))
    sources = [tmp_path / "a", tmp_path / "b"]
    one, again, other = (
        stems(combine(sources, tmp_path / f"out{n}", seed, held_out=0.25))
        for n, seed in enumerate((1, 1, 2))
    )
    assert one == again != other
    assert len(one["test"]) == 5
    assert sorted(one["train"] + one["test"], key=int) == [str(n) for n in range(20)]


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (["1.png", "2.png"], ["1.png"], r"no partner for .*a.2: both folders need the same names"),
        (["1.png"], ["1.png", "1.bmp"], "have one name: rename one of them"),
        ([], [], "holds no pictures"),
        (["1.png"], ["1.png"], "1 pairs are too few to hold out 1"),
    ],
)
def test_what_makes_no_pairs_is_named_and_nothing_is_written(tmp_path, a, b, words):
    put(tmp_path / "a", *a)
    put(tmp_path / "b", *b)
    with pytest.raises(DatasetError, match=words):
        combine([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_sides_of_other_sizes_are_refused_by_name(tmp_path):
    put(tmp_path / "a/train", "1.png")
    put(tmp_path / "b/train", "1.png", size=(64, 65))
    with pytest.raises(DatasetError, match=r"b.train.1\.png has 64×65 pixels, and .* has 64×64"):
        combine([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folders_that_are_not_there_are_named(tmp_path):
    put(tmp_path / "a", "1.png")
    with pytest.raises(DatasetError, match=r"there is no folder .*b"):
        combine([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    with pytest.raises(DatasetError, match="holds neither A/ and B/"):
        combine([tmp_path / "a"], tmp_path / "out")
    put(tmp_path / "set/trainA", "1.png")
    with pytest.raises(DatasetError, match="trainB, and its other side is there"):
        combine([tmp_path / "set"], tmp_path / "out")


def test_nothing_is_overwritten(tmp_path):
    put(tmp_path / "out", "mine.png")
    with pytest.raises(DatasetError, match="is there already"):
        combine([tmp_path], tmp_path / "out")


def test_pixels_survive(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    for side, image in zip("ab", noise, strict=True):
        (tmp_path / side / "train").mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / side / "train/x.png")
    folder = combine([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    np.testing.assert_array_equal(read_pair(folder / "train/x.png"), noise)
