"""Archives served from this machine: good, cut short, changed, hostile."""

import gzip
import hashlib
import http.server
import io
import json
import os
import tarfile
import threading

import pytest

from pix2pix_course.datasets import download
from pix2pix_course.datasets.download import DownloadError, UnreachableError, fetch, unpack
from pix2pix_course.pairs import DatasetError

BODY = os.urandom(100_000)
OTHER = os.urandom(100_000)


class Server:
    """A loopback server that plays one scripted answer per request, and notes the requests.

    An answer is a dictionary: `status`, `body`, `etag`, `cut` (send only so many bytes),
    `ranges` (whether Range is honoured), `trust` (honour Range without looking at If-Range),
    `length` (whether Content-Length is sent). The last answer is repeated.
    """

    def __init__(self):
        self.answers, self.requests = [{}], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append(dict(self.headers))
                answers = outer.answers
                outer.play(self, **(answers.pop(0) if len(answers) > 1 else answers[0]))

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}/facades.tar.gz"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def play(
        self,
        handler,
        status=200,
        body=BODY,
        etag='"one"',
        cut=None,
        ranges=True,
        trust=False,
        length=True,
    ):
        first, asked = 0, handler.headers.get("Range")
        same = trust or handler.headers.get("If-Range") == etag
        if status == 200 and asked and ranges and same:
            status, first = 206, int(asked.removeprefix("bytes=").rstrip("-"))
        handler.send_response(status)
        if etag:
            handler.send_header("ETag", etag)
        if status == 206:
            handler.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        part = body[first:] if status in (200, 206) else b""
        if length:
            handler.send_header("Content-Length", str(len(part)))
        handler.end_headers()
        handler.wfile.write(part[:cut])


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.001)


def get(server, path, **known):
    return fetch([server.address], path / "x.tar.gz", progress=False, **known)


def test_a_good_file_arrives_with_its_checksum(server, tmp_path):
    fetched = get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY
    assert fetched.sha256 == hashlib.sha256(BODY).hexdigest()
    assert (fetched.address, fetched.bytes) == (server.address, len(BODY))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["x.tar.gz", "x.tar.gz.json"]


def test_a_cut_connection_is_continued_where_it_broke(server, tmp_path):
    server.answers = [{"cut": 30_000}, {"cut": 20_000}, {}]
    get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY
    ranges = [request.get("Range") for request in server.requests]
    assert ranges == [None, "bytes=30000-", "bytes=50000-"]


def test_the_next_call_continues_an_unfinished_download(server, tmp_path):
    server.answers = [{"cut": 30_000}, {"status": 503}]
    with pytest.raises(DownloadError, match="503"):
        get(server, tmp_path)
    assert not (tmp_path / "x.tar.gz").exists()
    server.answers, server.requests = [{}], []
    get(server, tmp_path)
    assert [request.get("Range") for request in server.requests] == ["bytes=30000-"]
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY


def test_a_whole_part_needs_no_server(server, tmp_path):
    # Killed between the last byte and the renaming.
    get(server, tmp_path)
    (tmp_path / "x.tar.gz").rename(tmp_path / "x.tar.gz.part")
    (tmp_path / "x.tar.gz.part.json").write_text(
        json.dumps({"address": server.address, "validator": '"one"', "bytes": len(BODY)})
    )
    server.requests.clear()
    get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY
    assert not server.requests


@pytest.mark.parametrize(
    "second",
    [
        {"body": OTHER, "etag": '"two"'},  # an honest server sends the new file whole
        {"body": OTHER, "etag": '"two"', "trust": True},  # another ignores If-Range
        {"body": OTHER[:20_000], "etag": '"two"', "trust": True},
    ],
)
def test_a_file_that_changed_between_attempts_is_never_glued(server, tmp_path, second):
    server.answers = [{"cut": 30_000}, second]
    get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == second["body"]


@pytest.mark.parametrize("second", [{"ranges": False}, {"ranges": False, "etag": None}])
def test_a_server_without_ranges_starts_over(server, tmp_path, second):
    server.answers = [{**second, "cut": 30_000}, second]
    get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY


def test_without_a_validator_nothing_is_continued(server, tmp_path):
    server.answers = [{"etag": None, "cut": 30_000}, {"etag": None, "trust": True}]
    get(server, tmp_path)
    assert all("Range" not in request for request in server.requests)
    assert (tmp_path / "x.tar.gz").read_bytes() == BODY


def test_a_weak_etag_is_no_validator(server, tmp_path):
    server.answers = [{"etag": 'W/"one"', "cut": 30_000}, {"etag": 'W/"one"'}]
    get(server, tmp_path)
    assert all("Range" not in request for request in server.requests)


def test_a_busy_server_is_asked_again(server, tmp_path):
    server.answers = [{"status": 503}, {"status": 429}, {}]
    get(server, tmp_path)
    assert len(server.requests) == 3


def test_pauses_grow_and_attempts_end(server, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr(download.time, "sleep", pauses.append)
    server.answers = [{"status": 503}]
    with pytest.raises(DownloadError, match="503"):
        get(server, tmp_path)
    assert len(server.requests) == download.ATTEMPTS
    assert pauses == [download.PAUSE * factor for factor in (1, 2, 4)]


def test_a_server_that_always_cuts_at_the_same_byte_is_given_up(server, tmp_path):
    server.answers = [{"ranges": False, "cut": 30_000}]
    with pytest.raises(DownloadError, match=r"failed|ended"):
        get(server, tmp_path)
    assert len(server.requests) == download.ATTEMPTS + 1


def test_a_missing_file_is_asked_for_once(server, tmp_path):
    server.answers = [{"status": 404}]
    with pytest.raises(DownloadError, match="404"):
        get(server, tmp_path)
    assert len(server.requests) == 1


def test_a_file_of_another_size_is_refused_before_it_is_loaded(server, tmp_path):
    with pytest.raises(DownloadError, match="100,000 bytes instead of 99,999"):
        get(server, tmp_path, size=99_999)
    assert not list(tmp_path.iterdir())


def test_a_short_file_of_unannounced_length_is_refused(server, tmp_path):
    server.answers = [{"length": False, "cut": 30_000}]
    with pytest.raises(DownloadError, match="30,000 bytes instead of 100,000"):
        get(server, tmp_path, size=len(BODY))
    assert not (tmp_path / "x.tar.gz").exists()


def test_a_known_checksum_decides(server, tmp_path):
    with pytest.raises(DownloadError, match="SHA-256"):
        get(server, tmp_path, sha256=hashlib.sha256(OTHER).hexdigest())
    assert not (tmp_path / "x.tar.gz").exists()
    get(server, tmp_path, sha256=hashlib.sha256(BODY).hexdigest())


def test_a_second_download_is_compared_with_the_first(server, tmp_path):
    get(server, tmp_path)
    (tmp_path / "x.tar.gz").unlink()
    server.answers = [{"body": OTHER, "etag": '"two"'}]
    with pytest.raises(DownloadError, match=r"SHA-256.*delete .*x\.tar\.gz\.json"):
        get(server, tmp_path)
    assert not (tmp_path / "x.tar.gz").exists()
    (tmp_path / "x.tar.gz.json").unlink()
    get(server, tmp_path)
    assert (tmp_path / "x.tar.gz").read_bytes() == OTHER


def test_mirrors_are_tried_in_turn(server, tmp_path):
    dead = "http://127.0.0.1:9/x.tar.gz"
    missing = Server()
    missing.answers = [{"status": 404}]
    fetched = fetch([dead, missing.address, server.address], tmp_path / "x.tar.gz", progress=False)
    assert fetched.address == server.address
    missing.http.shutdown()
    missing.http.server_close()


def test_a_wrong_mirror_does_not_spoil_the_part_of_another(server, tmp_path):
    server.answers = [{"cut": 30_000}, {"status": 503}]
    with pytest.raises(DownloadError):
        get(server, tmp_path, size=len(BODY))
    wrong = Server()
    wrong.answers = [{"body": b"please log in"}]
    server.answers, server.requests = [{}], []
    fetch([wrong.address, server.address], tmp_path / "x.tar.gz", size=len(BODY), progress=False)
    assert [request.get("Range") for request in server.requests] == ["bytes=30000-"]
    wrong.http.shutdown()
    wrong.http.server_close()


def test_a_password_in_an_address_is_neither_kept_nor_shown(server, tmp_path, capsys):
    address = server.address.replace("http://", "http://ada:secret@")
    assert fetch([address], tmp_path / "x.tar.gz").address == server.address
    assert server.requests[0]["Authorization"].startswith("Basic ")
    (tmp_path / "x.tar.gz").unlink()
    server.answers = [{"status": 503}]
    with pytest.raises(DownloadError) as caught:
        fetch([address], tmp_path / "x.tar.gz")
    said = str(caught.value) + "".join(capsys.readouterr())
    kept = "".join(file.read_text("latin-1") for file in tmp_path.glob("*.json"))
    assert server.address in said
    assert server.address in kept
    assert "secret" not in said + kept


def test_nobody_there_is_told_apart(tmp_path):
    with pytest.raises(UnreachableError):
        fetch(["http://127.0.0.1:9/x"], tmp_path / "x.tar.gz", progress=False)


def test_a_full_disk_is_noticed_first(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda _: type("", (), {"free": 1000}))
    with pytest.raises(DownloadError, match="GB free"):
        get(server, tmp_path)


def test_a_compressed_transfer_is_not_unpacked(server, tmp_path):
    get(server, tmp_path)
    assert server.requests[0]["Accept-Encoding"] == "identity"


def test_the_bar_counts_the_bytes(server, tmp_path, capsys):
    fetch([server.address], tmp_path / "x.tar.gz", progress=True)
    shown = capsys.readouterr().err
    assert "x.tar.gz" in shown
    assert "100%" in shown


# --- unpacking --------------------------------------------------------------------------------


def tar(*members, content=b"picture") -> bytes:
    """A tar.gz of members given as a name, or as (name, type, linkname)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            name, kind, link = member if isinstance(member, tuple) else (member, None, "")
            info = tarfile.TarInfo(name)
            info.size = 0 if kind else len(content)
            if kind:
                info.type, info.linkname = kind, link
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_a_good_archive_is_unpacked(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(
        tar(("x", tarfile.DIRTYPE, ""), "x/train/1.jpg", "./x/val/2.jpg")
    )
    unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert (tmp_path / "out/x/train/1.jpg").read_bytes() == b"picture"
    assert (tmp_path / "out/x/val/2.jpg").is_file()


@pytest.mark.parametrize(
    "member",
    [
        "../evil",
        "x/../../evil",
        "/tmp/evil",
        "C:\\evil",
        "..\\evil",
        ("x/link", tarfile.SYMTYPE, "../../evil"),
        ("x/link", tarfile.SYMTYPE, "/etc"),
        ("x/link", tarfile.LNKTYPE, "../evil"),
        ("x/tty", tarfile.CHRTYPE, ""),
        ("x/pipe", tarfile.FIFOTYPE, ""),
    ],
)
def test_nothing_leaves_the_folder(tmp_path, member):
    (tmp_path / "a.tar.gz").write_bytes(tar("x/1.jpg", member, "x/link/evil"))
    name = member if isinstance(member, str) else member[0]
    with pytest.raises(DatasetError) as caught:
        unpack(tmp_path / "a.tar.gz", tmp_path / "deep" / "out")
    assert repr(name) in str(caught.value)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} <= {"a.tar.gz", "1.jpg"}
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("kind", ["cut", "cut at the end", "flipped", "no archive", "empty"])
def test_a_damaged_archive_is_an_error(tmp_path, kind):
    good = tar("x/1.jpg", "x/2.jpg", content=os.urandom(50_000))
    checksum_broken = bytearray(good)
    checksum_broken[-8] ^= 1  # the gzip trailer: every file comes out, the checksum does not
    (tmp_path / "a.tar.gz").write_bytes(
        {
            "cut": good[:60_000],
            "cut at the end": good[:-4],
            "flipped": bytes(checksum_broken),
            "no archive": b"<html>please log in</html>",
            "empty": gzip.compress(b"")[:10],
        }[kind]
    )
    with pytest.raises(DatasetError, match=r"a\.tar\.gz"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
