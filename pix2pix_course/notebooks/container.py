"""Grade in a container: the students' code sees no network, no home, and two folders read only.

The command inside is `pix2pix-course grade` itself. The image, of the one who grades, needs a
`python` with the course's packages; the course comes from this checkout.
"""

import os
import shutil
import subprocess
from pathlib import Path

from pix2pix_course.notebooks import CHECKOUT
from pix2pix_course.notebooks.grade import GradingError

ENGINES = ("docker", "podman")
ROOM = 2  # GiB beside the notebook's own, for the program that grades
PROCESSES = 512  # that all of it may start: a fork bomb ends there
SCRATCH = "16g"  # of memory and swap, for files


def grade_in_container(
    image: str, folders: dict[str, Path], output: Path, memory: float, options: list[str]
) -> int:
    """Run `grade` with `options` in a container; return its exit code.

    Args:
        image: what docker or podman calls it.
        folders: read there as /handed_in, /notebooks and /data. The last must hold all data that
            the notebooks read: nothing can be fetched or painted.
        output: gets what `grade` writes.
        memory: GiB that one notebook may use.
        options: further ones of `grade`.

    Raises:
        GradingError: there is neither docker nor podman.
    """
    engine = next(filter(None, map(shutil.which, ENGINES)), None)
    if engine is None:
        raise GradingError(
            f"--container needs {' or '.join(ENGINES)}, and neither is here; without it the "
            "students' code runs with your rights"
        )
    output.mkdir(parents=True, exist_ok=True)
    grading = ["python", "-m", "pix2pix_course", "grade", "/handed_in", "--output", "/grades"]
    grading += ["--notebooks", "/notebooks", "--memory-limit", str(memory), *options]
    return subprocess.run(command(engine, image, folders, output, memory) + grading).returncode


def command(
    engine: str, image: str, folders: dict[str, Path], output: Path, memory: float
) -> list[str]:
    """The words that start the container, up to its image."""
    words = [engine, "run", "--rm", "--network", "none", "--cap-drop", "ALL"]
    words += ["--security-opt", "no-new-privileges", "--pids-limit", str(PROCESSES)]
    words += ["--memory", f"{memory + ROOM:g}g", "--read-only", "--tmpfs", f"/tmp:size={SCRATCH}"]
    if "docker" in Path(engine).name and hasattr(os, "getuid"):  # podman's root is nobody outside
        words += ["--user", f"{os.getuid()}:{os.getgid()}"]
    for name, folder in {"course": CHECKOUT, **folders}.items():
        words += ["--volume", f"{folder.resolve()}:/{name}:ro"]
    words += ["--volume", f"{output.resolve()}:/grades"]
    variables = {"PYTHONPATH": "/course", "PIX2PIX_COURSE_DATA": "/data", "HOME": "/tmp"}
    for name, value in variables.items():
        words += ["--env", f"{name}={value}"]
    return [*words, "--workdir", "/tmp", image]
