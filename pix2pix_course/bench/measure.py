"""Medians of things done in turns, so that other load on the machine meets all of them alike."""

import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pix2pix_course.bench.tutorial import tutorial_batches, tutorial_step
from pix2pix_course.config import Config
from pix2pix_course.generators import generate
from pix2pix_course.pairs import Dataset
from pix2pix_course.pipeline import training_batches
from pix2pix_course.training import build_pix2pix

SIZES, BATCHES = (64, 128, 256), (1, 4, 16)
PICTURES = 100  # of the data set, in an epoch of the pipelines

FIRST_STEP = """
import json, time
from pathlib import Path
begin = time.perf_counter()
from pix2pix_course import quiet_stderr
with quiet_stderr():
    from pix2pix_course import training
    import numpy as np
imported = time.perf_counter() - begin
config = training.Config(image_size=128, generator_filters=32, discriminator_filters=32)
pair = [np.zeros((1, 128, 128, 3), "float32")] * 2
model = training.build_pix2pix(config)
model.fit(*pair, verbose=0)
first = time.perf_counter() - begin
model.fit(*pair, epochs=20, verbose=0)
found = {"import": imported, "first step": first}
status = Path("/proc/self/status")  # Linux; `getrusage` would tell the parent's peak as well
if status.exists():
    peak = status.read_text().split("VmHWM:")[1].split()[0]
    found["peak memory"] = int(peak) / 2**20
print(json.dumps(found))
"""


def in_turns(functions: dict[str, Callable], rounds: int, seconds: float = 0.0) -> dict[str, float]:
    """Median seconds of each; what runs for less than `seconds` is done more often in a turn."""
    counts = {}
    for name, function in functions.items():
        function()  # compiles, and warms up
        begin = time.perf_counter()
        function()
        counts[name] = max(1, int(seconds / (time.perf_counter() - begin)))
    times = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            for _ in range(counts[name]):
                begin = time.perf_counter()
                function()
                times[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in times.items()}


def sized(size: int, batch: int) -> Config:
    """The configuration of a point: as wide as the paper's networks in proportion to the image."""
    filters = {"generator_filters": size // 4, "discriminator_filters": size // 4}
    return Config(image_size=size, batch_size=batch, **filters)


def step_times(config: Config, rounds: int) -> dict[str, float]:
    """Median seconds of a training step of each program, on one random batch."""
    keras.utils.clear_session()
    random = np.random.default_rng(0)
    shape = (config.batch_size, config.image_size, config.image_size, 3)
    arrays = [random.uniform(-1, 1, shape).astype(np.float32) for _ in range(2)]
    pair = tuple(tf.constant(array) for array in arrays)
    ours, theirs = tf.function(build_pix2pix(config).step), tutorial_step(config)
    functions = {
        "course": lambda: [value.numpy() for value in ours(pair).values()],
        "tutorial": lambda: [value.numpy() for value in theirs(*pair)],
    }
    if importlib.util.find_spec("torch"):
        import torch

        from pix2pix_course.bench.plain_torch import torch_step

        images = [torch.from_numpy(array.transpose(0, 3, 1, 2).copy()) for array in arrays]
        eager, fused = (torch_step(config, fused=fused) for fused in (False, True))
        functions["PyTorch"] = lambda: [value.item() for value in eager(*images)]
        functions["PyTorch, fused Adam"] = lambda: [value.item() for value in fused(*images)]
    return in_turns(functions, rounds, seconds=0.3)


def pipeline_times(dataset: Dataset, rounds: int) -> dict[str, float]:
    """Median seconds of an epoch of pairs at 256 pixels, batch 1, without the first decoding."""
    config = Config(train_pairs=PICTURES, epochs=1)
    ours, theirs = training_batches(dataset, config)[0], tutorial_batches(dataset, config)
    functions = {"course": lambda: list(ours), "tutorial": lambda: list(theirs)}
    return in_turns(functions, rounds)


def translation_times(rounds: int) -> dict[str, float]:
    """Median seconds of a picture at 256 pixels: `generate`, and the network called directly."""
    generator = build_pix2pix(sized(256, 1)).generator
    image = np.zeros((1, 256, 256, 3), np.float32)
    functions = {
        "course": lambda: np.asarray(generate(generator, image)),
        "tutorial": lambda: np.asarray(generator(image, training=True)),
    }
    return in_turns(functions, rounds)


def start_times(rounds: int) -> dict[str, float]:
    """Median seconds to the answer of --help, to the import, to the first step; peak GiB."""
    helps, others = [], []
    for _ in range(rounds):
        begin = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "pix2pix_course", "--help"], check=True, capture_output=True
        )
        helps.append(time.perf_counter() - begin)
        with tempfile.TemporaryDirectory() as empty:
            answer = subprocess.run(
                [sys.executable, "-c", FIRST_STEP],
                check=True, capture_output=True, text=True, cwd=empty,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])},
            )  # fmt: skip
        others.append(json.loads(answer.stdout.splitlines()[-1]))
    found = {name: statistics.median(other[name] for other in others) for name in others[0]}
    return {"--help": statistics.median(helps)} | found
