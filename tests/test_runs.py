import json
import os
import shutil
import subprocess

import keras
import numpy as np
import pytest
import soak
from PIL import Image

from pix2pix_course import pipeline, runs
from pix2pix_course.datasets import open_dataset
from pix2pix_course.evaluation import mae
from pix2pix_course.figures.watch import WatchImages
from pix2pix_course.notebooks import CHECKOUT
from pix2pix_course.pairs import BadFileError, DatasetError, load_pairs
from pix2pix_course.support.checkpoints import CheckpointError, load_checkpoint
from pix2pix_course.support.files import InUse, alone_in
from pix2pix_course.translation import translate, translate_files
from pix2pix_course.variants import fields_of


def losses(folder) -> list[dict]:
    timing = {"seconds", "images_per_second"}
    rows = runs.read_history(folder / "history.csv")
    return [{k: v for k, v in row.items() if k not in timing} for row in rows]


def test_a_run_is_a_folder(trained):
    names = {path.name for path in trained.folder.iterdir() if not path.name.startswith(".")}
    assert names == {"config.json", "checkpoint-0002", "history.csv", "samples", "tensorboard"}
    assert [row["epoch"] for row in trained.history] == [1, 2]
    assert all(row["images_per_second"] > 0 for row in trained.history)
    assert {"d_real", "d_fake", "g_gan", "g_l1", "learning_rate"} <= trained.history[0].keys()


def test_a_training_can_be_watched_and_ends_as_if_nobody_had(trained, tmp_path):
    inputs = load_pairs(trained.dataset(), "test", 64, limit=2).condition
    seen = {}
    watch = WatchImages(inputs, seen.__setitem__, every=3)
    runs.train(trained.config, tmp_path / "watched", verbose=0, callbacks=[watch])
    assert list(seen) == [0, 1, 2, 3, 6, 8]  # of 8 steps
    assert all(image.shape == (2, 64, 64, 3) for image in seen.values())
    assert all(image.dtype == np.uint8 for image in seen.values())
    assert not np.array_equal(seen[0], seen[8])
    soak.assert_same_state(trained.folder, tmp_path / "watched")


def test_the_gallery_is_small_and_translates_better_than_grey():
    gallery = runs.load(runs.GALLERY)
    assert sum(f.stat().st_size for f in runs.GALLERY.rglob("*") if f.is_file()) < 6e6
    folder = CHECKOUT / "data" / "samples"  # its test pairs are of the painted set's test split
    test = load_pairs(open_dataset(folder), "test", gallery.config.image_size)
    made = np.stack([translate(gallery, label) for label in test.condition])
    assert made.shape == test.target.shape
    grey = np.full_like(test.target, 128)
    assert mae(made, test.target) < 0.85 * mae(grey, test.target)
    assert mae(made, test.target) < 0.85 * mae(made[::-1], test.target)  # not blind


def test_loading_needs_nothing_but_the_folder(trained):
    loaded = runs.load(trained.folder)
    assert loaded.config == trained.config
    assert loaded.epoch == 2
    assert (loaded.condition_side, len(loaded.condition_palette)) == ("B", 12)
    for ours, theirs in zip(loaded.generator.weights, trained.generator.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_run_that_is_killed_five_times_ends_bit_for_bit_like_the_unbroken_one(
    small_config, tmp_path
):
    soak.kill_and_resume(small_config.replace(epochs=40), tmp_path, kills=5)
    assert losses(tmp_path / "broken") == losses(tmp_path / "unbroken")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limits of this kind")
def test_another_process_computes_the_same_bits(trained, tmp_path):
    """What README promises of one machine with the same versions."""
    again = soak.start(tmp_path / "again", *soak.words(trained.config))
    assert again.wait() == 0, again.stderr.read()
    soak.assert_same_state(trained.folder, tmp_path / "again")
    assert losses(tmp_path / "again") == losses(trained.folder)


def test_a_full_disk_is_told_in_one_sentence_and_costs_no_checkpoint(trained, tmp_path):
    import resource

    folder = tmp_path / "copy"
    shutil.copytree(trained.folder, folder)
    full = subprocess.run(
        [*soak.COMMAND, "resume", str(folder), "--epochs", "3"],
        capture_output=True,
        text=True,
        # no file may grow beyond this size, which is less than the generator's
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert full.returncode == 1  # HDF5 itself would crash: -11
    assert "generator.weights.h5" in full.stderr
    assert "make room" in full.stderr
    assert "Traceback" not in full.stderr
    assert soak.assert_whole(folder, before=2) == 2
    assert runs.resume(folder, epochs=3, verbose=0).epoch == 3


def test_training_on_with_more_epochs_equals_training_longer(small_config, tmp_path):
    runs.train(small_config.replace(epochs=1), tmp_path / "short", verbose=0)
    runs.resume(tmp_path / "short", epochs=3, verbose=0)
    runs.train(small_config, tmp_path / "long", verbose=0)
    soak.assert_same_state(tmp_path / "short", tmp_path / "long")
    assert runs.read_run(tmp_path / "short")[0].epochs == 3


def test_the_image_pool_is_resumed_too(small_config, tmp_path):
    config = small_config.replace(pool_size=4, epochs=3)
    runs.train(config.replace(epochs=2), tmp_path / "short", verbose=0)
    runs.resume(tmp_path / "short", epochs=3, verbose=0)
    runs.train(config, tmp_path / "long", verbose=0)
    soak.assert_same_state(tmp_path / "short", tmp_path / "long")
    assert np.abs(soak.state(tmp_path / "long")["pool 0"]).max() > 0


def test_a_half_written_checkpoint_is_not_used(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    (folder / "checkpoint-0003.partial").mkdir()
    assert runs.load(folder).epoch == 2


def test_the_same_config_goes_on_and_a_finished_run_is_left_alone(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    before = (folder / "history.csv").read_text()
    assert runs.train(trained.config, folder, verbose=0).epoch == 2
    assert (folder / "history.csv").read_text() == before


def test_another_config_is_refused_and_the_difference_named(trained):
    with pytest.raises(runs.RunError, match=r"lambda_l1=100\.0 instead of 10"):
        runs.train(trained.config.replace(lambda_l1=10), trained.folder, verbose=0)


def test_a_folder_with_something_else_is_refused(small_config, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(runs.RunError, match="not empty and holds no run"):
        runs.train(small_config, tmp_path, verbose=0)


def test_bad_data_is_refused_before_a_folder_is_made(small_config, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError):
        runs.train(small_config.replace(dataset=str(tmp_path / "empty")), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_failed_start_leaves_nothing_that_blocks_the_corrected_one(small_config, tmp_path):
    with pytest.raises(DatasetError, match="do not fill one batch of 50"):
        runs.train(small_config.replace(batch_size=50), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
    assert runs.train(small_config.replace(epochs=1), tmp_path / "run", verbose=0).epoch == 1


def test_a_second_training_in_the_same_folder_is_told(small_config, tmp_path):
    with alone_in(tmp_path / "run"), pytest.raises(InUse, match="run is in use"):
        runs.train(small_config, tmp_path / "run", verbose=0)


def test_train_alone_holds_out_its_last_tenth(painted, small_config, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(painted / "train", folder / "train")
    config = small_config.replace(dataset=str(folder), direction="BtoA", epochs=1)
    with pytest.warns(UserWarning, match="of its 10 pairs the last one is held"):
        run = runs.train(config, tmp_path / "run", verbose=0)
    dataset = run.dataset()
    assert (len(dataset.files("train")), len(dataset.files("val"))) == (9, 1)
    assert dataset.files("val")[0].name == "0010.png"
    assert dataset.evaluation_split == "val"


def test_a_run_and_its_data_can_move(painted, small_config, tmp_path):
    shutil.copytree(painted, tmp_path / "here")
    config = small_config.replace(dataset=str(tmp_path / "here"), epochs=1)
    runs.train(config, tmp_path / "run", verbose=0)
    (tmp_path / "here").rename(tmp_path / "there")
    (tmp_path / "run").rename(tmp_path / "laptop")
    folder = tmp_path / "laptop"
    with pytest.raises(DatasetError, match=r"there is no folder .*here: .*--dataset FOLDER"):
        runs.load(folder).dataset()
    with pytest.raises(DatasetError, match="--dataset FOLDER"):
        runs.resume(folder, epochs=2, verbose=0)
    moved = runs.load(folder, dataset=tmp_path / "there")
    assert len(moved.dataset().files("test")) == 3
    resumed = runs.resume(folder, epochs=2, dataset=tmp_path / "there", verbose=0)
    assert resumed.epoch == 2
    # from now on it knows the new place
    assert len(runs.load(folder).dataset().files("test")) == 3


def test_a_path_of_another_system_is_understood_as_a_place_elsewhere(trained):
    config = trained.config.replace(dataset="C:\\Users\\me\\facades")
    with pytest.raises(DatasetError, match="--dataset FOLDER"):
        runs.open_run_dataset(config)


def test_going_on_with_another_learning_rate(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    run = runs.resume(folder, epochs=3, learning_rate=1e-5, verbose=0)
    assert [row["learning_rate"] for row in run.history] == pytest.approx([2e-4, 2e-4, 1e-5])
    assert runs.read_run(folder)[0].learning_rate == 1e-5


def test_a_finished_training_of_a_table_can_be_used_but_not_continued(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    for file in (folder / "checkpoint-0002").iterdir():
        if file.name != "generator.weights.h5":
            file.unlink()
    assert runs.load(folder).epoch == 2
    assert runs.train(trained.config, folder, verbose=0).epoch == 2
    with pytest.raises(CheckpointError, match=r"only the generator is kept"):
        runs.resume(folder, epochs=3, verbose=0)


class Break(keras.callbacks.Callback):
    """Cuts a file short in the middle of the second epoch."""

    def __init__(self, file):
        super().__init__()
        self.file, self.epoch = file, None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 0):
            self.file.write_bytes(self.file.read_bytes()[:2000])


def test_a_file_that_breaks_in_mid_epoch_is_named_and_costs_that_epoch_alone(
    painted, small_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(pipeline, "CACHE_BYTES", 0)  # as for a set that is too large to be kept
    shutil.copytree(painted, tmp_path / "data")
    config = small_config.replace(dataset=str(tmp_path / "data"), batch_size=1)
    whole = runs.train(config, tmp_path / "whole", verbose=0)
    files = whole.dataset().files("train")
    file = files[pipeline.epoch_plan(config, len(files), 2).pair[-1]]  # not yet read then
    kept = file.read_bytes()
    with pytest.raises(BadFileError, match=f"{file.name} is truncated"):
        runs.train(config, tmp_path / "run", verbose=0, callbacks=[Break(file)])
    assert runs.newest_checkpoint(tmp_path / "run")[0] in (1, 2)
    file.write_bytes(kept)
    runs.resume(tmp_path / "run", verbose=0)
    soak.assert_same_state(whole.folder, tmp_path / "run")


def test_a_run_of_version_0_1_opens_resumes_and_translates_files(trained, tmp_path):
    """Its `config.json` held all 61 fields flat, and nothing of the size of the files."""
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    content = json.loads((folder / "config.json").read_text())
    content["config"] |= fields_of(trained.config)
    del content["data"]["height"]
    (folder / "config.json").write_text(json.dumps(content))
    run = runs.load(folder)
    assert (run.config, run.epoch) == (trained.config, 2)
    (written,) = translate_files(run, [trained.dataset().files("test")[0]], tmp_path, pairs=True)
    assert Image.open(written).size == (64, 64)
    assert runs.resume(folder, epochs=3, verbose=0).epoch == 3


def exchanged(trained, tmp_path, name: str):
    """A copy of a run, and one file of its checkpoint that is to be replaced."""
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    return folder, folder / "checkpoint-0002" / name


@pytest.mark.parametrize(
    "change", [{"generator_filters": 5}, {"generator": "encoder_decoder"}, {"image_size": 128}]
)
def test_weights_of_another_network_are_refused_by_the_name_of_their_file(
    trained, tmp_path, change
):
    folder, file = exchanged(trained, tmp_path, "generator.weights.h5")
    runs.build_generator(trained.config.replace(**change)).save_weights(file)
    with pytest.raises(CheckpointError, match=r"generator\.weights\.h5 is damaged or belongs to a"):
        runs.load(folder)


def test_weights_of_a_network_with_more_layers_are_refused_too(trained, tmp_path):
    """Keras would take those that it needs."""
    folder, file = exchanged(trained, tmp_path, "generator.weights.h5")
    plain = runs.build_generator(trained.config.replace(generator_norm="none"))
    runs.build_generator(trained.config).save_weights(file)
    with pytest.raises(CheckpointError, match="it holds 49 arrays, and 13 are wanted"):
        load_checkpoint({"generator": plain}, {}, folder / "checkpoint-0002")
    with np.load(folder / "checkpoint-0002/generator_optimizer.npz") as values:
        arrays = dict(values) | {"arr_999": np.zeros(1)}
    np.savez(folder / "checkpoint-0002/generator_optimizer.npz", **arrays)
    with pytest.raises(CheckpointError, match=r"optimizer\.npz .*arrays, and"):
        runs.resume(folder, epochs=3, verbose=0)


def test_a_keras_file_that_carries_code_is_never_run(trained, tmp_path):
    folder, file = exchanged(trained, tmp_path, "generator.weights.h5")
    mark = tmp_path / "it ran"
    inputs = keras.Input((1,))
    layer = keras.layers.Lambda(eval(f"lambda x: [x, open({str(mark)!r}, 'w')][0]"))
    keras.Model(inputs, layer(inputs)).save(tmp_path / "evil.keras")
    mark.unlink()  # it was run when it was made
    file.unlink()
    shutil.copy(tmp_path / "evil.keras", file)
    with pytest.raises(CheckpointError, match="damaged or belongs to another network"):
        runs.load(folder)
    assert not mark.exists()


def test_a_pickle_in_a_checkpoint_is_never_unpacked(trained, tmp_path):
    folder, file = exchanged(trained, tmp_path, "generator_optimizer.npz")
    mark = tmp_path / "it ran"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(mark),)

    np.savez(file, arr_0=np.array([Evil()], dtype=object))
    with pytest.raises(CheckpointError, match=r"generator_optimizer\.npz is damaged"):
        runs.resume(folder, epochs=3, verbose=0)
    assert not mark.exists()


def test_a_run_of_a_later_version_is_refused_in_one_sentence(trained, tmp_path):
    folder = shutil.copytree(trained.folder, tmp_path / "run")
    content = json.loads((folder / "config.json").read_text())
    content["config"]["attention"] = True
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(runs.RunError, match=r"config\.json is not the .*no field 'attention'"):
        runs.load(folder)


def test_no_run_there(tmp_path):
    with pytest.raises(runs.RunError, match=r"no run in .*: it has no config\.json"):
        runs.load(tmp_path)


def test_a_broken_config_names_the_file(trained, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    (folder / "config.json").write_text('{"config": {"epoch')
    with pytest.raises(runs.RunError, match=r"config\.json is not the configuration"):
        runs.load(folder)


def test_fewer_epochs_than_done(trained):
    with pytest.raises(runs.RunError, match="has 2 epochs already"):
        runs.resume(trained.folder, epochs=1)


@pytest.mark.parametrize(
    "changes",
    [{"task": "colorization"}, {"task": "inpainting"}, {"grey_input": True, "grey_output": True}],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_runs_of_other_tasks_train_draw_and_load(small_config, tmp_path, changes):
    run = runs.train(small_config.replace(epochs=1, **changes), tmp_path / "run", verbose=0)
    sample = np.asarray(Image.open(run.folder / "samples" / "epoch_0001.png"))
    assert sample.shape == (3 * 64, 3 * 64, 3)  # three test pairs: condition, generated, target
    given = sample[:, :64]
    if changes.get("task") == "inpainting":
        np.testing.assert_array_equal(given[16:48, 16:48], 255)
    else:
        assert np.ptp(given, axis=-1).max() == 0  # without colour
    again = runs.load(run.folder)
    channels = {"colorization": 2, "inpainting": 3}.get(changes.get("task"), 1)
    assert again.generator.output_shape[-1] == channels
    assert again.input_side == ("A" if "task" in changes else "B")
