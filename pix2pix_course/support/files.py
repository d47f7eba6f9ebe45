"""Files that are whole or not there, folders for one process alone, words that are near."""

import contextlib
import difflib
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import filelock

LOCK = ".lock"
"""In a folder that a process is at work in."""


class InUse(Exception):
    """Another process is at work in a folder."""


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Write a file or a folder in one piece: it is there whole, or not at all.

    Yields a neighbour of `path` that does not exist yet. At the end all of it is brought to the
    disk (a power cut may come) and takes the name `path`; after an error it is removed.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    remove(partial)
    try:
        yield partial
        if partial.is_dir() and hasattr(os, "sync"):
            os.sync()  # one call, for there may be 100,000 files
        else:
            for part in [*partial.rglob("*"), partial]:
                _to_disk(part)
        os.replace(partial, path)
        _to_disk(path.parent)
    finally:
        remove(partial)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until a file, or the list of a folder's files, is on the disk."""
    if os.name == "nt" and path.is_dir():  # Windows opens no folders
        return
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Have a folder for this process alone; it is removed again if nothing was put into it.

    The lock is the operating system's, on a hidden file that stays: a process that dies lets go.

    Raises:
        InUse: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InUse(
            f"{folder} is in use, another process is at work there: wait for it, or choose another"
        ) from None
    except (NotImplementedError, OSError):
        pass  # some mounted drives, Colab's among them, may know no locks
    try:
        yield
    finally:
        lock.release()
        if [file.name for file in folder.iterdir()] == [LOCK]:
            remove(folder)


@contextlib.contextmanager
def one_after_another(path: Path) -> Iterator[None]:
    """Of several processes that want to make `path`, let one work while the others wait.

    Who has waited must look whether it is there now. The lock, a hidden file beside it, stays.
    """
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    with contextlib.suppress(NotImplementedError, OSError):  # as in `alone_in`
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """The end of an error message about an unknown word: a suggestion, or nothing."""
    near = difflib.get_close_matches(word, list(words), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
