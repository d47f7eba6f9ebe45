"""TensorFlow, JAX and PyTorch compute the same, each by the same code."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pix2pix_course import runs
from pix2pix_course.support.checkpoints import newest_checkpoint
from pix2pix_course.variants import recipes

ALTERNATE = [n for n in recipes.RECIPES if recipes.recipe(n).update_order == "alternate"]
WITHOUT_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None; "
COMPILED_ONCE = {
    "JAX_COMPILATION_CACHE_DIR": str(Path(tempfile.gettempdir()) / "pix2pix_course_tests_jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.1",
}
CLI = "from pix2pix_course.cli import main; main()"


@pytest.fixture(params=["jax", "torch"])
def engine(request) -> str:
    if importlib.util.find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed: pip install '.[{request.param}]'")
    return request.param


def python(engine: str, *words, check=True, **environment) -> subprocess.CompletedProcess:
    """Python in a process of its own, on an engine."""
    variables = os.environ | {"KERAS_BACKEND": engine} | COMPILED_ONCE | environment
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, env=variables)
    assert not check or done.returncode == 0, done.stderr
    return done


def train(engine: str, folder: Path, dataset: Path, epochs: int, *words, **environment):
    """`pix2pix-course train` on an engine, where TensorFlow is not to be found."""
    python(
        engine, "-c", WITHOUT_TENSORFLOW + CLI, "train", "--profile", "smoke", "--dataset", dataset,
        "--epochs", epochs, "--output", folder, "--set", "generator_filters=4",
        *words, **environment,
    )  # fmt: skip
    return folder


def resume(engine: str, folder: Path, epochs: int) -> None:
    python(engine, "-c", CLI, "resume", folder, "--epochs", epochs)


def weights(folder: Path) -> list[np.ndarray]:
    return runs.load(folder).generator.get_weights()


def furthest(one: list, other: list) -> float:
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def by_tensorflow(tmp_path_factory):
    output = tmp_path_factory.mktemp("engines") / "tensorflow.npz"
    python("tensorflow", Path(__file__).with_name("engine_steps.py"), output, *ALTERNATE)
    return np.load(output)


def test_a_step_is_the_same_on_each_engine(engine, by_tensorflow, tmp_path):
    output = tmp_path / "other.npz"
    python(engine, Path(__file__).with_name("engine_steps.py"), output, *ALTERNATE)
    other = np.load(output)
    assert other.files == by_tensorflow.files
    for name in other.files:
        found, expected = other[name], by_tensorflow[name]
        if name.endswith("means"):
            # the book's recipe, half blind, is the one in which rounding grows within ten steps
            first, later = (3e-5, 1e-2) if name.startswith("keras_book") else (3e-6, 1e-5)
            np.testing.assert_allclose(found[0], expected[0], rtol=first, err_msg=name)
            np.testing.assert_allclose(found, expected, rtol=later, err_msg=name)
        else:  # a gradient: sums of many terms, taken in another order
            network = name[: name.rindex(" ")]  # some biases have none but what rounding leaves
            all_of_it = [by_tensorflow[n] for n in other.files if n.startswith(network)]
            largest = max(np.abs(gradient).max() for gradient in all_of_it)
            assert largest > 0
            assert np.abs(found - expected).max() <= 1e-4 * largest, name


def test_a_run_goes_on_exactly_on_its_own_engine(engine, painted, tmp_path):
    whole = train(engine, tmp_path / "whole", painted, 2)
    parts = train(engine, tmp_path / "parts", painted, 1)
    resume(engine, parts, 2)
    assert furthest(weights(whole), weights(parts)) == 0


def test_a_run_goes_on_and_is_used_on_another_engine(engine, painted, tmp_path):
    there = train(engine, tmp_path / "there", painted, 1)
    resume("tensorflow", there, 2)
    resume(engine, there, 3)
    assert newest_checkpoint(there)[0] == 3
    python(engine, "-c", CLI, "evaluate", there)
    assert (there / "evaluation" / "metrics.csv").exists()
    assert [row["epoch"] for row in runs.load(there).history] == [1, 2, 3]


def test_two_devices_compute_what_one_does(painted, tmp_path):
    words = ("--batch-size", 4, "--set", "generator_filters=4")
    one = train("jax", tmp_path / "one", painted, 1, *words)
    flags = "--xla_force_host_platform_device_count=2"
    two = train("jax", tmp_path / "two", painted, 1, *words, "--devices", 0, XLA_FLAGS=flags)
    for ours, theirs in zip(weights(one), weights(two), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)  # a step of Adam is 20 times that
    apart = furthest(weights(one), weights(two))
    assert apart > 0  # the second was computed in another way


@pytest.mark.parametrize(
    ("engine", "words", "said"),
    [
        ("tensorflow", ("--devices", 2), "several devices need the engine JAX"),
        ("jax", ("--devices", 2, "--batch-size", 3), "a batch of 3 is to be shared by 2 devices"),
        ("jax", ("--devices", 64), "shared by 64 devices, and there are 2"),
    ],
)
def test_devices_that_cannot_be_had_are_a_sentence(engine, words, said, painted, tmp_path):
    flags = "--xla_force_host_platform_device_count=2"
    command = ("train", "--profile", "smoke", "--dataset", painted, "--output", tmp_path / "run")
    done = python(engine, "-c", CLI, *command, *words, check=False, XLA_FLAGS=flags)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "file", "said"),
    [
        ("theano", {}, "'theano' (by KERAS_BACKEND), which is not installed here (installed: t"),
        ("", {"backend": "mxnet"}, "'mxnet' (by /"),
        ("", {"image_data_format": "channels_first"}, "channels_first"),
    ],
)
def test_settings_of_keras_that_will_not_do_are_a_sentence(variable, file, said, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(file))
    command = ("train", "--profile", "smoke", "--output", tmp_path / "run")
    done = python(variable, "-c", CLI, *command, check=False, KERAS_HOME=str(tmp_path))
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_channels_first_is_refused_at_import(tmp_path):
    (tmp_path / "keras.json").write_text('{"image_data_format": "channels_first"}')
    code = "import pix2pix_course.generators"
    done = python("tensorflow", "-c", code, check=False, KERAS_HOME=str(tmp_path))
    assert "EngineError: Keras is set to images that are channels_first" in done.stderr


GRADIENT = """
import keras, numpy as np
from pix2pix_course.generators import unet
from pix2pix_course.support.gradients import gradient
cube = gradient(lambda z: keras.ops.sum(z**3), np.array([[1.0, 2.0, -3.0]], "float32"))
np.testing.assert_allclose(cube, [[3.0, 12.0, 27.0]], rtol=1e-6)
weight, other = keras.Variable([3.0, -1.0]), keras.Variable(2.0)
found = gradient(lambda: keras.ops.sum(weight * weight) * other, [weight, other])
np.testing.assert_allclose(found[0], [12.0, -4.0], rtol=1e-6)
np.testing.assert_allclose(found[1], 10.0, rtol=1e-6)
network, x = unet(64, filters=2), np.ones((1, 64, 64, 3), "float32")
before = [keras.ops.convert_to_numpy(v).copy() for v in network.variables]
slopes = gradient(lambda: keras.ops.mean(network(x, training=True)), network.trainable_weights)
assert [s.shape for s in slopes] == [tuple(w.shape) for w in network.trainable_weights]
assert max(abs(s).max() for s in slopes) > 0
after = [keras.ops.convert_to_numpy(v) for v in network.variables]
assert all(map(np.array_equal, before, after))  # no average has moved, no seed
"""


def test_gradient_answers_and_moves_nothing_on_each_engine(engine):
    python("tensorflow", "-c", GRADIENT)
    python(engine, "-c", GRADIENT)
