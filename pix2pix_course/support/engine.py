"""What computes: start it quietly, and say which versions there are."""

import contextlib
import os
import platform
from collections.abc import Callable, Iterator
from importlib import metadata


def setup() -> None:
    """Start the engine without its log lines and say in one line what there is; for notebooks."""
    with quiet_stderr():
        import tensorflow as tf
    import keras

    gpus = len(tf.config.list_physical_devices("GPU"))
    print(f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {gpus} GPU")


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what native code writes to standard error; Python's exceptions still pass.

    TensorFlow 2.21 logs about drivers before it reads `TF_CPP_MIN_LOG_LEVEL`, so that the variable
    alone keeps no notebook clean.
    """
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
    for package in ("pix2pix_course", "tensorflow", "keras", "numpy", "papermill"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


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
