"""Run notebooks headless: one through papermill, or many with a report on each."""

import contextlib
import dataclasses
import difflib
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import nbformat

from pix2pix_course import __version__
from pix2pix_course.checking import first_line
from pix2pix_course.config import PAINTED
from pix2pix_course.config import profile as profile_config
from pix2pix_course.interactive import HEADLESS
from pix2pix_course.notebooks import (
    CHECKOUT,
    NotebookError,
    code_cells,
    default_folder,
    find,
    first_problem,
    parameters,
    read,
    select,
    where,
)

PASSED, FAILED, INTERRUPTED = "passed", "failed", "interrupted"
REPORTED_PACKAGES = ("tensorflow", "keras", "numpy", "papermill")

# --- one notebook ------------------------------------------------------------------------


def execute(
    notebook: Path,
    target: Path,
    *,
    working_folder: Path,
    values: Mapping[str, object] | None = None,
    data_folder: Path | None = None,
    timeout: int | None = None,
    total_timeout: float | None = None,
    keep_going: bool = False,
    output_limit: int | None = None,
    follow: bool = False,
) -> str | None:
    """Execute one notebook through papermill with the interpreter that runs this function.

    Args:
        notebook: read only.
        target: the executed notebook; written after every cell, so a failure loses nothing.
        working_folder: where the cells run.
        values: parameters to inject below the cell tagged `parameters`.
        data_folder: where the kernel looks for data sets; default: as this process does.
        timeout: seconds that one cell may take; None: any.
        total_timeout: seconds that all cells together may take; `timeout` then does not count.
        keep_going: execute the cells below a failing one too, unless the kernel is dead.
        output_limit: characters that all cells together may print; the rest is not kept, and the
            cell that prints too much is the last one.
        follow: also write what the cells print to this process's stdout, as it comes.

    Returns:
        None when every cell ran, else one line: the cell, the error.
    """
    import papermill

    reason = None
    begin = None
    stdout = _Printed(sys.stdout if follow else None, output_limit)

    def time_left(cell) -> int:
        nonlocal begin
        begin = begin or time.monotonic()  # at the first cell: the kernel's start does not count
        return max(1, round(begin + total_timeout - time.monotonic()))

    target.unlink(missing_ok=True)
    try:
        papermill.execute_notebook(
            notebook,
            target,
            parameters=dict(values or {}),
            cwd=working_folder,
            progress_bar=sys.stderr.isatty(),
            execution_timeout=timeout,
            timeout_func=time_left if total_timeout else None,
            allow_errors=keep_going,
            kernel_manager_class=_kernel_manager(data_folder),
            # A progress bar's many lines become the last one.
            coalesce_streams=True,
            stdout_file=stdout if follow or output_limit else None,
            stderr_file=stdout if output_limit else None,
        )
    except papermill.PapermillExecutionError:
        pass  # the notebook holds it
    except Exception as error:  # a dead kernel, a cell over its time: the notebook does not tell
        reason = f"{type(error).__name__}: {first_line(error)}"
        if stdout.is_full:
            reason = f"{TooMuchOutput.__name__}: more than {output_limit} characters were printed"
    if not target.exists():
        return reason
    executed = read(target)
    return f"{_last_started(executed)}: {reason}" if reason else first_problem(executed)


class TooMuchOutput(Exception):
    """Raised into the reading of a cell's output, so that an endless loop fills no memory."""


class _Printed:
    """Where papermill writes what cells print: counts it, and hands it on to another stream."""

    def __init__(self, stream, limit: int | None):
        self.stream, self.left = stream, limit

    @property
    def is_full(self) -> bool:
        return self.left is not None and self.left < 0

    def write(self, text: str) -> None:
        if self.stream:
            self.stream.write(text)
        if self.left is not None:
            self.left -= len(text)
        if self.is_full:
            raise TooMuchOutput

    def flush(self) -> None:
        if self.stream:
            self.stream.flush()


def _last_started(executed: nbformat.NotebookNode) -> str:
    started = "before the first cell"
    for number, cell in enumerate(code_cells(executed), start=1):
        if cell.metadata.get("papermill", {}).get("start_time"):
            started = where(number, cell)
    return started


def _kernel_manager(data_folder: Path | None) -> type:
    """A kernel manager for this very interpreter, whatever kernels the user has installed."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    environment = {"TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")}
    environment[HEADLESS] = "1"
    if (CHECKOUT / "pyproject.toml").exists():  # a checkout need not be installed
        paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if data_folder:
        environment["PIX2PIX_COURSE_DATA"] = str(data_folder.resolve())
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    # No word on every start about the unencrypted local socket, nor on an interrupt at its end.
    command += ["--log-level=CRITICAL"]

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = KernelSpec(argv=command, env=environment, language="python")

    return ThisInterpreter


# --- many notebooks -----------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one notebook.

    `error` is one line for the reader, None for a notebook that passed.
    """

    notebook: str
    status: str
    seconds: float
    executed: Path
    error: str | None = None


def run_notebooks(
    names: Iterable[str] = (),
    *,
    output: Path,
    profile: str = "cpu",
    dataset: str = PAINTED,
    direction: str | None = None,
    palette: str | None = None,
    seed: int = 0,
    extra: Mapping[str, object] | None = None,
    data_folder: Path | None = None,
    timeout: int | None = None,
    follow: bool = False,
    device: str = "unknown",
    folder: Path | None = None,
) -> list[Result]:
    """Run notebooks headless, one after the other, and keep what they showed.

    Args:
        names: numbers or names; none means all.
        output: the executed notebooks, `report.json` and, in `runs`, the trained runs.
        profile, dataset, direction, palette, seed: parameters of every notebook that knows them.
        extra: further parameters by name, given to every notebook that knows them.
        data_folder: where data sets are; default: the course's.
        timeout: seconds that one cell may take.
        follow: show what the cells print, while they run.
        device: noted in the report.
        folder: holds the notebooks.

    Returns:
        A result per notebook that was started. A failure does not keep the later ones from
        running; Ctrl-C does.

    Raises:
        NotebookError: no such notebook, or no notebook has a parameter of that name. Nothing
            has run.
        ValueError: no such profile.
    """
    profile_config(profile)  # refuses an unknown name
    notebooks = select(names, folder or default_folder())
    known = {path: parameters(path) for path in notebooks}
    output = output.resolve()
    values = {
        "PROFILE": profile,
        "DATASET": dataset,
        "DIRECTION": direction,
        "PALETTE": palette,
        "SEED": seed,
        "RUNS": str(output / "runs"),
    }
    extra = dict(extra or {})
    _refuse_unknown(extra, known)
    values |= extra

    output.mkdir(parents=True, exist_ok=True)
    results = []
    for path in notebooks:
        mine = {name: value for name, value in values.items() if name in known[path]}
        result = _run(path, output, mine, data_folder, timeout, follow)
        _write_report(result, output / "report.json", mine, device)
        results.append(result)
        if result.status == INTERRUPTED:
            break
    return results


def _run(path, output, values, data_folder, timeout, follow) -> Result:
    print(f"{path.stem} …", flush=True)
    target, begin = output / path.name, time.monotonic()
    try:
        error = execute(
            path,
            target,
            working_folder=output,
            values=values,
            data_folder=data_folder,
            timeout=timeout,
            follow=follow,
        )
        status = FAILED if error else PASSED
    except KeyboardInterrupt:
        error, status = "stopped by the user", INTERRUPTED
    result = Result(path.stem, status, round(time.monotonic() - begin, 1), target, error)
    print(f"{path.stem} {status} after {duration(result.seconds)}", flush=True)
    if error:
        print(f"  {error}\n  executed so far: {target}", flush=True)
    return result


def _refuse_unknown(extra: Mapping[str, object], known: Mapping[Path, Mapping]) -> None:
    """A misspelled parameter would change nothing; papermill only warns."""
    names = sorted({name for names in known.values() for name in names})
    for name in extra:
        if name in names:
            continue
        near = difflib.get_close_matches(name.upper(), names, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        lists = "\n".join(f"  {path.stem}: {', '.join(p) or '-'}" for path, p in known.items())
        raise NotebookError(f"no notebook has a parameter {name!r}.{hint} They have\n{lists}")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide what a notebook computes."""
    found = {"python": platform.python_version(), "pix2pix_course": __version__}
    for package in REPORTED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _write_report(result: Result, path: Path, values: Mapping, device: str) -> None:
    """Add one notebook's record to the report; those of notebooks run earlier stay."""
    report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record = dataclasses.asdict(result) | {"executed": result.executed.name}
    record |= {"parameters": dict(values), "device": device, "versions": versions()}
    report[record.pop("notebook")] = record
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(dict(sorted(report.items())), indent=2) + "\n", encoding="utf-8")
    partial.replace(path)


def duration(seconds: float) -> str:
    """Seconds as "43 s" or "4 min 05 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def table(results: list[Result]) -> str:
    """The results as a table for the terminal."""
    width = max(len("notebook"), *(len(result.notebook) for result in results))
    lines = [f"{'notebook':{width}}  {'status':11}  time"]
    lines += [f"{r.notebook:{width}}  {r.status:11}  {duration(r.seconds)}" for r in results]
    lines.append(f"{'in all':{width}}  {'':11}  {duration(sum(r.seconds for r in results))}")
    return "\n".join(lines)


def products(output: Path) -> Iterator[tuple[str, Path]]:
    """What lies in an output folder, as (what it is, where) for those that exist."""
    if find(output):
        yield "executed notebooks", output
    if (output / "report.json").exists():
        yield "report", output / "report.json"
    for config in sorted(output.glob("runs/*/config.json")):
        yield "trained run", config.parent
        evaluation = config.parent / "evaluation"
        if (evaluation / "metrics.csv").exists():
            yield "metrics table", evaluation / "metrics.csv"
        if (evaluation / "grid.png").exists():
            yield "test translations", evaluation / "grid.png"
