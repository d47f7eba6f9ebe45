"""Networks and their optimizers on disk, in one piece or not at all."""

import contextlib
import json
import math
import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import keras
import numpy as np

from pix2pix_course.support.files import atomic, remove

PREFIX = "checkpoint-"


class CheckpointError(Exception):
    """A checkpoint cannot be read; the message names the file and says what to do."""


def save_checkpoint(networks: dict, states: dict, folder: Path, epoch: int) -> Path:
    """Write `checkpoint-<epoch>` beside the old one, then drop the old one.

    Args:
        networks: name → Keras model, to be `<name>.weights.h5`.
        states: name → list of variables, to be `<name>.npz`.
        folder: of all checkpoints.
        epoch: epochs done.
    """
    final = Path(folder) / f"{PREFIX}{epoch:04d}"
    with atomic(final) as partial:  # only after this block it is visible, and whole
        partial.mkdir(parents=True)
        for name, network in networks.items():
            save_weights(network, partial / f"{name}.weights.h5")
        for name, variables in states.items():
            np.savez(partial / f"{name}.npz", *map(keras.ops.convert_to_numpy, variables))
    for old in final.parent.glob(f"{PREFIX}*"):
        if old != final:
            remove(old)
    return final


def save_weights(network: keras.Model, file: Path) -> None:
    """Write `<name>.weights.h5`, or say that there is no room for it.

    Raises:
        CheckpointError: the disk is full. HDF5 itself would end the process with a crash.
    """
    # float32, and what HDF5 writes about each
    size = sum(4 * math.prod(variable.shape) + 10_000 for variable in network.weights)
    try:
        if hasattr(os, "posix_fallocate"):  # not on Windows and macOS
            with file.open("wb") as room:
                os.posix_fallocate(room.fileno(), 0, size)
        network.save_weights(file)
    except OSError as error:
        raise CheckpointError(
            f"{file} needs {size / 1e6:.1f} MB, and cannot be written ({error.strerror or error}): "
            "make room, then go on from the last checkpoint"
        ) from error


def load_checkpoint(networks: dict, states: dict, checkpoint: Path) -> None:
    """Put weights and states back, as `save_checkpoint` takes them.

    Raises:
        CheckpointError: a file is damaged, missing, or of another network; it is named.
    """
    for name, network in networks.items():
        with naming(checkpoint / f"{name}.weights.h5") as file:
            load_weights(network, file)
    for name, variables in states.items():
        with naming(checkpoint / f"{name}.npz") as file, np.load(file) as values:  # no pickle
            same_count(len(values.files), len(variables))
            for index, variable in enumerate(variables):
                variable.assign(values[f"arr_{index}"])


def load_weights(network: keras.Model, file: Path) -> None:
    """Put all weights of a file into a network; raises `ValueError` unless each has its place."""
    stored = []
    with h5py.File(file) as content:  # beside "layers" there may be "optimizer"
        content["layers"].visititems(lambda _, item: stored.append(isinstance(item, h5py.Dataset)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras warns of what it passes over, and then raises
        network.load_weights(file)
    # Keras takes what it needs of a larger network's file, and is content
    same_count(sum(stored), len(network.weights))


def same_count(stored: int, wanted: int) -> None:
    """Raise `ValueError` if a file has more or fewer arrays than there are places."""
    if stored != wanted:
        raise ValueError(f"it holds {stored} arrays, and {wanted} are wanted")


@contextlib.contextmanager
def naming(file: Path) -> Iterator[Path]:
    """Name the file that cannot be read, whatever a library says about it."""
    if not file.exists():
        raise CheckpointError(
            f"{file} is missing: of a finished training of a table only the generator is kept, so "
            "it can be used but not continued; any other run should be copied again"
        )
    try:
        yield file
    except Exception as error:  # h5py, zipfile and Keras each have errors of their own
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{file} is damaged or belongs to another network ({reason}): copy the run again, or "
            f"delete {file.parent} and train anew"
        ) from error


def newest_checkpoint(folder: Path) -> tuple[int, Path | None]:
    """(epochs done, its folder), or (0, None) where there is none."""
    found = [(path.name.removeprefix(PREFIX), path) for path in Path(folder).glob(f"{PREFIX}*")]
    numbered = [(int(number), path) for number, path in found if number.isdecimal()]
    return max(numbered, default=(0, None))


def trained_once(build: Callable, train: Callable, how: dict, weights: Path) -> keras.Model:
    """The network whose weights lie in a file, if they were made in this way; else train, and keep.

    Args:
        build: makes the network, of any weights.
        train: makes and trains it.
        how: what the weights depend on, JSON that stands beside them.
        weights: `<name>.weights.h5`; the note is `<name>.json`.
    """
    note = weights.with_name(weights.name.split(".")[0] + ".json")
    if weights.exists() and note.exists() and json.loads(note.read_text()) == how:
        network = build()
        load_weights(network, weights)
        return network
    network = train()
    weights.parent.mkdir(parents=True, exist_ok=True)
    # by hand, not by `atomic`: Keras wants the ending .weights.h5
    note.unlink(missing_ok=True)  # it must never stand beside weights that it does not describe
    partial = weights.with_name("partial.weights.h5")
    save_weights(network, partial)
    partial.replace(weights)
    with atomic(note) as partial:
        partial.write_text(json.dumps(how, indent=1) + "\n")
    return network
