"""What computes: start it quietly, and say which versions there are."""

import contextlib
import importlib.util
import json
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

# TensorFlow uses oneDNN by itself only where the processor has AVX-512. Elsewhere a training step
# is 1.2 to 1.3 times as fast with it (docs/performance.md). It reads this when it is imported.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

PACKAGE = Path(__file__).resolve().parents[1]
ENGINES = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""What Keras can compute with, and the course too."""


FOR_GPUS = {
    "tensorflow": "pip install -e '.[gpu]'",
    "jax": "pip install 'jax[cuda13]'",
    "torch": "install a build of PyTorch for CUDA, see pytorch.org",
}
"""What makes each engine use an NVIDIA GPU."""


class EngineError(ImportError):
    """Keras' settings ask for what is not there, or for what the course cannot use."""


def setup() -> None:
    """Start the engine without its log lines and say in one line what there is; for notebooks.

    What the package warns of is one line there from now on, and says no place in its code.
    """
    warnings.showwarning = plain_warnings(sys.stdout)
    with quiet_stderr():
        engine, gpus = engine_name(), used_gpus()
    version, keras = (metadata.version(package) for package in (engine, "keras"))
    print(f"{ENGINES[engine]} {version}, Keras {keras}, {len(gpus)} GPU")
    for sentence in unused_gpus():
        print(sentence)


def plain_warnings(stream) -> Callable:
    """A `warnings.showwarning` that prints what the package warns of as one line."""

    def show(message, category, filename, lineno, file=None, line=None) -> None:
        text = f"warning: {message}\n"
        if PACKAGE not in Path(filename).parents:
            text = warnings.formatwarning(message, category, filename, lineno, line)
        stream.write(text)

    return show


def engine_name() -> str:
    """The engine that Keras uses, or would use: "tensorflow", "jax" or "torch".

    It is named by the variable KERAS_BACKEND, else by Keras' own file `keras.json`, else it is
    TensorFlow. `keras` is not imported for that.

    Raises:
        EngineError: it is unknown or not installed, or images are to be `channels_first`.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    settings, named_in = {}, "KERAS_BACKEND"
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads((home / "keras.json").read_text())
    engine = os.environ.get("KERAS_BACKEND")
    if not engine:
        engine, named_in = settings.get("backend", "tensorflow"), home / "keras.json"
    layout = settings.get("image_data_format", "channels_last")
    if keras := sys.modules.get("keras"):  # it was started, and may have been told otherwise
        engine, layout = keras.config.backend(), keras.config.image_data_format()
    here = [name for name in ENGINES if importlib.util.find_spec(name)]
    if engine not in here:
        raise EngineError(
            f"Keras is set to compute with {engine!r} (by {named_in}), which is not installed "
            f"here (installed: {', '.join(here) or 'none'}). Set the variable KERAS_BACKEND to one "
            "that is, or install one: pip install '.[tensorflow]', '.[jax]' or '.[torch]'"
        )
    if layout != "channels_last":
        raise EngineError(
            f"Keras is set to images that are {layout} (by {home / 'keras.json'}); the course's "
            'are channels_last, so write "image_data_format": "channels_last" there'
        )
    return engine


def used_gpus() -> list[str]:
    """Names of the GPUs that the engine can use; it is started for that."""
    engine = engine_name()
    if engine == "tensorflow":
        import tensorflow as tf

        ask = tf.config.experimental.get_device_details
        gpus = tf.config.list_physical_devices("GPU")
        return [ask(gpu).get("device_name", gpu.name) for gpu in gpus]
    if engine == "jax":
        import jax

        return [device.device_kind for device in jax.devices() if device.platform == "gpu"]
    import torch

    return [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]


def driver_gpus() -> tuple[str, ...]:
    """What `nvidia-smi` lists; nothing where there is no such command or driver."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.stdout.splitlines() if line.strip())


def unused_gpus() -> list[str]:
    """A sentence if there is a GPU and the engine computes without it; else nothing."""
    gpus = driver_gpus()
    if not gpus or used_gpus():
        return []
    return [f"{ENGINES[engine_name()]} computes on the CPU, not on {gpus[0]}: {why_no_gpu()}"]


def why_no_gpu() -> str:
    """What keeps the engine from a GPU that the driver reports, or what to install."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return "the variable CUDA_VISIBLE_DEVICES hides it"
    if engine_name() == "tensorflow" and os.name == "nt":
        return "TensorFlow uses no GPU under Windows; run the course in WSL 2"
    return FOR_GPUS[engine_name()]


def use_devices(count: int | None, batch_size: int) -> None:
    """Spread each batch over so many devices, all for 0; before a model is built. JAX alone can.

    Statistics of batch normalisation are those of the whole batch, so that more devices compute
    what one would.

    Raises:
        EngineError: there are fewer devices, the batch cannot be shared out, or it is not JAX.
    """
    if count is None:
        return
    if engine_name() != "jax":
        raise EngineError(
            "several devices need the engine JAX: set the variable KERAS_BACKEND to jax"
        )
    import keras

    devices = keras.distribution.list_devices()
    used = devices[: count or len(devices)]
    if len(used) < count or batch_size % len(used):
        raise EngineError(
            f"a batch of {batch_size} is to be shared by {count or len(devices)} devices, and "
            f"there are {len(devices)}: choose a number of devices that divides batch_size"
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=used))


def exact_float32() -> None:
    """No GPU may round the factors of a product to ten bits (TF32) from here on."""
    engine = engine_name()
    if engine == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_tensor_float_32_execution(False)
    elif engine == "jax":
        import jax

        jax.config.update("jax_default_matmul_precision", "highest")
    else:
        import torch

        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Start the engine inside of this: native code's log lines are dropped, exceptions pass.

    TensorFlow 2.21 logs about drivers before it reads `TF_CPP_MIN_LOG_LEVEL`, so that the variable
    alone keeps no notebook clean.

    Raises:
        EngineError: as `engine_name`.
    """
    engine_name()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide what a run computes."""
    found = {"python": platform.python_version()}
    for package in ("pix2pix_course", *ENGINES, "keras", "numpy", "papermill"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def made_with() -> dict[str, str]:
    """`versions`, and the device that the engine computes with; it is started for that."""
    return versions() | {"device": ", ".join(used_gpus()) or "CPU"}


_errors: list[Exception] = []


def remember_error(function: Callable, *args):
    """Call a function inside TensorFlow's graph, which of an error passes on only the text."""
    try:
        return function(*args)
    except Exception as error:
        _errors.append(error)
        raise


@contextlib.contextmanager
def original_errors() -> Iterator[None]:
    """Raise what `remember_error` saw, as it was, in place of TensorFlow's error about it."""
    _errors.clear()
    try:
        yield
    except Exception:
        if _errors:
            raise _errors[0] from None
        raise
