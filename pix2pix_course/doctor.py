"""What this machine has, and which profile fits it.

The engine is asked in a process of its own: importing it takes seconds, may fail, and would
take hold of the GPU in the process that asks.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

from pix2pix_course import versions
from pix2pix_course.config import PROFILES
from pix2pix_course.support.engine import driver_gpus, why_no_gpu

GIB = 2**30

ASK_ENGINE = """
import json
from pix2pix_course.support.engine import used_gpus
gpus = used_gpus()
import keras
print(json.dumps(gpus))
"""


@dataclass(frozen=True)
class Machine:
    """The facts that decide how the course runs here."""

    cores: int  # that this process may use
    memory: float | None  # GiB; None where the system does not say
    gpus: tuple[str, ...] = ()  # that the driver reports, used or not
    used_gpus: tuple[str, ...] = ()  # names of those that the engine can use
    problem: str | None = None  # why the engine or Keras will not do
    others: dict[str, str] = field(default_factory=dict)  # further lines of the report

    @property
    def device(self) -> str:
        """The device that networks run on, in a few words."""
        return ", ".join(self.used_gpus) or f"CPU, {self.cores} cores"

    @property
    def advice(self) -> tuple[str, str]:
        """The profile that fits, and why."""
        if self.used_gpus:
            return "gpu", "the engine uses a GPU: the paper's 256 pixels and 200 epochs fit"
        if self.cores < 2 or (self.memory or 4) < 3:
            return "smoke", "less than 2 cores or 3 GiB: training would be too slow to watch"
        size, epochs = PROFILES["cpu"].image_size, PROFILES["cpu"].epochs
        return "cpu", f"no GPU in use: {size} pixels and {epochs} epochs take minutes on 2 cores"

    def report(self) -> str:
        """All of it as lines for the terminal."""
        rows = [*self.others.items(), ("Cores", str(self.cores))]
        rows.append(("Memory", "unknown" if self.memory is None else f"{self.memory:.1f} GiB"))
        rows += [("GPU", gpu) for gpu in self.gpus or self.used_gpus or ("none",)]
        if self.problem:
            rows.append(("Problem", self.problem))
        elif self.gpus and not self.used_gpus:
            rows.append(("Problem", f"the engine does not use the GPU: {why_no_gpu()}"))
        rows.append(("Profile", "{} ({})".format(*self.advice)))
        return "\n".join(f"{name:15} {text}" for name, text in rows)


def inspect_machine() -> Machine:
    """Find out what this machine has; takes the seconds that the engine needs to start."""
    # Linux: a container may use fewer cores than there are. Windows has no sysconf.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    pages = os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else None
    others = {"System": f"{platform.system()} {platform.release()} {platform.machine()}"}
    others |= {"Free disk": f"{shutil.disk_usage('.').free / GIB:.1f} GiB"} | versions()
    return Machine(
        cores or 1,
        pages and pages * os.sysconf("SC_PAGE_SIZE") / GIB,
        driver_gpus(),
        *ask_engine(),
        others,
    )


def ask_engine() -> tuple[tuple[str, ...], str | None]:
    """Names of the GPUs that the engine can use; and why it will not do, None if it will."""
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", ASK_ENGINE]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=180
        )
    except subprocess.TimeoutExpired:
        return (), "The engine does not start: its import took over 3 minutes"
    if answer.returncode:
        said = answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"]
        return (), f"The engine or Keras does not start: {said[-1]}"
    return tuple(json.loads(answer.stdout.splitlines()[-1])), None
