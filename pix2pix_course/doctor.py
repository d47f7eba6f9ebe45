"""What this machine has, and which profile fits it.

TensorFlow is asked in a process of its own: importing it takes seconds, may fail, and would
take hold of the GPU in the process that asks.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pix2pix_course.config import PROFILES

GIB = 2**30
PACKAGES = ("tensorflow", "keras", "numpy")

_ASK_TENSORFLOW = """
import json
import tensorflow as tf
details = tf.config.experimental.get_device_details
gpus = tf.config.list_physical_devices("GPU")
print(json.dumps([details(gpu).get("device_name", gpu.name) for gpu in gpus]))
"""


@dataclass(frozen=True)
class Gpu:
    """A graphics processor that NVIDIA's driver reports; memory in GiB."""

    name: str
    memory: float


@dataclass(frozen=True)
class Machine:
    """The facts that decide how the course runs here.

    Attributes:
        python, system: the interpreter's version; operating system and processor.
        cores: processor cores that this process may use.
        memory: main memory in GiB, None where the system does not say.
        free_disk: free space of the current folder's disk in GiB.
        packages: installed versions of the packages that compute; "missing" for absent ones.
        gpus: graphics processors that the driver reports, used or not.
        used_gpus: names of the GPUs that TensorFlow can use.
        problem: why TensorFlow does not start; None when it does.
    """

    python: str
    system: str
    cores: int
    memory: float | None
    free_disk: float
    packages: dict[str, str]
    gpus: tuple[Gpu, ...]
    used_gpus: tuple[str, ...]
    problem: str | None

    @property
    def device(self) -> str:
        """The device that networks run on, in a few words."""
        return ", ".join(self.used_gpus) or f"CPU, {self.cores} cores"

    @property
    def advice(self) -> tuple[str, str]:
        """The profile that fits, and why."""
        if self.used_gpus:
            return "gpu", "TensorFlow uses a GPU: the paper's 256 pixels and 200 epochs fit"
        if self.cores < 2 or (self.memory or 4) < 3:
            return "smoke", "less than 2 cores or 3 GiB: training would be too slow to watch"
        size, epochs = PROFILES["cpu"].image_size, PROFILES["cpu"].epochs
        return "cpu", f"no GPU in use: {size} pixels and {epochs} epochs take minutes on 2 cores"

    def report(self) -> str:
        """All of it as lines for the terminal."""
        memory = "unknown" if self.memory is None else f"{self.memory:.1f} GiB"
        profile, reason = self.advice
        lines = [
            f"Python      {self.python}",
            f"System      {self.system}",
            f"Cores       {self.cores}",
            f"Memory      {memory}",
            f"Free disk   {self.free_disk:.1f} GiB",
            *(f"{name:11} {version}" for name, version in self.packages.items()),
            *(f"GPU         {gpu.name}, {gpu.memory:.0f} GiB" for gpu in self.gpus),
        ]
        if not self.gpus and not self.used_gpus:
            lines.append("GPU         none")
        if self.problem:
            lines.append(f"Problem     TensorFlow does not start: {self.problem}")
        elif self.gpus and not self.used_gpus:
            lines.append(
                "Problem     TensorFlow does not use the GPU: install its CUDA libraries "
                "with `pip install -e '.[gpu]'`"
            )
        lines.append(f"Profile     {profile} ({reason})")
        return "\n".join(lines)


def inspect_machine() -> Machine:
    """Find out what this machine has; takes the seconds that TensorFlow needs to start."""
    used, problem = _tensorflow_gpus()
    return Machine(
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        cores=_cores(),
        memory=_memory(),
        free_disk=shutil.disk_usage(Path.cwd()).free / GIB,
        packages={name: _version(name) for name in PACKAGES},
        gpus=_driver_gpus(),
        used_gpus=used,
        problem=problem,
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux: a container may use fewer than there are
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"


def _driver_gpus() -> tuple[Gpu, ...]:
    """What `nvidia-smi` lists; nothing where there is no such command or driver."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        lines = subprocess.run(query, capture_output=True, text=True, check=True, timeout=30)
        rows = [line.rsplit(",", 1) for line in lines.stdout.splitlines() if line.strip()]
        return tuple(Gpu(name.strip(), float(mib) / 1024) for name, mib in rows)
    except (OSError, subprocess.SubprocessError, ValueError):
        return ()


def _tensorflow_gpus() -> tuple[tuple[str, ...], str | None]:
    """Names of the GPUs that TensorFlow can use, and why it does not start (None if it does)."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", _ASK_TENSORFLOW]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=180
        )
    except subprocess.TimeoutExpired:
        return (), "its import took over 3 minutes"
    if answer.returncode < 0:
        return (), f"its import was ended by signal {-answer.returncode}"
    if answer.returncode:
        return (), (answer.stderr.strip().splitlines() or ["no word why"])[-1]
    return tuple(json.loads(answer.stdout.splitlines()[-1])), None
