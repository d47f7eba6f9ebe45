"""Import TensorFlow without its greeting."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stderr() -> Iterator[None]:
    """Drop what native code writes to standard error; Python's exceptions still pass.

    TensorFlow 2.21 logs about drivers and oneDNN before it reads `TF_CPP_MIN_LOG_LEVEL`, so an
    environment variable alone does not keep a notebook clean.
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
