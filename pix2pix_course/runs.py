"""A training run is a folder: all it takes to look at it, use it, or go on with it; notebook 05.

    config.json        the Config, what to know of the data, and the versions it was made with
    checkpoint-0012/   generator, discriminator and both optimizers after epoch 12
    history.csv        one row an epoch
    samples/           pictures of the fixed test inputs
    tensorboard/       the same losses for `tensorboard --logdir`

Weights are Keras' files, the rest is NumPy's: nothing here is tied to an engine or to a place.
"""

import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path, PurePosixPath, PureWindowsPath

import keras
import numpy as np

from pix2pix_course.callbacks import (
    EpochLines,
    LearningRateByEpoch,
    SampleImages,
    SeedEachEpoch,
    StopOnNaN,
    Throughput,
)
from pix2pix_course.config import Config
from pix2pix_course.datasets import is_name, open_dataset
from pix2pix_course.datasets.check import before_training
from pix2pix_course.generators import generate
from pix2pix_course.pairs import (
    Dataset,
    DatasetError,
    Pairs,
    load_pairs,
    read_pair,
    to_image,
    to_network,
)
from pix2pix_course.palettes import Palette
from pix2pix_course.pipeline import training_batches
from pix2pix_course.support.checkpoints import load_checkpoint, newest_checkpoint, save_checkpoint
from pix2pix_course.support.engine import made_with, original_errors, unused_gpus, use_devices
from pix2pix_course.support.files import LOCK, alone_in, atomic
from pix2pix_course.support.health import Health
from pix2pix_course.support.history import HistoryRows, cut_history, read_history, tensorboard
from pix2pix_course.training import TERMS, build_generator, build_pix2pix

SAMPLE_ROWS = 4  # fixed test inputs in a sample picture
COLUMNS = (*TERMS, "learning_rate", "seconds", "images_per_second")  # of history.csv
GALLERY = Path(__file__).with_name("gallery")  # a run to translate with; docs/performance.md


class RunError(Exception):
    """A run's folder is not what was asked for; the message says what to do."""


class Run:
    """A run on disk, with its generator, after `epoch` epochs.

    `condition_side` is the half of its pairs that is the condition, "A" or "B"; `target_side` the
    other; `condition_palette` has the condition's colours if that is a label map, else None.
    """

    faults = ()  # what is known to be wrong with the way it is trained; `variants` knows some
    health = None  # who watched the training, if it was just now

    def __init__(self, folder: Path, config: Config, generator, epoch: int, data: dict):
        self.folder, self.config, self.generator = Path(folder), config, generator
        self.epoch, self.data = epoch, data
        self.condition_side, self.target_side = data["direction"][0], data["direction"][-1]
        self.input_side = self.condition_side  # the half of a pair that it is given
        self.multiple = self.smallest = config.image_size  # of both sides of what it takes
        self.condition_palette = None
        if data["palette"]:
            names, colours = data["palette"]["names"], data["palette"]["colours"]
            self.condition_palette = Palette(tuple(names), tuple(map(tuple, colours)))

    def __repr__(self):
        what = f"{self.config.generator} on {self.config.dataset}"
        return f"<run {str(self.folder)!r}: {what}, {self.epoch} of {self.config.epochs} epochs>"

    @property
    def history(self) -> list[dict]:
        """The rows of `history.csv`, one an epoch, values as floats."""
        return read_history(self.folder / "history.csv")

    def dataset(self, data_folder: Path | None = None) -> Dataset:
        """The data set it was trained on; raises `DatasetError` if that is no longer there."""
        return open_run_dataset(self.config, data_folder)

    def pairs(self, dataset: Dataset, split: str, limit: int | None = None) -> Pairs:
        """Pairs as this run's networks see them."""
        return load_pairs(dataset, split, self.config.image_size, limit)

    def batches(self, dataset: Dataset, first_epoch: int):
        """What it is trained on; see `pipeline.training_batches`."""
        return training_batches(dataset, self.config, first_epoch)

    def condition(self, image: np.ndarray) -> np.ndarray:
        """A picture as the generator takes it: uint8 RGB (H, W, 3) → float32 (H, W, channels)."""
        if self.condition_palette is not None:  # as in training: JPEG blurs the label colours
            image = self.condition_palette.snap(image)
        return to_network(image)

    def picture(self, generated: np.ndarray, image: np.ndarray) -> np.ndarray:
        """What it made of `image` as a picture: float (H, W, channels) → uint8 RGB (H, W, 3)."""
        return to_image(generated)

    def generate(self, condition, mode: str | None = None, seed: int = 0) -> np.ndarray:
        """float32 (H, W, channels) → the same of the generated image; sides as `multiple` says."""
        mode = mode or self.config.test_mode
        generated = generate(self.generator, condition[None], mode, seed)[0]
        return keras.ops.convert_to_numpy(generated)


def located(config: Config, dataset: str | Path | None = None) -> Config:
    """The configuration as a run keeps it, with a new `dataset` perhaps: folders are absolute."""
    dataset = str(dataset or config.dataset)
    if not is_name(dataset) and Path(dataset).is_dir():
        dataset = str(Path(dataset).resolve())
    return config.replace(dataset=dataset)


def open_run_dataset(config: Config, data_folder: Path | None = None) -> Dataset:
    """The data set that `config`, perhaps of another system, names."""
    kinds = PurePosixPath, PureWindowsPath
    if any(k(config.dataset).is_absolute() for k in kinds) and not Path(config.dataset).is_dir():
        raise DatasetError(
            f"there is no folder {config.dataset}: check the path; or if a run was trained where "
            "that was, say where its data is now, with --dataset FOLDER (in Python, dataset=…)"
        )
    return open_dataset(config.dataset, config.direction, config.palette, data_folder)


def open_run(folder: Path, config: Config, generator, epoch: int, data: dict) -> Run:
    """The run of a configuration."""
    if config.variant is not None:
        from pix2pix_course import variants

        return variants.open_run(folder, config, generator, epoch, data)
    return Run(folder, config, generator, epoch, data)


# --- train, resume, load --------------------------------------------------------------------


def train(
    config: Config,
    folder: Path,
    data_folder: Path | None = None,
    verbose: int | str = 1,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    devices: int | None = None,
) -> Run:
    """Train, or go on with the same run if the folder already holds it.

    Painted and downloaded sets lie in `data_folder`; `verbose` prints 0 nothing, 1 a progress bar,
    "lines" a line every few epochs; `devices` is explained in `support.engine.use_devices`.

    Raises:
        RunError: the folder holds a different run, or something else.
        InUse: another process trains there.
        DatasetError: the data cannot be read, or cannot be what the configuration says.
        TrainingDiverged: a loss is no longer a number.
    """
    folder, config = Path(folder), located(config)
    with alone_in(folder):
        if (folder / "config.json").exists():
            found, _ = read_run(folder)
            if found != config:
                raise RunError(
                    f"{folder} holds another run, with {describe_difference(found, config)}. "
                    "Choose another folder, or delete this one."
                )
        elif any(file.name != LOCK for file in folder.iterdir()):
            raise RunError(f"{folder} is not empty and holds no run; choose another folder")
        return fit(folder, config, data_folder, verbose, callbacks, devices)


def resume(
    folder: Path,
    epochs: int | None = None,
    learning_rate: float | None = None,
    dataset: str | Path | None = None,
    data_folder: Path | None = None,
    verbose: int | str = 1,
    devices: int | None = None,
) -> Run:
    """Go on with a run that was stopped, from its newest checkpoint.

    An unbroken run would have ended with the same weights, bit for bit on a CPU, unless new is
    asked for: a total number of `epochs`, a `learning_rate`, a place of the data, `dataset`.
    """
    folder = Path(folder)
    config, data = read_run(folder)
    with alone_in(folder):
        done, _ = newest_checkpoint(folder)
        if epochs is not None and epochs < done:
            raise RunError(f"{folder} has {done} epochs already; ask for at least as many")
        new = {"epochs": epochs, "learning_rate": learning_rate}
        new = {name: value for name, value in new.items() if value is not None}
        changed = located(config.replace(**new), dataset)
        if changed != config:
            open_run_dataset(changed, data_folder)  # complain before anything is changed
            write_config(folder, changed, data)
        return fit(folder, changed, data_folder, verbose, devices=devices)


def load(folder: Path, dataset: str | Path | None = None) -> Run:
    """Open a run to use it; `dataset` says where its data is now.

    Raises `RunError` if there is none or no checkpoint yet, `CheckpointError` if that is damaged.
    """
    folder = Path(folder)
    config, data = read_run(folder)
    config = config if dataset is None else located(config, dataset)
    epoch, checkpoint = newest_checkpoint(folder)
    if checkpoint is None:
        raise RunError(
            f"{folder} has no checkpoint yet; `pix2pix-course resume {folder}` makes one"
        )
    generator = build_generator(config)
    load_checkpoint({"generator": generator}, {}, checkpoint)
    return open_run(folder, config, generator, epoch, data)


def fit(
    folder: Path,
    config: Config,
    data_folder: Path | None,
    verbose: int | str,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    devices: int | None = None,
) -> Run:
    """Train from the newest checkpoint, or from the start, to `config.epochs`."""
    first_epoch, checkpoint = newest_checkpoint(folder)
    if first_epoch >= config.epochs:
        return load(folder)
    dataset = open_run_dataset(config, data_folder)
    use_devices(devices, config.batch_size)
    model = build_pix2pix(config)
    if checkpoint:
        load_checkpoint(model.networks(), model.states(), checkpoint)
    run = open_run(folder, config, model.generator, config.epochs, describe_data(dataset))
    for warning in [*before_training(dataset, config), *run.faults, *unused_gpus()]:
        warnings.warn(warning, stacklevel=1)
    batches, steps = run.batches(dataset, first_epoch)
    shown = run.pairs(dataset, dataset.evaluation_split, SAMPLE_ROWS)

    def translate(image):
        return run.picture(run.generate(run.condition(image)), image)

    def keep(epoch, logs=None):
        if (epoch + 1) % config.save_every == 0 or epoch + 1 == config.epochs:
            save_checkpoint(model.networks(), model.states(), folder, epoch + 1)

    when = config.sample_every, config.epochs
    samples = SampleImages(shown, folder / "samples", translate, *when)
    run.health = Health(samples)
    around = [
        SeedEachEpoch(config.seed),
        Throughput(steps * config.batch_size),
        LearningRateByEpoch(config),
        StopOnNaN(),
        HistoryRows(folder / "history.csv", COLUMNS),
        *tensorboard(folder / "tensorboard"),
        samples,
        run.health,
        *([EpochLines(*when)] if verbose == "lines" else []),
        keras.callbacks.LambdaCallback(on_epoch_end=keep),
        *callbacks,
    ]
    if not (folder / "config.json").exists():  # now that nothing about the start can fail
        write_config(folder, config, run.data)
    cut_history(folder / "history.csv", first_epoch)
    with original_errors():
        model.fit(
            batches, steps_per_epoch=steps, epochs=config.epochs, initial_epoch=first_epoch,
            shuffle=False,  # `training_batches` has done it, reproducibly
            verbose=0 if verbose == "lines" else verbose, callbacks=around,
        )  # fmt: skip
    return run


def describe_data(dataset: Dataset) -> dict:
    """What a run must remember of its data to translate other images."""
    palette = dataset.condition_palette and asdict(dataset.condition_palette)
    height = read_pair(dataset.files("train")[0])[0].shape[0]  # before it was resized
    return {"direction": dataset.direction, "palette": palette, "height": height}


def write_config(folder: Path, config: Config, data: dict) -> None:
    """Write `config.json`."""
    content = {"config": config.to_dict(), "data": data, "made_with": made_with()}
    with atomic(folder / "config.json") as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")


def read_run(folder: Path) -> tuple[Config, dict]:
    """The configuration of a run and what it knows of its data; `RunError` if there is none."""
    path = Path(folder) / "config.json"
    if not path.exists():
        raise RunError(f"no run in {folder}: it has no config.json")
    try:
        content = json.loads(path.read_text())
        return Config.from_dict(content["config"]), dict(content["data"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path} is not the configuration of a run: {error}") from error


def describe_difference(found: Config, wanted: Config) -> str:
    """The fields in which two configurations differ, in words."""
    changes = found.differences(wanted).items()
    return ", ".join(f"{name}={old!r} instead of {new!r}" for name, (old, new) in changes)
