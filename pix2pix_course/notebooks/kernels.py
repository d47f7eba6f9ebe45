"""The process that runs a notebook's cells: which Python it is, and what it may not do."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil

from pix2pix_course.notebooks import CHECKOUT

HEADLESS = "PIX2PIX_COURSE_HEADLESS"
"""Environment variable: nobody is there to move a slider."""

GIB = 2**30
PAUSE = 0.2  # seconds between two looks at the memory


class TooMuchOutput(Exception):
    """Raised into the reading of a cell's output, so that an endless loop fills no memory."""


class Kernels:
    """The kernels of one notebook: started by papermill, watched and ended here.

    Args:
        data_folder: where they look for data sets; default: as this process does.
        stream: where what the cells print is written as it comes; None: nowhere.
        output_limit: characters that they may print; then they are killed.
        memory_limit: GiB that a kernel and its children may use together; then they are killed.
    """

    def __init__(self, data_folder, stream, output_limit: int | None, memory_limit: float | None):
        self.data_folder, self.stream = data_folder, stream
        self.output_limit, self.memory_limit = output_limit, memory_limit
        self.left = output_limit  # characters
        self.processes: list[subprocess.Popen] = []
        self.ended: str | None = None  # why they ended before their time
        self.is_over = threading.Event()

    def __enter__(self):
        """Begin to watch the memory."""
        if self.memory_limit:
            threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *error):
        """Stop watching, and leave no process of the notebook behind."""
        self.is_over.set()
        self.kill()

    def write(self, text: str) -> None:
        """Take what a cell printed; papermill calls it."""
        if self.stream:
            self.stream.write(text)
        if self.left is not None:
            self.left -= len(text)
            if self.left < 0:
                self.ended = f"TooMuchOutput: more than {self.output_limit} characters were printed"
                self.kill()  # an exception alone would wait for the end of the cell
                raise TooMuchOutput

    def flush(self) -> None:
        """Pass on what was written."""
        if self.stream:
            self.stream.flush()

    def kill(self) -> None:
        """End each kernel and whatever it has started, at once."""
        for process in self._living():
            for each in _family(process.pid):
                with contextlib.suppress(psutil.Error):
                    each.kill()

    def _living(self) -> list[subprocess.Popen]:
        """Those that have not ended: the number of one that has may be another process's now."""
        return [process for process in self.processes if process.poll() is None]

    def _watch(self) -> None:
        while not self.is_over.wait(PAUSE):
            for process in self._living():
                if (used := _memory(process.pid)) > self.memory_limit * GIB:
                    limit = f"{self.memory_limit:g} GiB"
                    self.ended = f"OutOfMemory: {used / GIB:.1f} GiB used, {limit} allowed"
                    self.kill()

    def how_it_died(self) -> str | None:
        """What is known of a kernel that is no longer there; None while all are."""
        codes = [code for process in self.processes if (code := process.poll()) is not None]
        if self.ended or not codes:
            return self.ended
        if codes[-1] == -getattr(signal, "SIGKILL", 9):
            return "DeadKernelError: the system killed it (signal 9): most often memory ran out"
        if codes[-1] < 0:
            name = signal.strsignal(-codes[-1])
            return f"DeadKernelError: it crashed (signal {-codes[-1]}, {name})"
        return f"DeadKernelError: it ended by itself (code {codes[-1]})"

    def manager(self) -> type:
        """A kernel manager of this very interpreter, whatever kernels the user has installed."""
        from jupyter_client.kernelspec import KernelSpec
        from jupyter_client.manager import AsyncKernelManager

        environment = {"TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")}
        environment[HEADLESS] = "1"
        if (CHECKOUT / "pyproject.toml").exists():  # a checkout need not be installed
            paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
            environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        if self.data_folder:
            environment["PIX2PIX_COURSE_DATA"] = str(Path(self.data_folder).resolve())
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        # No word on every start about the unencrypted local socket, nor on an interrupt at its end.
        command += ["--log-level=CRITICAL"]
        processes = self.processes

        class ThisInterpreter(AsyncKernelManager):
            kernel_spec = KernelSpec(argv=command, env=environment, language="python")

            async def start_kernel(self, **options):
                await super().start_kernel(**options)
                processes.append(self.provisioner.process)

        return ThisInterpreter


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    try:
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    except psutil.NoSuchProcess:
        return []


def _memory(pid: int) -> int:
    """Bytes of memory that a process and its descendants hold."""
    total = 0
    for process in _family(pid):
        with contextlib.suppress(psutil.Error):
            total += process.memory_info().rss
    return total
