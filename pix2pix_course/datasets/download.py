"""Download a published set over a network that may fail at any byte, and unpack it safely.

Three files stand beside an archive `x.tar.gz`:

* `x.tar.gz.part`: what has arrived so far; it becomes `x.tar.gz` only when it is whole;
* `x.tar.gz.part.json`: which server file that part belongs to, so that it can be continued;
* `x.tar.gz.json`: size and checksum of the whole file; it stays to compare later downloads with.
"""

import gzip
import hashlib
import json
import shutil
import tarfile
import time
import urllib.parse
import zlib
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import requests
import urllib3
from tqdm import tqdm

from pix2pix_course.config import PAINTED
from pix2pix_course.datasets import DESCRIPTION, default_data_folder
from pix2pix_course.datasets.catalogue import CATALOGUE, Published
from pix2pix_course.pairs import DatasetError, find_pairs
from pix2pix_course.support.files import atomic, did_you_mean, one_after_another

ATTEMPTS = 4  # in a row, at one address, that may bring nothing new
PAUSE = 1.0  # seconds before the second attempt; doubled before each further one
TIMEOUT = (10, 60)  # seconds to wait for a connection, and then for the next bytes
CHUNK = 1 << 18  # bytes


class DownloadError(Exception):
    """The file cannot be had; the message says why, for the person who asked for it."""


class UnreachableError(DownloadError):
    """No server answered at all: most often there is no network."""


class _TryAgainError(Exception):
    """A failure that may pass: a broken connection, a busy server."""


class Fetched(NamedTuple):
    """Where a file came from and what it is: its length in bytes and its SHA-256."""

    address: str
    bytes: int
    sha256: str


# --- a published set ---------------------------------------------------------------------------


def download(name: str, data_folder: str | Path | None = None, progress: bool = True) -> Path:
    """Download a set of the `CATALOGUE` and return its folder, which appears when it is complete.

    Its `dataset.json` says direction, palette, source, size and checksum. The next call continues
    an interrupted download. An archive `NAME.tar.gz` that you put into the data folder is used.
    Raises `DatasetError`: no such set, no network, or no server has the archive intact.
    """
    if name not in CATALOGUE:
        raise DatasetError(
            f"no published set {name!r}, only {', '.join(CATALOGUE)}{did_you_mean(name, CATALOGUE)}"
        )
    published = CATALOGUE[name]
    root = Path(data_folder) if data_folder is not None else default_data_folder()
    folder, archive = root / name, root / f"{name}.tar.gz"
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
        with one_after_another(folder):
            if not (folder / DESCRIPTION).is_file():  # else another process has just fetched it
                _fetch_and_unpack(published, folder, archive, progress)
    except UnreachableError as error:
        raise DatasetError(
            f"{name!r} was not downloaded because no server answered: there is no network here, "
            f"or the servers are down; {offline}"
        ) from error
    except (DownloadError, DatasetError, OSError) as error:
        failed = f"{name!r} was not downloaded"
        if isinstance(error, DatasetError):  # the archive arrived, but is useless: forget it
            archive.unlink()
            _beside(archive, ".json").unlink(missing_ok=True)
            failed += f" (the useless {archive.name} was deleted)"
        raise DatasetError(f"{failed}: {error}; fix this or try again later ({offline})") from error
    return folder


def _fetch_and_unpack(published: Published, folder: Path, archive: Path, progress: bool) -> None:
    fetched = fetch(published.addresses, archive, published.bytes, published.sha256, progress)
    with atomic(folder) as partial:
        unpack(archive, partial)
        if (inner := partial / published.name).is_dir():  # most archives hold one folder
            for part in inner.iterdir():
                part.rename(partial / part.name)
            inner.rmdir()
        find_pairs(partial)
        keys = ("name", "direction", "palette", "label_side")
        facts = {key: getattr(published, key) for key in keys}
        facts |= {"source": fetched.address, "bytes": fetched.bytes, "sha256": fetched.sha256}
        _write_json(partial / DESCRIPTION, facts)
    archive.unlink()


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar.gz archive into a new folder: nothing but folders and files inside of it.

    Anything else (a link, a device, a name with "..") stops the unpacking: a data set of pictures
    has no use for it, and it is how an archive writes where it should not. Raises `DatasetError`:
    an unsafe member or a damaged archive; `DownloadError`: files cannot be written.
    """
    folder.mkdir(parents=True)
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                name = PureWindowsPath(member.name)  # splits at / and at \, knows C:
                leaves = name.anchor or ".." in name.parts
                if leaves or not (member.isfile() or member.isdir()):
                    kind = "a path that leaves the folder" if leaves else "a link or a device"
                    raise DatasetError(
                        f"{archive.name} holds {kind}, {member.name!r}; "
                        "no data set needs that, so nothing of the archive is used"
                    )
                target = folder / member.name
                (target if member.isdir() else target.parent).mkdir(parents=True, exist_ok=True)
                if member.isfile():  # copied by hand: no owner, mode or time is taken over
                    with tar.extractfile(member) as source, open(target, "wb") as copy:
                        shutil.copyfileobj(source, copy)
            while tar.fileobj.read(CHUNK):
                pass  # gzip compares its checksum only at the very end
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DatasetError(f"{archive.name} is damaged or no archive ({error})") from error
    except OSError as error:
        raise DownloadError(f"{archive} cannot be unpacked ({error})") from error


# --- one file ----------------------------------------------------------------------------------


def fetch(addresses, path: Path, size=None, sha256=None, progress: bool = True) -> Fetched:
    """Download a file to `path` from the first address that gives it whole.

    It must have `size` bytes and the checksum, where they are known; an unknown checksum is the one
    recorded at the first download. An unfinished download stays beside `path` for the next call.
    Raises `UnreachableError`: no address answered; `DownloadError`: every reason is listed.
    """
    record, part = _beside(path, ".json"), _beside(path, ".part")
    first = _read_json(record)
    known = (size, sha256 or first.get("sha256"))
    if path.is_file():  # fetched before but never unpacked, or put there by hand
        fetched, wrong = _measure(path, first.get("address", str(path)), *known)
        if wrong:
            raise DownloadError(f"{path} is there, but {wrong}; delete it")
        return fetched

    failures, silent = [], True
    for address in addresses:
        try:
            _complete(address, part, size, progress)
        except DownloadError as error:
            failures.append(f"{public(address)}: {error}")
            silent = silent and isinstance(error, UnreachableError)
            continue
        fetched, wrong = _measure(part, public(address), *known)
        if not wrong:
            _write_json(record, fetched._asdict())
            part.replace(path)
            _beside(part, ".json").unlink(missing_ok=True)
            return fetched
        part.unlink()
        if first and not sha256:
            wrong += f" (if you trust the new file more than the first download, delete {record})"
        failures.append(f"{public(address)}: {wrong}")
        silent = False
    raise (UnreachableError if silent else DownloadError)("; ".join(failures))


def public(address: str) -> str:
    """An address as it may be printed and kept: without the user and password it may hold."""
    parts = urllib.parse.urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _measure(path: Path, address: str, size: int | None, sha256: str | None) -> tuple[Fetched, str]:
    """What a whole file is, and what is wrong with it, if it should have that size or checksum."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    found = Fetched(address, path.stat().st_size, digest)
    if size not in (None, found.bytes):
        return found, f"it has {found.bytes:,} bytes instead of {size:,}"
    if sha256 not in (None, digest):
        return found, f"its SHA-256 is {digest} instead of {sha256}"
    return found, ""


def _complete(address: str, part: Path, size: int | None, progress: bool) -> None:
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
                tqdm.write(f"{public(address)}: {error}; trying again in {pause:g} s")
            time.sleep(pause)


def _attempt(address: str, part: Path, size: int | None, progress: bool) -> None:
    """One request: for the whole file, or for what is missing of it."""
    state = _read_json(_beside(part, ".json"))
    have = part.stat().st_size if part.is_file() else 0
    # Without a validator (ETag or date) two different files could be glued together.
    total = state.get("bytes")
    if state.get("address") != public(address) or not (state.get("validator") and total):
        have = 0
    if have and have == total:
        return
    headers = {"Accept-Encoding": "identity"}  # an archive is stored as it is, never unpacked
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": state["validator"]}
    try:
        with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as response:
            same = _validator(response) in (None, state.get("validator"))
            sent = response.headers.get("Content-Range")
            if response.status_code != 206 or not have:
                have, total = 0, _start(response, address, part, size)
            elif not same or sent != f"bytes {have}-{total - 1}/{total}":
                part.unlink()
                raise _TryAgainError("the file changed on the server")
            _receive(response, part, have, total, progress)
    except requests.exceptions.SSLError as error:
        raise DownloadError(f"the secure connection failed ({error})") from error
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _TryAgainError(f"the connection failed ({type(error).__name__})") from error
    except requests.RequestException as error:
        raise DownloadError(str(error).replace(address, public(address))) from error


def _start(response, address: str, part: Path, size: int | None) -> int | None:
    """Begin an empty part file for this answer; returns its full length if the server says it."""
    code = response.status_code
    if code == 416:  # nothing lies where the part ends: it is part of something else
        part.unlink(missing_ok=True)
    if code != 200:
        again = code in (206, 408, 416, 425, 429) or code >= 500
        message = f"the server answered {code} {response.reason or ''}".strip()
        raise (_TryAgainError if again else DownloadError)(message)
    length = response.headers.get("Content-Length", "")
    total = int(length) if length.isdigit() else None
    if None not in (total, size) and total != size:
        raise DownloadError(f"the server offers {total:,} bytes instead of {size:,}")
    part.write_bytes(b"")
    state = {"address": public(address), "validator": _validator(response), "bytes": total}
    _write_json(_beside(part, ".json"), state)
    return total


def _validator(response) -> str | None:
    """What names this version of the file; a weak ETag may not be used to continue (RFC 9110)."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _receive(response, part: Path, have: int, total: int | None, progress: bool) -> None:
    """Append the body to the part file as it comes, `total` bytes with those that are there."""
    # Archive and unpacked pictures lie side by side for a moment, and are about equally large.
    free, needed = shutil.disk_usage(part.parent).free, 2 * (total or 0) - have
    if free < needed:
        raise DownloadError(
            f"{part.parent} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are needed; "
            "make room, or choose another data folder"
        )
    shown = {"unit": "B", "unit_scale": True, "disable": not progress}
    with open(part, "ab") as file, tqdm(None, part.stem, total, initial=have, **shown) as bar:
        for block in response.raw.stream(CHUNK, decode_content=False):
            bar.update(file.write(block))
    arrived = part.stat().st_size
    if total not in (None, arrived):
        raise _TryAgainError(f"the connection ended after {arrived:,} of {total:,} bytes")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _read_json(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a record that was cut short is no record


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
