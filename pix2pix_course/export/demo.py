"""The drawing page: lay it out in a folder, and show it from this machine to this machine."""

import functools
import http.server
import shutil
import subprocess
from pathlib import Path

from pix2pix_course.export.write import ExportError

PAGE = Path(__file__).with_name("page")
RUNTIME = (  # of the packages @litertjs/…; the second pair is for browsers without relaxed SIMD
    "core/dist/index.js",
    "core/wasm/litert_wasm_internal.js",
    "core/wasm/litert_wasm_internal.wasm",
    "core/wasm/litert_wasm_compat_internal.js",
    "core/wasm/litert_wasm_compat_internal.wasm",
    "wasm-utils/dist/index.js",
)
NOTICE = "LiteRT.js: @litertjs/core and @litertjs/wasm-utils, Apache License 2.0, by its authors.\n"
ELSE = "install Node.js (nodejs.org), or open the course's site and choose your model.tflite there"
TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wasm": "application/wasm"}


def lay_out(folder: Path, npm: Path) -> Path:
    """Copy the page and its runtime into a folder that holds an export; return the page.

    `npm` is where packages from npm are installed and kept: fetched once, of pinned versions.

    Raises:
        ExportError: there is no npm, or it cannot fetch them.
    """
    for file in PAGE.iterdir():
        if file.name != "package.json":
            shutil.copy(file, folder)
    packages = installed(npm)
    for file in RUNTIME:
        target = folder / "litert" / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(packages / file, target)
    (folder / "litert/NOTICE").write_text(NOTICE)
    return folder / "index.html"


def installed(npm: Path) -> Path:
    """The folder of the packages that the page runs on; they are fetched if they are not there."""
    packages = npm / "node_modules/@litertjs"
    if not all((packages / file).exists() for file in RUNTIME):
        npm.mkdir(parents=True, exist_ok=True)
        shutil.copy(PAGE / "package.json", npm)
        if not (command := shutil.which("npm")):
            raise ExportError(f"the page's runtime comes by npm, and there is none: {ELSE}")
        words = [command, "install", "--omit=dev", "--no-audit", "--no-fund", "--prefix", str(npm)]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise ExportError(f"npm cannot fetch its runtime ({reason}): try again; or {ELSE}")
    return packages


def server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server of a folder on 127.0.0.1, which other machines cannot reach; port 0: a free one."""
    handler = functools.partial(Quiet, directory=str(folder))
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, lists no folders, and writes no line for each."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | TYPES

    def log_message(self, *args):
        """Say nothing."""

    def list_directory(self, path):
        """Nobody need know what else lies there."""
        self.send_error(404)
