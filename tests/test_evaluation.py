import csv
import json
import math
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

from pix2pix_course import evaluation, runs
from pix2pix_course.config import profile
from pix2pix_course.datasets.painter import paint_folder, paint_pair
from pix2pix_course.training import build_generator


def pictures():
    random = np.random.default_rng(0)
    target = random.integers(0, 256, (48, 40, 3), dtype=np.uint8)
    noise = random.integers(-30, 31, target.shape)
    return np.clip(target + noise, 0, 255).astype(np.uint8), target


def test_mae_by_hand():
    assert (
        evaluation.mae(np.full((2, 2, 3), 250, np.uint8), np.full((2, 2, 3), 10, np.uint8)) == 240
    )


def test_psnr_by_hand():
    image, target = np.full((16, 16, 3), 110, np.uint8), np.full((16, 16, 3), 100, np.uint8)
    assert evaluation.psnr(image, target) == pytest.approx(20 * math.log10(255 / 10))
    assert evaluation.psnr(target, target) == math.inf


def test_psnr_and_ssim_are_tensorflows():
    image, target = pictures()
    assert evaluation.psnr(image, target) == pytest.approx(
        float(tf.image.psnr(image, target, 255)), rel=1e-5
    )
    # TensorFlow leaves out the border where the window does not fit; so does scikit-image
    assert evaluation.ssim(image, target) == pytest.approx(
        float(tf.image.ssim(tf.constant(image), tf.constant(target), 255)), abs=2e-3
    )
    assert evaluation.ssim(target, target) == 1


def test_consistency_by_hand():
    ids = np.array([[0, 0, 0, 1], [1, 2, 2, 2]])
    read = np.array([[0, 0, 1, 1], [0, 2, 2, 1]])
    counts = evaluation.confusion(ids, read, 4)
    np.testing.assert_array_equal(counts, [[2, 1, 0, 0], [1, 1, 0, 0], [0, 1, 2, 0], [0, 0, 0, 0]])
    scores = evaluation.consistency_scores(counts)
    assert scores["pixel_accuracy"] == pytest.approx(5 / 8)
    # class 3 never occurs and does not count
    assert scores["class_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 2 / 3) / 3)
    assert scores["mean_iou"] == pytest.approx((2 / 4 + 1 / 4 + 2 / 3) / 3)


def test_a_perfect_reader_scores_one():
    ids = np.random.default_rng(0).integers(0, 12, (2, 8, 8))
    scores = evaluation.consistency_scores(evaluation.confusion(ids, ids, 12))
    assert set(scores.values()) == {1.0}


@pytest.fixture(scope="module")
def evaluated(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated") / "run"
    shutil.copytree(trained.folder, folder)
    run = runs.load(folder)
    return run, evaluation.evaluate(run, verbose=0)


def test_one_table_one_picture_one_json(evaluated):
    run, result = evaluated
    folder = run.folder / "evaluation"
    assert {path.name for path in folder.iterdir()} == {
        "metrics.json", "metrics.csv", "grid.png", "generated", "segmenter.json",
        "segmenter.weights.h5",
    }  # fmt: skip
    content = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert content["scores"] == result.scores
    assert (content["split"], content["images"], content["epochs"]) == ("test", 3, 2)
    rows = list(csv.DictReader((folder / "metrics.csv").open()))
    assert [row["metric"] for row in rows] == list(evaluation.METRICS)
    assert float(rows[0]["generated"]) == pytest.approx(result.scores["mae"]["generated"])
    assert rows[0]["real"] == ""  # the target's distance to itself says nothing
    assert len(list((folder / "generated").iterdir())) == 3
    for name in evaluation.METRICS.values():
        assert name in result.table()


def test_a_second_evaluation_uses_the_segmenter_again_and_agrees(evaluated):
    run, result = evaluated
    weights = run.folder / "evaluation" / "segmenter.weights.h5"
    before = weights.stat().st_mtime_ns
    assert evaluation.evaluate(run, verbose=0).scores == result.scores
    assert weights.stat().st_mtime_ns == before


def test_a_segmenter_of_other_data_is_not_trusted(evaluated, tmp_path):
    run, result = evaluated
    copy = shutil.copytree(run.folder, tmp_path / "run") / "evaluation"
    weights = copy / "segmenter.weights.h5"
    for lie in ('{"files": [1, "a.png", "a.png"]}', None):  # of another training; of nobody knows
        if lie:
            (copy / "segmenter.json").write_text(lie)
        else:
            (copy / "segmenter.json").unlink()
        weights.write_bytes(b"")
        again = evaluation.evaluate(runs.load(copy.parent), verbose=0)
        assert weights.stat().st_size > 0
        assert again.scores["pixel_accuracy"].keys() == result.scores["pixel_accuracy"].keys()


def test_two_runs_may_share_a_segmenter(evaluated, tmp_path):
    run, _ = evaluated
    copies = [shutil.copytree(run.folder, tmp_path / name) for name in "ab"]
    shared = tmp_path / "reader"
    scores, made = [], []
    for copy in copies:
        (copy / "evaluation" / "segmenter.weights.h5").unlink()
        again = evaluation.evaluate(runs.load(copy), verbose=0, segmenter_folder=shared)
        scores.append(again.scores)
        made.append((shared / "segmenter.weights.h5").stat().st_mtime_ns)
        assert not (copy / "evaluation" / "segmenter.weights.h5").exists()
    assert scores[0] == scores[1]
    assert made[0] == made[1]


def test_without_a_label_map_the_row_is_left_out_with_the_reason(small_config, tmp_path):
    # from photo to label: the condition is the photo
    run = runs.train(small_config.replace(direction="AtoB", epochs=1), tmp_path / "run", verbose=0)
    result = evaluation.evaluate(run, verbose=0)
    assert set(result.scores) == {"mae", "psnr", "ssim"}
    assert any("condition of this run is no label map" in note for note in result.notes)
    assert "no label map" in result.table()


def test_without_a_test_split_val_is_used_and_named(small_config, tmp_path):
    data = paint_folder(tmp_path / "data", train=4, val=2, test=0, size=64, progress=False)
    shutil.rmtree(data / "test", ignore_errors=True)
    config = small_config.replace(dataset=str(data), epochs=1)
    result = evaluation.evaluate(runs.train(config, tmp_path / "run", verbose=0), verbose=0)
    assert result.split == "val"
    assert any("'val' was used" in note for note in result.notes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": "colorization"}, "condition of this run is no label map"),
        ({"task": "inpainting"}, "condition of this run is no label map"),
        ({"grey_output": True}, "this run makes grey ones"),
    ],
)
def test_other_tasks_are_measured_without_labels_and_say_why(trained, tmp_path, changes, reason):
    config = trained.config.replace(test_mode="running", **changes)
    run = runs.open_run(tmp_path, config, build_generator(config), 0, trained.data)
    result = evaluation.evaluate(run, verbose=0)
    assert set(result.scores) == {"mae", "psnr", "ssim"}
    assert result.mode == "running"  # its own, as none was given
    assert any(reason in note for note in result.notes)


def test_a_grey_condition_has_labels_all_the_same(trained, tmp_path):
    config = trained.config.replace(grey_input=True, resize="bicubic")
    run = runs.open_run(tmp_path, config, build_generator(config), 0, trained.data)
    assert "mean_iou" in evaluation.evaluate(run, verbose=0).scores


# --- the segmenter --------------------------------------------------------------------------


def reader(photos, ids, **changes):
    config = profile("smoke").replace(**changes)
    return evaluation.train_segmenter(photos, ids, 12, config)


def test_one_logit_a_class_for_every_pixel():
    segmenter = evaluation.build_segmenter(12, 4)
    assert segmenter(np.zeros((2, 32, 48, 3), np.float32)).shape == (2, 32, 48, 12)


def test_it_learns_to_read_photos_it_was_shown():
    pairs = [paint_pair(seed, 64) for seed in range(8)]
    photos = np.stack([pair.photo for pair in pairs])
    ids = np.stack([pair.class_ids for pair in pairs])
    segmenter = reader(photos, ids, segmenter_filters=8, segmenter_epochs=15)
    read = evaluation.read_labels(segmenter, photos)
    assert read.shape == ids.shape
    assert read.dtype == np.uint8
    commonest = np.bincount(ids.ravel()).max() / ids.size
    assert np.mean(read == ids) > commonest + 0.2  # far better than always the commonest class
    # mirror images were part of the training
    mirrored = evaluation.read_labels(segmenter, photos[:, :, ::-1])
    assert np.mean(mirrored == ids[:, :, ::-1]) > commonest + 0.2


def test_the_same_seed_learns_the_same():
    pair = paint_pair(0, 64)
    photos, ids = pair.photo[None].repeat(2, 0), pair.class_ids[None].repeat(2, 0)
    first, second = (reader(photos, ids, segmenter_filters=2, segmenter_epochs=1) for _ in "ab")
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_pairs_are_in_memory_once(monkeypatch):
    """A large set's photos and their mirror images are one array: the latter are views of it."""
    photos, ids = np.zeros((2, 64, 64, 3), np.uint8), np.zeros((2, 64, 64), np.uint8)
    seen = []

    def fit(self, x, y, **options):
        seen.append((np.shares_memory(x, photos), np.shares_memory(y, ids), x.strides[2]))

    monkeypatch.setattr(keras.Model, "fit", fit)
    reader(photos, ids, segmenter_filters=2, segmenter_epochs=2)
    assert seen == [(True, True, 3), (True, True, -3)] * 2
