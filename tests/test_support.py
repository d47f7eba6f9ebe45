import os
import subprocess
import sys

import filelock
import keras
import numpy as np
import pytest

from pix2pix_course import __version__, quiet_stderr, versions
from pix2pix_course.support import files
from pix2pix_course.support.adam import Adam
from pix2pix_course.support.checkpoints import (
    CheckpointError,
    load_checkpoint,
    newest_checkpoint,
    save_checkpoint,
)
from pix2pix_course.support.engine import original_errors, remember_error
from pix2pix_course.support.files import InUse, alone_in, atomic, did_you_mean
from pix2pix_course.support.history import HistoryRows, cut_history, read_history

# --- files ----------------------------------------------------------------------------------


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fails():
        with atomic(path) as partial:
            partial.write_text("half")
            assert path.read_text() == "old"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert path.read_text() == "old"
    with atomic(path) as partial:
        partial.write_text("new")
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]
    assert path.read_text() == "new"


def test_a_folder_appears_whole_and_what_an_earlier_try_left_is_gone(tmp_path):
    left = tmp_path / "b.partial"
    left.mkdir()
    (left / "rest").write_text("of a killed process")
    with atomic(tmp_path / "b") as partial:
        partial.mkdir()
        (partial / "x").write_text("1")
    assert [file.name for file in (tmp_path / "b").iterdir()] == ["x"]
    assert not left.exists()


def test_everything_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "sync", lambda: seen.append(("disk", "all")), raising=False)
    monkeypatch.setattr(files, "_to_disk", lambda path: seen.append(("disk", path.name)))
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda a, b: (seen.append(("name", b.name)), replace(a, b)))
    with atomic(tmp_path / "a") as partial:
        partial.write_text("1")
    with atomic(tmp_path / "b") as partial:
        partial.mkdir()
        (partial / "x").write_text("1")
    list_of_names = ("disk", tmp_path.name)
    assert seen == [
        *(("disk", "a.partial"), ("name", "a"), list_of_names),
        *(("disk", "all"), ("name", "b"), list_of_names),
    ]


def test_one_process_alone_and_an_unused_folder_is_gone(tmp_path):
    folder = tmp_path / "run"
    with alone_in(folder):
        with pytest.raises(InUse, match="is in use"), alone_in(folder):
            pass
        code = "import sys; from pathlib import Path; from pix2pix_course.support.files import *\n"
        code += "with alone_in(Path(sys.argv[1])): pass"
        other = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True)
        assert "InUse" in other.stderr
    assert not folder.exists()
    with alone_in(folder):
        (folder / "config.json").write_text("{}")
    with alone_in(folder):
        pass
    assert (folder / "config.json").exists()


def test_a_drive_without_locks_is_used_all_the_same(tmp_path, monkeypatch):
    def unknown(self):
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(filelock.FileLock, "_acquire", unknown)
    with alone_in(tmp_path / "run"):
        (tmp_path / "run" / "config.json").write_text("{}")
    assert (tmp_path / "run" / "config.json").exists()


def test_near_words():
    assert did_you_mean("facade", ["maps", "facades"]) == "; did you mean 'facades'?"
    assert did_you_mean("xyz", ["maps", "facades"]) == ""


# --- the engine -----------------------------------------------------------------------------


def test_native_writes_are_dropped_and_then_heard_again(capfd):
    with quiet_stderr():
        os.write(2, b"dropped")
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_setup_says_one_line_and_nothing_else():
    command = [sys.executable, "-c", "import pix2pix_course; pix2pix_course.setup()"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr == ""
    assert result.stdout.startswith("TensorFlow 2.")
    assert result.stdout.count("\n") == 1


def test_versions_are_those_that_the_packages_say():
    found = versions()
    assert found["keras"] == keras.__version__
    assert found["numpy"] == np.__version__
    assert __version__


def test_an_error_inside_the_engine_comes_out_as_it_was():
    def inner():
        raise KeyError("the file")

    def engine():  # it passes on the text alone
        try:
            remember_error(inner)
        except KeyError as error:
            raise RuntimeError(str(error)) from None

    with pytest.raises(KeyError, match="the file"), original_errors():
        engine()
    with pytest.raises(RuntimeError, match="another"), original_errors():
        raise RuntimeError("another")


def test_adam_moves_weights_as_keras_does():
    start = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32)
    ours, theirs = (keras.Variable(start) for _ in range(2))
    fast, plain = (kind(1e-2, 0.5, 0.999, 1e-8) for kind in (Adam, keras.optimizers.Adam))
    for step in range(1, 6):
        gradient = np.sin(step * start)
        fast.apply([keras.ops.convert_to_tensor(gradient)], [ours])
        plain.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6, atol=1e-6)
    states = zip(fast.variables, plain.variables, strict=True)
    assert all(np.allclose(a, b, rtol=1e-6, atol=1e-6) for a, b in states)
    fast.learning_rate = 0.0
    before = ours.numpy()
    fast.apply([keras.ops.convert_to_tensor(gradient)], [ours])
    np.testing.assert_array_equal(ours.numpy(), before)


# --- history --------------------------------------------------------------------------------


def test_a_row_an_epoch_with_the_columns_that_were_asked_for(tmp_path):
    rows = HistoryRows(tmp_path / "h.csv", ["g_l1", "seconds"])
    rows.on_epoch_end(0, {"g_l1": 0.5, "seconds": 2.0, "else": 1})
    rows.on_epoch_end(1, {"seconds": 3.0, "g_l1": 0.25})
    assert (tmp_path / "h.csv").read_text() == "epoch,g_l1,seconds\n1,0.5,2.0\n2,0.25,3.0\n"
    assert read_history(tmp_path / "h.csv")[1] == {"epoch": 2, "g_l1": 0.25, "seconds": 3}
    assert read_history(tmp_path / "none.csv") == []


def test_history_forgets_epochs_that_no_checkpoint_kept(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("epoch,g_l1\n1,0.5\n2,0.4\n3,0.3\n4,0.")
    cut_history(path, 2)
    assert path.read_text() == "epoch,g_l1\n1,0.5\n2,0.4\n"
    path.write_text("epoch,g_l1\n1,0.5\n2,0.")  # the process ended in the middle of the row
    cut_history(path, 2)
    assert path.read_text() == "epoch,g_l1\n1,0.5\n"


# --- checkpoints ----------------------------------------------------------------------------


def small_state(seed: int):
    keras.utils.set_random_seed(seed)
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    variables = [keras.Variable(np.full(4, seed, "float32")), keras.Variable(seed, dtype="int32")]
    return {"net": network}, {"optimizer": variables}


def test_what_was_saved_comes_back_and_only_the_newest_stays(tmp_path):
    networks, states = small_state(7)
    save_checkpoint(networks, states, tmp_path, 1)
    save_checkpoint(networks, states, tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0002"]
    others, their_states = small_state(8)
    load_checkpoint(others, their_states, tmp_path / "checkpoint-0002")
    for mine, theirs in zip(
        networks["net"].get_weights(), others["net"].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(their_states["optimizer"][0], np.full(4, 7))
    assert int(their_states["optimizer"][1]) == 7


def test_epoch_10000_is_newer_than_9999(tmp_path):
    for name in ("checkpoint-9999", "checkpoint-10000", "checkpoint-10001.partial", "checkpoint-x"):
        (tmp_path / name).mkdir()
    assert newest_checkpoint(tmp_path) == (10000, tmp_path / "checkpoint-10000")
    assert newest_checkpoint(tmp_path / "checkpoint-x") == (0, None)


@pytest.mark.parametrize("name", ["net.weights.h5", "optimizer.npz"])
@pytest.mark.parametrize("damage", ["cut", "empty", "missing"])
def test_a_damaged_file_is_named(tmp_path, name, damage):
    networks, states = small_state(7)
    file = save_checkpoint(networks, states, tmp_path, 1) / name
    content = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(CheckpointError, match=rf"{name} is (damaged|missing)"):
        load_checkpoint(networks, states, file.parent)


def test_the_old_checkpoint_goes_only_after_the_new_one_is_there(tmp_path, monkeypatch):
    networks, states = small_state(7)
    save_checkpoint(networks, states, tmp_path, 1)

    def fails(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="No space"):
        save_checkpoint(networks, states, tmp_path, 2)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0001"]
