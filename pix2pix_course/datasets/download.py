"""Download a published set over a network that may fail at any byte, and unpack it safely.

Three files stand beside an archive `x.tar.gz`:

* `x.tar.gz.part`: what has arrived so far; it becomes `x.tar.gz` only when it is whole;
* `x.tar.gz.part.json`: which server file that part belongs to, so that it can be continued;
* `x.tar.gz.json`: size and checksum of the whole file; it stays, so that a later download of
  the same name can be compared with the first.
"""

import dataclasses
import gzip
import hashlib
import json
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

import requests
import urllib3
from tqdm import tqdm

from pix2pix_course.config import PAINTED
from pix2pix_course.datasets import DESCRIPTION, default_data_folder
from pix2pix_course.datasets.catalogue import CATALOGUE, Published
from pix2pix_course.pairs import DatasetError, find_pairs
from pix2pix_course.support.files import did_you_mean

ATTEMPTS = 4
"""Attempts in a row, at one address, that may bring nothing new."""
PAUSE = 1.0
"""Seconds before the second attempt; doubled before each further one."""
TIMEOUT = (10, 60)
"""Seconds to wait for a connection, and then for the next bytes."""
CHUNK = 1 << 18


class DownloadError(Exception):
    """The file cannot be had; the message says why, for the person who asked for it."""


class UnreachableError(DownloadError):
    """No server answered at all: most often there is no network."""


class DamagedError(DownloadError):
    """The archive arrived, but cannot or must not be unpacked."""


class WrongFileError(DownloadError):
    """A whole file arrived, but not the expected one."""


class _TryAgainError(Exception):
    """A failure that may pass: a broken connection, a busy server."""


@dataclass(frozen=True)
class Fetched:
    """Where a file came from and what it is: its length in bytes and its SHA-256."""

    address: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Expected:
    """What is known of a file beforehand; None is unknown."""

    bytes: int | None
    sha256: str | None

    def verify(self, path: Path, address: str) -> Fetched:
        """Measure a whole file; raises `WrongFileError` if it is another one."""
        size = path.stat().st_size
        if self.bytes not in (None, size):
            raise WrongFileError(f"it has {size:,} bytes instead of {self.bytes:,}")
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if self.sha256 not in (None, digest):
            raise WrongFileError(f"its SHA-256 is {digest} instead of {self.sha256}")
        return Fetched(address, size, digest)


def fetch(
    addresses: Iterable[str],
    path: Path,
    size: int | None = None,
    sha256: str | None = None,
    progress: bool = True,
) -> Fetched:
    """Download a file to `path` from the first address that gives it whole.

    A broken connection is tried again, each time after a longer pause, and continued where
    it broke if the server can prove that the file is still the same. An unfinished download
    stays beside `path` and is continued by the next call; `path` itself is there only when whole.

    Args:
        addresses: the same file at different servers, in the order to try them.
        path: where the file goes; its folder exists.
        size: length in bytes, where it is known.
        sha256: checksum, where it is known; else the one recorded at the first download is used.
        progress: show a progress bar.

    Raises:
        UnreachableError: no address answered.
        DownloadError: every address failed; the message lists each reason.
    """
    record = _beside(path, ".json")
    first = _read_json(record)
    expected = Expected(size, sha256 or first.get("sha256"))
    if path.is_file():  # fetched before but never unpacked, or put there by hand
        try:
            return expected.verify(path, first.get("address", str(path)))
        except DownloadError as error:
            raise DownloadError(f"{path} is there, but {error}; delete it") from None

    part = _beside(path, ".part")
    failures = []
    for address in addresses:
        try:
            _fetch_from(address, part, size, progress)
            fetched = expected.verify(part, address)
        except DownloadError as error:
            if isinstance(error, WrongFileError):
                part.unlink()
            failures.append((address, error))
            continue
        _write_json(record, dataclasses.asdict(fetched))
        os.replace(part, path)
        _beside(part, ".json").unlink(missing_ok=True)
        return fetched

    message = "; ".join(f"{address}: {error}" for address, error in failures)
    if all(isinstance(error, UnreachableError) for _, error in failures):
        raise UnreachableError(message)
    if first and not sha256 and any(isinstance(error, WrongFileError) for _, error in failures):
        message += f" (if you trust the new file more than the first download, delete {record})"
    raise DownloadError(message)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz archive of plain files into a new folder.

    Only folders and plain files whose names stay inside `folder` are written. Anything else
    (a link, a device, a name with "..") stops the unpacking: a data set of pictures has no use
    for it, and it is how an archive writes where it should not.

    Raises:
        DamagedError: an unsafe member, or a damaged archive.
        DownloadError: the files cannot be written, for instance on a full disk.
    """
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                target = folder / _safe_name(member, archive)
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                # Copied by hand: no owner, mode or time of the archive is taken over.
                with tar.extractfile(member) as source, open(target, "wb") as copy:
                    shutil.copyfileobj(source, copy)
            while tar.fileobj.read(CHUNK):
                pass  # gzip compares its checksum only at the very end
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DamagedError(f"{archive.name} is damaged or no archive ({error})") from error
    except OSError as error:
        raise DownloadError(f"{archive} cannot be unpacked ({error})") from error


def forget(path: Path) -> None:
    """Delete a fetched file that turned out to be useless, and what was recorded about it."""
    path.unlink(missing_ok=True)
    _beside(path, ".json").unlink(missing_ok=True)


def _safe_name(member: tarfile.TarInfo, archive: Path) -> PurePosixPath:
    """The member's name, if it is a file or folder that stays where it is unpacked."""
    name = PurePosixPath(member.name)
    on_windows = PureWindowsPath(member.name)
    if name.is_absolute() or on_windows.anchor or ".." in {*name.parts, *on_windows.parts}:
        kind = "a path that leaves the folder"
    elif member.issym() or member.islnk():
        kind = "a link"
    elif not (member.isfile() or member.isdir()):
        kind = "a device"
    else:
        return name
    raise DamagedError(
        f"{archive.name} holds {kind}, {member.name!r}; "
        "no data set needs that, so nothing of the archive is used"
    )


def _fetch_from(address: str, part: Path, size: int | None, progress: bool) -> None:
    """Bring the part file to its full length, as long as attempts bring something."""
    most = fruitless = 0
    while True:
        try:
            return _attempt(address, part, size, progress)
        except _TryAgainError as error:
            arrived = part.stat().st_size if part.is_file() else 0
            fruitless = 0 if arrived > most else fruitless + 1
            most = max(most, arrived)
            if fruitless >= ATTEMPTS:
                silent = isinstance(error.__cause__, (requests.ConnectionError, requests.Timeout))
                raise (UnreachableError if silent else DownloadError)(str(error)) from error
            pause = PAUSE * 2 ** max(0, fruitless - 1)
            if progress:
                tqdm.write(f"{address}: {error}; trying again in {pause:g} s")
            time.sleep(pause)


def _attempt(address: str, part: Path, size: int | None, progress: bool) -> None:
    """One request: for the whole file, or for what is missing of it."""
    state = _read_json(_beside(part, ".json"))
    have = part.stat().st_size if part.is_file() else 0
    # Without a validator (ETag or date) two different files could be glued together.
    if state.get("address") != address or not (state.get("validator") and state.get("bytes")):
        have = 0
    if have and have == state["bytes"]:
        return
    # An archive is stored as it is, never unpacked on the way.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": state["validator"]}
    try:
        with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 206 and have:
                total = _continue(response, part, state)
            elif response.status_code == 200:
                total, have = _start(response, address, part, size), 0
            else:
                _refuse(response, part)
            _check_space(part.parent, total, have)
            _receive(response, part, have, total, progress)
    except requests.exceptions.SSLError as error:
        raise DownloadError(f"the secure connection failed ({error})") from error
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _TryAgainError(f"the connection failed ({type(error).__name__})") from error
    except requests.RequestException as error:
        raise DownloadError(str(error)) from error
    arrived = part.stat().st_size
    if total is not None and arrived != total:
        raise _TryAgainError(f"the connection ended after {arrived:,} of {total:,} bytes")


def _start(response, address: str, part: Path, size: int | None) -> int | None:
    """Begin an empty part file for this answer; returns its full length if the server says it."""
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    if None not in (total, size) and total != size:
        raise DownloadError(f"the server offers {total:,} bytes instead of {size:,}")
    part.write_bytes(b"")
    _write_json(
        _beside(part, ".json"),
        {"address": address, "validator": _validator(response), "bytes": total},
    )
    return total


def _continue(response, part: Path, state: dict) -> int:
    """Make sure that the answer continues the part file; returns the full length."""
    have, total = part.stat().st_size, state["bytes"]
    fits = response.headers.get("Content-Range") == f"bytes {have}-{total - 1}/{total}"
    if not fits or _validator(response) not in (None, state["validator"]):
        part.unlink()
        raise _TryAgainError("the file changed on the server")
    return total


def _refuse(response, part: Path) -> None:
    """Raise what an answer without the file means."""
    code = response.status_code
    if code == 416:  # nothing lies where the part ends: it is part of something else
        part.unlink(missing_ok=True)
    message = f"the server answered {code} {response.reason or ''}".strip()
    if code in (206, 408, 416, 425, 429) or code >= 500:
        raise _TryAgainError(message)
    raise DownloadError(message)


def _receive(response, part: Path, have: int, total: int | None, progress: bool) -> None:
    """Append the body to the part file, as it comes."""
    with (
        open(part, "ab") as file,
        tqdm(
            desc=part.stem,
            total=total,
            initial=have,
            unit="B",
            unit_scale=True,
            disable=not progress,
        ) as bar,
    ):
        for block in response.raw.stream(CHUNK, decode_content=False):
            file.write(block)
            bar.update(len(block))


def _check_space(folder: Path, total: int | None, have: int) -> None:
    """Archive and unpacked pictures lie side by side for a moment, and are about equally large."""
    free = shutil.disk_usage(folder).free
    if total is not None and free < 2 * total - have:
        raise DownloadError(
            f"{folder} has {free / 1e9:.1f} GB free, and {(2 * total - have) / 1e9:.1f} GB are "
            "needed; make room, or choose another data folder"
        )


def _validator(response: requests.Response) -> str | None:
    """What names this version of the file; a weak ETag may not be used to continue (RFC 9110)."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _read_json(path: Path) -> dict:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a record that was cut short is no record
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


# --- a published set ---------------------------------------------------------------------------


def download(name: str, data_folder: str | Path | None = None, progress: bool = True) -> Path:
    """Download a published set and return its folder; does nothing where it is there already.

    The folder appears only when everything in it is complete, with a `dataset.json` that says
    direction, palette, source, size and checksum. An interrupted download is continued by the
    next call. An archive `NAME.tar.gz` that you put into the data folder yourself is used.

    Args:
        name: a key of `CATALOGUE`.
        data_folder: where to put it; None is `default_data_folder()`.
        progress: show a progress bar.

    Raises:
        DatasetError: no such set, no network, or no server has the archive intact.
    """
    if name not in CATALOGUE:
        raise DatasetError(
            f"no published set {name!r}, only {', '.join(CATALOGUE)}{did_you_mean(name, CATALOGUE)}"
        )
    root = Path(data_folder) if data_folder is not None else default_data_folder()
    folder = root / name
    if (folder / DESCRIPTION).is_file():
        return folder
    if folder.exists():
        raise DatasetError(
            f"{folder} is there but was not downloaded by the course: move it away to download, "
            "or open it as it is by giving its direction"
        )
    offline = f"the data set {PAINTED!r} needs no network"
    try:
        root.mkdir(parents=True, exist_ok=True)
        _fetch_and_unpack(CATALOGUE[name], folder, progress)
    except UnreachableError as error:
        raise DatasetError(
            f"{name!r} was not downloaded because no server answered: there is no network here, "
            f"or the servers are down; {offline}"
        ) from error
    except (DownloadError, OSError) as error:
        raise DatasetError(
            f"{name!r} was not downloaded: {error}; fix this or try again later ({offline})"
        ) from error
    return folder


def _fetch_and_unpack(published: Published, folder: Path, progress: bool) -> None:
    """Make the folder of a published set; it gets its name only when all of it is there."""
    archive = folder.with_name(f"{published.name}.tar.gz")
    partial = folder.with_name(f"{published.name}.partial")
    fetched = fetch(published.addresses, archive, published.bytes, published.sha256, progress)
    shutil.rmtree(partial, ignore_errors=True)
    try:
        unpack(archive, partial)
        inner = partial / published.name
        inner = inner if inner.is_dir() else partial
        find_pairs(inner)
    except (DamagedError, DatasetError) as error:
        forget(archive)
        shutil.rmtree(partial, ignore_errors=True)
        raise DownloadError(f"{error} (the useless {archive.name} was deleted)") from error
    facts = {
        "name": published.name,
        "direction": published.direction,
        "palette": published.palette,
        "label_side": published.label_side,
        "source": fetched.address,
        "bytes": fetched.bytes,
        "sha256": fetched.sha256,
    }
    (inner / DESCRIPTION).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    os.replace(inner, folder)
    shutil.rmtree(partial, ignore_errors=True)
    archive.unlink()
