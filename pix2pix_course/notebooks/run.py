"""Run notebooks headless: one through papermill, or many with a report on each."""

import dataclasses
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from pix2pix_course import atomic, did_you_mean, versions
from pix2pix_course.exercises.checking import first_line
from pix2pix_course.notebooks import CHECKOUT, files
from pix2pix_course.support.engine import ENGINES, engine_name

PASSED, FAILED, INTERRUPTED = "passed", "failed", "interrupted"
HEADLESS = "PIX2PIX_COURSE_HEADLESS"
"""Environment variable: nobody is there to move a slider."""

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
        timeout, total_timeout: seconds that one cell, or all together, may take; None: any.
        keep_going: execute the cells below a failing one too, unless the kernel is dead.
        output_limit: characters that all cells may print; then the kernel is killed.
        follow: also write what the cells print to this process's stdout, as it comes.

    Returns:
        None when every cell ran, else one line: the cell, the error.
    """
    import papermill

    reason = begin = None
    kernels = []
    printed = _Printed(sys.stdout if follow else None, output_limit, kernels)

    def time_left(cell) -> int:
        nonlocal begin
        begin = begin or time.monotonic()  # at the first cell: the kernel's start does not count
        return max(1, round(begin + total_timeout - time.monotonic()))

    target.unlink(missing_ok=True)
    try:
        papermill.execute_notebook(
            notebook if engine_name() == "tensorflow" else without_tensorflow(notebook),
            target,
            parameters=dict(values or {}),
            cwd=working_folder,
            progress_bar=sys.stderr.isatty(),
            execution_timeout=timeout,
            timeout_func=time_left if total_timeout else None,
            allow_errors=keep_going,
            kernel_manager_class=_kernel_manager(data_folder, kernels),
            # A progress bar's many lines become the last one.
            coalesce_streams=True,
            stdout_file=printed if follow or output_limit else None,
            stderr_file=printed if output_limit else None,
        )
    except papermill.PapermillExecutionError:
        pass  # the notebook holds it
    except Exception as error:  # a dead kernel, a cell over its time: the notebook does not tell
        reason = f"{type(error).__name__}: {first_line(error)}"
        if printed.is_full:
            reason = f"{TooMuchOutput.__name__}: more than {output_limit} characters were printed"
    if not target.exists():
        return reason
    executed = files.read(target)
    return f"{_last_started(executed)}: {reason}" if reason else files.first_problem(executed)


def without_tensorflow(notebook: Path) -> nbformat.NotebookNode:
    """A notebook whose cells that show TensorFlow's own tools only say that they are skipped."""
    changed = files.read(notebook)
    for cell in files.code_cells(changed):
        if "tensorflow" in files.tags(cell):
            what = f"skipped: it shows TensorFlow's own tools; here is {ENGINES[engine_name()]}"
            cell.source = f"print({what!r})"
    return changed


class TooMuchOutput(Exception):
    """Raised into the reading of a cell's output, so that an endless loop fills no memory."""


class _Printed:
    """Where papermill writes what cells print: hands it on, and kills a kernel that never ends."""

    def __init__(self, stream, limit: int | None, kernels: list):
        self.stream, self.left, self.kernels = stream, limit, kernels
        self.is_full = False

    def write(self, text: str) -> None:
        if self.stream:
            self.stream.write(text)
        if self.left is not None:
            self.left -= len(text)
            self.is_full = self.left < 0
        if self.is_full:
            # An exception alone would wait for the end of the cell.
            for kernel in self.kernels:
                kernel.provisioner.process.kill()
            raise TooMuchOutput

    def flush(self) -> None:
        if self.stream:
            self.stream.flush()


def _last_started(executed: nbformat.NotebookNode) -> str:
    started = "before the first cell"
    for number, cell in enumerate(files.code_cells(executed), start=1):
        if cell.metadata.get("papermill", {}).get("start_time"):
            started = files.where(number, cell)
    return started


def _kernel_manager(data_folder: Path | None, kernels: list) -> type:
    """A kernel manager for this very interpreter, whatever kernels the user has installed.

    Those that it makes are noted in `kernels`.
    """
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

        def __init__(self, **options):
            super().__init__(**options)
            kernels.append(self)

    return ThisInterpreter


# --- many notebooks -----------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one notebook; `error` is one line, None for a notebook that passed."""

    notebook: str
    status: str
    seconds: float
    executed: Path
    error: str | None = None


def run_notebooks(
    names: Iterable[str] = (),
    *,
    output: Path,
    values: Mapping[str, object],
    extra: Mapping[str, object] | None = None,
    folder: Path | None = None,
    device: str = "unknown",
    **options,
) -> list[Result]:
    """Run notebooks headless, one after the other, and keep what they showed.

    Args:
        names, folder: see `files.select`.
        output: gets the executed notebooks, `report.json` and, in `runs`, the trained runs.
        values: parameters by name ("PROFILE", …), for the notebooks that know them.
        extra: further ones, of which every name must be known to a notebook.
        device: noted in the report.
        options: `data_folder`, `timeout` and `follow`, see `execute`.

    Returns:
        A result per notebook that was started. A failure does not keep the later ones from
        running; Ctrl-C does.

    Raises:
        NotebookError: no such notebook, or no notebook has a parameter of that name. Nothing
            has run.
    """
    output = output.resolve()
    chosen = _values(names, values, extra or {}, folder, output)
    output.mkdir(parents=True, exist_ok=True)
    results = []
    for path, mine in chosen.items():
        print(f"{path.stem} …", flush=True)
        target, begin = output / path.name, time.monotonic()
        try:
            error = execute(path, target, working_folder=output, values=mine, **options)
            status = FAILED if error else PASSED
        except KeyboardInterrupt:
            error, status = "stopped by the user", INTERRUPTED
        result = Result(path.stem, status, round(time.monotonic() - begin, 1), target, error)
        print(f"{path.stem} {status} after {duration(result.seconds)}", flush=True)
        if error:
            print(f"  {error}\n  executed so far: {target}", flush=True)
        _write_report(result, output / "report.json", mine, device)
        results.append(result)
        if status == INTERRUPTED:
            break
    return results


def inject(
    names: Iterable[str], *, output: Path, values: Mapping[str, object], folder: Path | None = None
) -> list[Path]:
    """Copy notebooks with other parameters and the stored outputs, without running them.

    nbval then runs each copy and compares its checked cells with what its authors stored.
    """
    from papermill.iorw import load_notebook_node
    from papermill.parameterize import parameterize_notebook

    output = output.resolve()
    chosen = _values(names, values, {}, folder, output)
    output.mkdir(parents=True, exist_ok=True)
    for path, mine in chosen.items():
        copy = parameterize_notebook(load_notebook_node(str(path)), mine)
        nbformat.write(copy, output / path.name)
    return [output / path.name for path in chosen]


def _values(names, values, extra, folder, output) -> dict[Path, dict[str, object]]:
    """The chosen notebooks, each with those of the parameters that it knows."""
    known = {path: files.parameters(path) for path in files.select(names, folder)}
    given = {**values, "RUNS": str(output / "runs"), **extra}
    all_names = sorted({name for its_own in known.values() for name in its_own})
    # A misspelled parameter would change nothing; papermill only warns.
    for name in set(extra) - set(all_names):
        lists = "\n".join(f"  {path.stem}: {', '.join(p) or '-'}" for path, p in known.items())
        hint = did_you_mean(name.upper(), all_names)
        raise files.NotebookError(f"no notebook has a parameter {name!r}{hint}. They have\n{lists}")
    return {path: {n: v for n, v in given.items() if n in own} for path, own in known.items()}


def _write_report(result: Result, path: Path, values: Mapping, device: str) -> None:
    """Add one notebook's record to the report; those of notebooks run earlier stay."""
    report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    record = dataclasses.asdict(result) | {"executed": result.executed.name}
    record |= {"parameters": dict(values), "device": device, "versions": versions()}
    report[record.pop("notebook")] = record
    with atomic(path) as partial:
        partial.write_text(json.dumps(dict(sorted(report.items())), indent=2) + "\n", "utf-8")


def duration(seconds: float) -> str:
    """Seconds as "43 s" or "4 min 05 s"."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def table(results: list[Result]) -> str:
    """The results as a table for the terminal."""
    rows = [(r.notebook, r.status, duration(r.seconds)) for r in results]
    rows = [("notebook", "status", "time"), *rows]
    rows.append(("in all", "", duration(sum(r.seconds for r in results))))
    width = max(len(name) for name, _, _ in rows)
    return "\n".join(f"{name:{width}}  {status:11}  {time}" for name, status, time in rows)


def products(output: Path) -> Iterator[tuple[str, Path]]:
    """What lies in an output folder, as (what it is, where) for those that exist."""
    if files.find(output):
        yield "executed notebooks", output
    if (output / "report.json").exists():
        yield "report", output / "report.json"
    for config in sorted(output.glob("runs/*/config.json")):
        yield "trained run", config.parent
        for what, name in (("metrics table", "metrics.csv"), ("test translations", "grid.png")):
            if (config.parent / "evaluation" / name).exists():
                yield what, config.parent / "evaluation" / name
