import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pix2pix_course.datasets import painter
from pix2pix_course.datasets.canvas import Dice
from pix2pix_course.datasets.painter import paint_folder, paint_pair
from pix2pix_course.palettes import PALETTES

FACADES = PALETTES["facades"]
FACADE, WINDOW = FACADES.names.index("facade"), FACADES.names.index("window")


@pytest.fixture(scope="module")
def pairs():
    return [paint_pair(seed) for seed in range(40)]


# --- one pair -------------------------------------------------------------------------------


def test_shapes_and_types():
    for size in (64, 100, 256, 512):
        photo, label, ids = paint_pair(3, size)
        assert photo.shape == label.shape == (size, size, 3)
        assert ids.shape == (size, size)
        assert photo.dtype == label.dtype == ids.dtype == np.uint8


def test_a_seed_gives_the_same_bytes_on_every_machine():
    # Recorded once. If this fails after a change to the painter, the painted set has changed:
    # count painter.VERSION up, paint data/samples anew and record the new value.
    digest = hashlib.sha256()
    for seed, size in ((0, 256), (1, 256), (2, 128), (3, 64), (4, 100), (5, 512), (400_000, 256)):
        for part in paint_pair(seed, size):
            digest.update(part.tobytes())
    assert digest.hexdigest() == "61fc6115bad29cdb27863e3bb731049fceb62883db5bcc865aa837605481f8c0"


def test_draws_are_those_of_pcg64():
    # The reference is NumPy's own generator on the same stream.
    raw = np.random.PCG64(7).random_raw(100) >> np.uint64(32)
    dice = Dice(7)
    draws = [dice.between(-3, 11) for _ in range(100)]
    assert draws == [-3 + int(r) * 15 // 2**32 for r in raw]
    noise = np.random.PCG64([7, 1]).random_raw(2)
    assert Dice(7).noise(4, 4).astype(np.int8).tobytes() == noise.astype("<u8").tobytes()


def test_labels_hold_palette_colours_alone_and_agree_with_the_ids(pairs):
    for pair in pairs:
        assert (FACADES.to_rgb(pair.class_ids) == pair.label).all()
        assert {tuple(colour) for colour in pair.label[::3, ::3].reshape(-1, 3).tolist()} <= set(
            FACADES.colours
        )


def test_every_class_occurs_in_about_its_share(pairs):
    shares = np.mean([np.bincount(p.class_ids.ravel(), minlength=12) for p in pairs], axis=0)
    shares = dict(zip(FACADES.names, shares / 256**2, strict=True))
    # Shares of the published facades: background 0.23, facade 0.34, window 0.13, the rest small.
    assert 0.17 < shares.pop("background") < 0.28
    assert 0.29 < shares.pop("facade") < 0.40
    assert 0.10 < shares.pop("window") < 0.18
    assert min(shares.values()) > 0.004
    assert max(shares.values()) < 0.11


def test_seeds_give_different_streets(pairs):
    labels = {pair.class_ids.tobytes() for pair in pairs}
    photos = {pair.photo.tobytes() for pair in pairs}
    assert len(labels) == len(photos) == 40


def test_a_seed_gives_the_same_street_at_every_size():
    small, large = paint_pair(11, 128), paint_pair(11, 256)
    assert (small.class_ids == large.class_ids[1::2, 1::2]).mean() > 0.9
    difference = small.photo.astype(int) - large.photo[1::2, 1::2]
    assert abs(difference).mean() < 16


def test_the_label_does_not_give_the_wall_colour(pairs):
    # The best guess from the label alone is the mean over all walls; it stays far off.
    walls = np.array([pair.photo[pair.class_ids == FACADE].mean(axis=0) for pair in pairs])
    assert (walls.std(axis=0) > 25).all()
    # Nor does the plan of the house give it away: walls of like plans differ as much as any.
    maps = np.array([pair.class_ids[::8, ::8].ravel() for pair in pairs])
    unlike = (maps[:, None] != maps[None]).mean(-1) + np.eye(len(maps))
    nearest = abs(walls - walls[unlike.argmin(axis=1)]).mean()
    apart = abs(walls[:, None] - walls[None]).sum() / (walls.size * (len(walls) - 1))
    assert nearest > 0.6 * apart


def test_edges_of_the_label_are_edges_of_the_photo(pairs):
    def contrast(shift):
        inside, outside = [], []
        for photo, _, ids in pairs:
            steps = abs(np.diff(photo.astype(int), axis=1)).sum(-1)
            borders = np.roll(np.diff(ids.astype(int), axis=1) != 0, shift, axis=1)
            inside.append(steps[borders].mean())
            outside.append(steps[~borders].mean())
        return np.mean(inside) / np.mean(outside)

    exact = contrast(0)
    assert exact > 3
    # A label map moved by two pixels fits worse: the alignment is exact, not approximate.
    assert exact > 1.5 * contrast(2)
    assert exact > 1.5 * contrast(-2)


def test_windows_differ_from_the_wall_around_them(pairs):
    # Means over a whole picture: white frames and curtains count with the dark glass.
    def mean(pair, kind):
        return pair.photo[pair.class_ids == kind].mean(axis=0)

    differences = [abs(mean(p, WINDOW) - mean(p, FACADE)).max() for p in pairs]
    assert np.median(differences) > 40
    assert np.mean(np.array(differences) > 15) > 0.85


def test_windows_are_large_enough_to_learn(pairs):
    for pair in pairs[:10]:
        widths = []
        for row in pair.class_ids == WINDOW:
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]])))
            widths += list(edges[1::2] - edges[::2])
        assert np.median(widths) >= 13


@pytest.mark.parametrize(("seed", "size", "named"), [(0, 32, "size = 32"), (-1, 64, "seed = -1")])
def test_impossible_requests_are_refused(seed, size, named):
    with pytest.raises(ValueError, match=named):
        paint_pair(seed, size)


# --- a folder -------------------------------------------------------------------------------


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def paint(folder, **changes):
    return paint_folder(
        folder, **({"train": 3, "val": 1, "test": 2, "size": 64, "progress": False} | changes)
    )


def test_a_folder_holds_pairs_side_by_side(tmp_path):
    folder = paint(tmp_path / "new" / "painted")
    assert folder == tmp_path / "new" / "painted"
    assert sorted(contents(folder)) == [
        "dataset.json",
        "test/0001.png",
        "test/0002.png",
        "train/0001.png",
        "train/0002.png",
        "train/0003.png",
        "val/0001.png",
    ]
    facts = json.loads((folder / "dataset.json").read_text())
    expected = {"name": "painted", "direction": "BtoA", "palette": "facades", "label_side": "B"}
    assert expected.items() <= facts.items()
    photo, label, _ = paint_pair(painter.SEEDS["train"][1], 64)
    picture = np.asarray(Image.open(folder / "train/0002.png"))
    assert (picture == np.concatenate([photo, label], axis=1)).all()
    assert not (tmp_path / "new" / "painted.partial").exists()


def test_splits_and_sets_share_no_seed(tmp_path, monkeypatch):
    seen = []

    def remember(seed, size):
        seen.append(seed)
        return paint_pair(0, 64)

    monkeypatch.setattr(painter, "paint_pair", remember)
    paint(tmp_path / "zero")
    paint(tmp_path / "one", seed=1)
    assert len(seen) == len(set(seen)) == 12
    assert max(seen[:6]) < 1_000_000 <= min(seen[6:])
    ranges = [set(painter.SEEDS[split]) for split in painter.SEEDS]
    assert sum(map(len, ranges)) == len(set.union(*ranges)) == painter.SET_SEEDS


def test_a_split_does_not_depend_on_the_size_of_another(tmp_path):
    few, many = paint(tmp_path / "few", train=1, val=0), paint(tmp_path / "many")
    assert not (few / "val").exists()
    assert (few / "test/0002.png").read_bytes() == (many / "test/0002.png").read_bytes()


def test_painting_again_changes_nothing(tmp_path, monkeypatch):
    folder = paint(tmp_path / "painted")
    before = contents(folder)
    monkeypatch.setattr(painter, "paint_pair", lambda *_: pytest.fail("painted again"))
    assert paint(folder) == folder
    assert contents(folder) == before


def test_of_two_that_paint_one_set_one_waits_for_the_other(tmp_path, monkeypatch):
    painted = []
    monkeypatch.setattr(painter, "paint_pair", lambda *of: painted.append(of) or paint_pair(*of))
    with ThreadPoolExecutor(2) as both:
        folders = list(both.map(paint, [tmp_path / "set"] * 2))
    assert folders == [tmp_path / "set"] * 2
    assert len(painted) == len(list(folders[0].rglob("*.png"))) == 6  # each pair once


def test_an_interrupted_painting_never_looks_complete(tmp_path, monkeypatch):
    def interrupted(seed, size):
        if seed == painter.SEEDS["train"][2]:
            raise KeyboardInterrupt
        return paint_pair(seed, size)

    with monkeypatch.context() as patch:
        patch.setattr(painter, "paint_pair", interrupted)
        with pytest.raises(KeyboardInterrupt):
            paint(tmp_path / "painted")
    assert not (tmp_path / "painted").exists()
    assert contents(paint(tmp_path / "painted")) == contents(paint(tmp_path / "unbroken"))
    assert not (tmp_path / "painted.partial").exists()


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "painted").mkdir()
    assert (paint(tmp_path / "painted") / "dataset.json").is_file()


def test_what_is_not_the_same_set_is_left_alone(tmp_path):
    folder = paint(tmp_path / "painted")
    before = contents(folder)
    with pytest.raises(FileExistsError, match="delete that folder or paint into another"):
        paint(folder, seed=1)
    assert contents(folder) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("precious")
    with pytest.raises(FileExistsError, match="mine is not empty"):
        paint(tmp_path / "mine")
    assert (tmp_path / "mine/thesis.txt").read_text() == "precious"


def test_impossible_numbers_of_pairs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="train = -1 pairs: use 0 to 400000"):
        paint(tmp_path / "painted", train=-1)
    assert not list(tmp_path.iterdir())


def test_the_samples_in_the_repository_are_up_to_date(tmp_path):
    samples = Path(__file__).parents[1] / "data" / "samples"
    facts = json.loads((samples / "dataset.json").read_text())
    fresh = paint_folder(tmp_path / "samples", train=4, val=0, test=2, progress=False)
    assert facts == json.loads((fresh / "dataset.json").read_text())
    assert contents(samples).keys() == contents(fresh).keys()
    for path in fresh.rglob("*.png"):  # pixels, not bytes: compression may differ
        sample = np.asarray(Image.open(samples / path.relative_to(fresh)))
        assert (sample == np.asarray(Image.open(path))).all()
    assert sum(map(len, contents(samples).values())) < 700_000
