"""Write a run's generator for other programs, try the file, and say in `model.json` what it is."""

import json
import shutil
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from PIL import Image

from pix2pix_course import __version__
from pix2pix_course.config import PAINTED
from pix2pix_course.datasets.catalogue import CATALOGUE
from pix2pix_course.export.portable import Portable
from pix2pix_course.generators import MODES
from pix2pix_course.runs import Run, read_run
from pix2pix_course.support.engine import engine_name
from pix2pix_course.support.files import atomic

FILES = {"litert": "model.tflite", "onnx": "model.onnx"}
BOUNDS = {"f32": 0.02, "f16": 0.2, "int8": 4.0}
"""Weights → grey levels, of 255, by which a file's pictures may differ in the mean."""

CARD, EXAMPLES = "model.json", "examples"
SHOWN = 6  # test pictures that are tried, and laid beside the file


class ExportError(Exception):
    """A generator cannot be written, or the file does not compute what the generator does."""


def export(
    run: Run,
    output: Path,
    format: str = "litert",
    weights: str = "f32",
    data_folder: Path | None = None,
) -> dict[str, float]:
    """Write the generator, `model.json` and a few test conditions into a folder.

    The file is tried before it gets its name: on test pictures, in each mode of
    `generators.generate`.

    Returns:
        By mode, the mean difference to `generate` in grey levels; at most `BOUNDS[weights]`.

    Raises:
        ExportError: it differs by more, or engine, format and weights do not go together.
        DatasetError: the run's data is not there.
    """
    if format == "onnx" and weights != "f32":
        raise ExportError(f"--weights {weights} is for --format litert; use f32 with onnx")
    if engine_name() != "tensorflow":
        raise ExportError("export needs TensorFlow: set the variable KERAS_BACKEND to tensorflow")
    dataset, output = run.dataset(data_folder), Path(output)
    shown = run.pairs(dataset, dataset.evaluation_split, SHOWN).condition
    model = Portable(run.generator, run.config.image_size)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FILES[format]
        write_file(model, file, format, weights)
        apart = differences(run, model, reader(file), shown)
        worst = max(apart, key=apart.get)
        if not apart[worst] <= BOUNDS[weights]:
            raise ExportError(
                f"in mode {worst!r} the file's pictures are {apart[worst]:.2f} grey levels from "
                f"the generator's, more than the {BOUNDS[weights]} that {weights} may cost: "
                "nothing was written; try --weights f32"
            )
        with atomic(output / file.name) as partial:
            shutil.copy(file, partial)
    (output / EXAMPLES).mkdir(exist_ok=True)
    for index, image in enumerate(shown):
        Image.fromarray(image).save(output / EXAMPLES / f"{index}.png")
    with atomic(output / CARD) as partial:
        partial.write_text(
            json.dumps(card(run, model, format, weights, apart, len(shown)), indent=1) + "\n"
        )
    return apart


def write_file(model: Portable, file: Path, format: str, weights: str) -> None:
    """Convert the model."""
    import tensorflow as tf

    model(list(model.inputs_for(np.zeros(model.shapes["condition"]), "deterministic").values()))
    options = {}
    if weights != "f32":
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
    if weights == "f16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    try:
        model.export(
            file, format=format, input_signature=model.signature(), verbose=False, **options
        )
    except ImportError as error:
        what = "pip install '.[onnx]'" if format == "onnx" else "install a newer Keras"
        raise ExportError(f"--format {format} needs more packages ({error}): {what}") from error


def reader(file: Path) -> Callable[[dict], np.ndarray]:
    """A function that runs a written file: inputs by name → the image."""
    if file.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        return lambda inputs: session.run(None, inputs)[0]
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the interpreter's move to another package
        interpreter = tf.lite.Interpreter(str(file))
    signature = interpreter.get_signature_runner()
    return lambda inputs: next(iter(signature(**inputs).values()))


def differences(run: Run, model: Portable, read: Callable, shown: np.ndarray) -> dict[str, float]:
    """By mode, how many grey levels a file's pictures are from those of `generate`."""
    found = {mode: [] for mode in MODES}
    for mode, each in found.items():
        for seed, image in enumerate(shown):
            condition = run.condition(image)
            ours = run.generate(condition, mode, seed)
            theirs = read(model.inputs_for(condition[None], mode, seed))[0]
            each.append(127.5 * np.abs(ours - theirs).mean())
    return {mode: float(np.mean(each)) for mode, each in found.items()}


def card(run: Run, model: Portable, format: str, weights: str, apart: dict, shown: int) -> dict:
    """What another program must know to use the file, and a person to judge it."""
    config, palette = run.config, run.data["palette"]
    masks = [
        {"name": name, "shape": shape, "rate": rate}
        for (name, shape), rate in zip(model.masks.items(), model.rates, strict=True)
    ]
    trained_on = read_run(run.folder)[0].dataset  # it may have been told of other data since
    published = CATALOGUE.get(trained_on)
    licence = "of the pictures that it was trained on; ask who made them"
    if trained_on == PAINTED:
        licence = "MIT, as the course and its painted pictures"
    elif published:
        licence = published.licence
    return {
        "made_by": f"pix2pix_course {__version__}, keras {keras.__version__}",
        "format": format, "file": FILES[format], "weights": weights,
        "image_size": config.image_size,
        "condition": {"name": "condition", "shape": model.shapes["condition"], "range": [-1, 1]},
        "statistics": {"name": "statistics", "this image's": 1, "running averages": 0},
        "masks": masks,
        "image": {"shape": [1, *model.inner.output.shape[1:]], "range": [-1, 1]},
        "modes": {
            "paper": "statistics 1; each value of a mask 0 with its rate, else 1 / (1 - rate)",
            "deterministic": "statistics 1, masks of ones",
            "running": "statistics 0, masks of ones",
        },
        "palette": palette,
        "examples": [f"{EXAMPLES}/{index}.png" for index in range(shown)],
        "grey_levels_from_the_generator": {mode: float(f"{x:.2g}") for mode, x in apart.items()},
        "licence": licence,
        "trained": {
            "dataset": Path(trained_on).name, "direction": run.data["direction"],
            "epochs": run.epoch, "pairs": config.train_pairs, "seed": config.seed,
        },
    }  # fmt: skip
