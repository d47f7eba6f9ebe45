"""A training run is a folder: all it takes to look at it, use it, or go on with it.

```
run/
  config.json             the Config, the data set and the versions it was made with
  checkpoint-0012/        generator, discriminator, both optimizers (image pool), after epoch 12
  history.csv             one row an epoch
  samples/                pictures of the fixed test inputs
  tensorboard/            the same losses for `tensorboard --logdir`
```

Weights are Keras weight files, optimizer state is plain NumPy: nothing here is tied to an engine.
"""

import csv
import json
import os
import platform
import shutil
from collections.abc import Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pix2pix_course import __version__
from pix2pix_course.config import Config
from pix2pix_course.datasets import Dataset, is_name, open_dataset
from pix2pix_course.encoding import Encoding
from pix2pix_course.palettes import Palette
from pix2pix_course.pipeline import load_pairs, training_batches
from pix2pix_course.recipes import warn_of_defects
from pix2pix_course.training import (
    TERMS,
    EpochLines,
    LearningRateByEpoch,
    Pix2Pix,
    SampleImages,
    SeedEachEpoch,
    StopOnNaN,
    Throughput,
    build_generator,
    build_pix2pix,
)

SAMPLE_ROWS = 4  # fixed test inputs in a sample picture


class RunError(Exception):
    """A run's folder is not what was asked for; the message says what to do."""


class Run:
    """A run on disk, with its trained generator.

    Attributes:
        folder: where it lives.
        config: its complete configuration.
        epoch: epochs trained so far.
        generator: with the weights of the newest checkpoint; accepts any multiple of
            `config.image_size`, a ResNet any multiple of 4.
        condition_side: "A" if the condition is the left half of its pairs, "B" if the right.
        target_side: the other half.
        input_side: the half of which the generator's input is made: the condition, but for
            colorization and inpainting the target.
        condition_palette: the colours of the input if that is a label map, else None.
    """

    def __init__(self, folder: Path, config: Config, generator: keras.Model, epoch: int):
        self.folder = Path(folder)
        self.config = config
        self.generator = generator
        self.epoch = epoch
        data = read_json(self.folder)["data"]
        self.condition_side, self.target_side = data["direction"][0], data["direction"][-1]
        from_target = Encoding.of(config).from_target
        self.input_side = self.target_side if from_target else self.condition_side
        self.condition_palette = None
        if data["palette"] and not from_target:
            names, colours = data["palette"]["names"], data["palette"]["colours"]
            self.condition_palette = Palette(tuple(names), tuple(map(tuple, colours)))

    def __repr__(self):
        """Say what was trained on what, and how far."""
        return (
            f"<run {str(self.folder)!r}: {self.config.generator} on {self.config.dataset}, "
            f"{self.epoch} of {self.config.epochs} epochs>"
        )

    @property
    def history(self) -> list[dict]:
        """The rows of `history.csv`, one an epoch, values as floats."""
        return read_history(self.folder)

    def dataset(self, data_folder: Path | None = None) -> Dataset:
        """The data set it was trained on; raises `DatasetError` if that is no longer there."""
        return open_run_dataset(self.config, data_folder)


def located(config: Config) -> Config:
    """The configuration as a run keeps it: it must find its data again from wherever it resumes."""
    if is_name(config.dataset) or not Path(config.dataset).is_dir():
        return config
    return config.replace(dataset=str(Path(config.dataset).resolve()))


def open_run_dataset(config: Config, data_folder: Path | None = None) -> Dataset:
    """The data set that `config` names."""
    return open_dataset(config.dataset, config.direction, config.palette, data_folder)


def train(
    config: Config,
    folder: Path,
    data_folder: Path | None = None,
    verbose: int | str = 1,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> Run:
    """Train, or go on with the same run if the folder already holds it.

    Args:
        config: everything that matters for the result.
        folder: where the run will live.
        data_folder: where painted and downloaded sets live; None for the default.
        verbose: what `fit` prints: 0 nothing, 1 a progress bar, 2 a line an epoch; "lines" gives
            the short lines that notebooks use.
        callbacks: more of what happens around the steps, such as `training.WatchImages`.

    Returns:
        The finished run.

    Raises:
        RunError: the folder holds a different run, or something that is no run.
        DatasetError: the data cannot be read.
        TrainingDiverged: a loss is no longer a number.
    """
    folder, config = Path(folder), located(config)
    if (folder / "config.json").exists():
        found = read_config(folder)
        if found != config:
            raise RunError(
                f"{folder} holds another run, with {describe_difference(found, config)}. "
                "Choose another folder, or delete this one."
            )
    elif folder.exists() and any(folder.iterdir()):
        raise RunError(f"{folder} is not empty and holds no run; choose another folder")
    else:
        dataset = open_run_dataset(config, data_folder)  # complain before a folder is made
        dataset.files("train")
        folder.mkdir(parents=True, exist_ok=True)
        write_config(folder, config, describe_data(dataset))
    return fit(folder, config, data_folder, verbose, callbacks)


def resume(
    folder: Path,
    epochs: int | None = None,
    data_folder: Path | None = None,
    verbose: int | str = 1,
) -> Run:
    """Go on with a run that was stopped, from its newest checkpoint.

    The folder knows everything else. An unbroken run would have ended with the same weights, bit
    for bit on a CPU.

    Args:
        folder: the run.
        epochs: a new total number of epochs; None keeps the old. With `decay_epochs` a new total
            would have faded the rate elsewhere, so this is then no longer the unbroken run.
        data_folder: as in `train`.
        verbose: as in `train`.

    Returns:
        The finished run.

    Raises:
        RunError: no run there, or fewer epochs asked for than are trained already.
        DatasetError: the data cannot be read.
        TrainingDiverged: a loss is no longer a number.
    """
    folder = Path(folder)
    config = read_config(folder)
    if epochs is not None and epochs != config.epochs:
        done, _ = newest_checkpoint(folder)
        if epochs < done:
            raise RunError(f"{folder} has {done} epochs already; ask for at least as many")
        config = config.replace(epochs=epochs)
        write_config(folder, config, read_json(folder)["data"])
    return fit(folder, config, data_folder, verbose)


def load(folder: Path) -> Run:
    """Open a run to use it. The folder says what it is; nothing need be repeated.

    Raises:
        RunError: there is no run, or it has no checkpoint yet.
    """
    folder = Path(folder)
    config = read_config(folder)
    epoch, checkpoint = newest_checkpoint(folder)
    if checkpoint is None:
        raise RunError(
            f"{folder} has no checkpoint yet; `pix2pix-course resume {folder}` makes one"
        )
    generator = build_generator(config)
    generator.load_weights(checkpoint / "generator.weights.h5")
    return Run(folder, config, generator, epoch)


def fit(
    folder: Path,
    config: Config,
    data_folder: Path | None,
    verbose: int | str,
    callbacks: Iterable[keras.callbacks.Callback] = (),
) -> Run:
    """Train from the newest checkpoint, or from the start, to `config.epochs`."""
    model = build_pix2pix(config)
    first_epoch, checkpoint = newest_checkpoint(folder)
    if checkpoint is not None:
        load_checkpoint(model, checkpoint)
    if first_epoch < config.epochs:
        warn_of_defects(config)
        cut_history(folder, first_epoch)
        dataset = open_run_dataset(config, data_folder)
        batches, steps = training_batches(
            dataset,
            config.image_size,
            config.batch_size,
            config.seed,
            first_epoch=first_epoch,
            epochs=config.epochs,
            limit=config.train_pairs,
            jitter=config.jitter,
            mirror=config.mirror,
            resize=config.resize,
            crop=config.crop,
            shuffle=config.shuffle,
            encoding=Encoding.of(config),
        )
        model.fit(
            batches,
            epochs=config.epochs,
            initial_epoch=first_epoch,
            steps_per_epoch=steps,
            shuffle=False,  # `training_batches` has done it, reproducibly
            verbose=0 if verbose == "lines" else verbose,
            callbacks=[*run_callbacks(folder, config, dataset, steps, verbose), *callbacks],
        )
    return Run(folder, config, model.generator, config.epochs)


def run_callbacks(
    folder: Path, config: Config, dataset: Dataset, steps: int, verbose: int | str
) -> list[keras.callbacks.Callback]:
    """What happens around the steps, in order: check, report, draw, and at last keep."""
    samples = load_pairs(
        dataset,
        dataset.evaluation_split,
        config.image_size,
        SAMPLE_ROWS,
        config.resize,
        Encoding.of(config),
    )
    callbacks = [
        SeedEachEpoch(config.seed),
        Throughput(steps * config.batch_size),
        LearningRateByEpoch(config),
        StopOnNaN(),
        HistoryRows(folder),
        keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False),
        SampleImages(
            samples,
            folder / "samples",
            config.sample_every,
            config.epochs,
            Encoding.of(config),
            config.test_mode,
        ),
    ]
    if verbose == "lines":
        callbacks.append(EpochLines(config.sample_every, config.epochs))
    callbacks.append(Checkpoints(folder, config.save_every, config.epochs))
    return callbacks


class HistoryRows(keras.callbacks.Callback):
    """Appends a row to `history.csv` after each epoch."""

    # Keras' CSVLogger would add an empty `val_` column beside each of these.
    columns = ("epoch", *TERMS, "learning_rate", "seconds", "images_per_second")

    def __init__(self, folder: Path):
        super().__init__()
        self.path = folder / "history.csv"

    def on_epoch_end(self, epoch, logs=None):
        """Write this epoch's row, and the header before the first."""
        is_new = not self.path.exists()
        columns = self.columns
        if not is_new:  # a run begun by an older version goes on with the columns it has
            with self.path.open(newline="") as file:
                columns = next(csv.reader(file))
        with self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerow({"epoch": epoch + 1, **{k: logs[k] for k in self.columns[1:]}})


class Checkpoints(keras.callbacks.Callback):
    """Keeps the newest checkpoint, never a half-written one."""

    def __init__(self, folder: Path, every: int, last_epoch: int):
        super().__init__()
        self.folder = folder
        self.every = every
        self.last_epoch = last_epoch

    def on_epoch_end(self, epoch, logs=None):
        """Save after this epoch, if it is its turn."""
        number = epoch + 1
        if number % self.every == 0 or number == self.last_epoch:
            save_checkpoint(self.model, self.folder, number)


def save_checkpoint(model: Pix2Pix, folder: Path, epoch: int) -> Path:
    """Write `checkpoint-<epoch>` beside the old one, then drop the old one."""
    final = folder / f"checkpoint-{epoch:04d}"
    partial = folder / f"partial-{epoch:04d}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in ("generator", "discriminator"):
        getattr(model, name).save_weights(partial / f"{name}.weights.h5")
    for name, optimizer in optimizers(model).items():
        values = [keras.ops.convert_to_numpy(variable) for variable in optimizer.variables]
        np.savez(partial / f"{name}_optimizer.npz", *values)
    if model.pool is not None:
        np.savez(partial / "pool.npz", *model.pool.get_weights())
    os.replace(partial, final)  # complete, or not there at all
    for old in folder.glob("checkpoint-*"):
        if old != final:
            shutil.rmtree(old)
    return final


def load_checkpoint(model: Pix2Pix, checkpoint: Path) -> None:
    """Put weights and optimizer state back."""
    for name in ("generator", "discriminator"):
        getattr(model, name).load_weights(checkpoint / f"{name}.weights.h5")
    for name, optimizer in optimizers(model).items():
        with np.load(checkpoint / f"{name}_optimizer.npz") as values:
            for index, variable in enumerate(optimizer.variables):
                variable.assign(values[f"arr_{index}"])
    if model.pool is not None:
        with np.load(checkpoint / "pool.npz") as values:
            model.pool.set_weights([values["arr_0"], values["arr_1"]])


def optimizers(model: Pix2Pix) -> dict[str, keras.optimizers.Optimizer]:
    """Both optimizers by the network they update."""
    return {"generator": model.optimizer, "discriminator": model.discriminator_optimizer}


def newest_checkpoint(folder: Path) -> tuple[int, Path | None]:
    """(epochs done, its folder), or (0, None) where there is none."""
    found = sorted(Path(folder).glob("checkpoint-*"))
    return (int(found[-1].name.split("-")[1]), found[-1]) if found else (0, None)


def describe_data(dataset: Dataset) -> dict:
    """What a run must remember of its data to translate other images."""
    palette = dataset.condition_palette
    return {
        "direction": dataset.direction,
        "palette": palette and {"names": palette.names, "colours": palette.colours},
    }


def write_config(folder: Path, config: Config, data: dict) -> None:
    """Write `config.json` in one piece."""
    content = {"config": config.to_dict(), "data": data, "made_with": versions()}
    partial = folder / "config.json.partial"
    partial.write_text(json.dumps(content, indent=2) + "\n")
    os.replace(partial, folder / "config.json")


def read_json(folder: Path) -> dict:
    """The content of a run's `config.json`; raises `RunError` as `read_config` does."""
    path = Path(folder) / "config.json"
    if not path.exists():
        raise RunError(f"no run in {folder}: it has no config.json")
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise RunError(f"{path} is not the configuration of a run: {error}") from error


def read_config(folder: Path) -> Config:
    """The configuration of a run.

    Raises:
        RunError: no run there, or its configuration is not readable.
    """
    try:
        return Config.from_dict(read_json(folder)["config"])
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{Path(folder) / 'config.json'} is not the configuration of a run: {error}"
        ) from error


def describe_difference(found: Config, wanted: Config) -> str:
    """The fields in which two configurations differ, in words."""
    pairs = found.differences(wanted).items()
    return ", ".join(f"{name}={old!r} instead of {new!r}" for name, (old, new) in pairs)


def versions() -> dict[str, str]:
    """What a run was made with, for the record."""
    return {
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "pix2pix_course": __version__,
        "device": ", ".join(device.name for device in tf.config.list_logical_devices("GPU"))
        or "CPU",
    }


def read_history(folder: Path) -> list[dict]:
    """The rows of `history.csv` as dictionaries of floats; an empty list before the first epoch."""
    path = Path(folder) / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


def cut_history(folder: Path, epochs: int) -> None:
    """Forget rows of epochs that were logged but not kept by a checkpoint."""
    path = Path(folder) / "history.csv"
    if not path.exists():
        return
    lines = path.read_text().splitlines(keepends=True)
    # a row that was being written when the process died has no line end
    kept = [line for line in lines[: epochs + 1] if line.endswith("\n")]
    partial = path.with_suffix(".partial")
    partial.write_text("".join(kept))
    os.replace(partial, path)
