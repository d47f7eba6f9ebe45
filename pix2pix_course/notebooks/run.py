"""Run notebooks headless: one through papermill, or many with a report on each."""

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from pix2pix_course import atomic, did_you_mean, versions
from pix2pix_course.exercises.checking import first_line
from pix2pix_course.notebooks import files
from pix2pix_course.notebooks.kernels import Kernels
from pix2pix_course.support.engine import ENGINES, engine_name

PASSED, FAILED, INTERRUPTED, RUNNING = "passed", "failed", "interrupted", "running"
REPORT = "report.json"

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
    memory_limit: float | None = None,
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
        output_limit, memory_limit: characters that all cells may print, GiB that the kernel and its
            children may use; then they are killed.
        follow: also write what the cells print to this process's stdout, as it comes.

    Returns:
        None when every cell ran, else one line: the cell, the error.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError

    reason = begin = None

    def time_left(cell) -> int:
        nonlocal begin
        begin = begin or time.monotonic()  # at the first cell: the kernel's start does not count
        return max(1, round(begin + total_timeout - time.monotonic()))

    target.unlink(missing_ok=True)
    with Kernels(
        data_folder, sys.stdout if follow else None, output_limit, memory_limit
    ) as kernels:
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
                kernel_manager_class=kernels.manager(),
                # A progress bar's many lines become the last one.
                coalesce_streams=True,
                stdout_file=kernels if follow or output_limit else None,
                stderr_file=kernels if output_limit else None,
            )
        except papermill.PapermillExecutionError:
            pass  # the notebook holds it
        except Exception as error:  # a dead kernel, a cell over its time, a full disk
            reason = f"{type(error).__name__}: {first_line(error)}"
            if kernels.ended or isinstance(error, DeadKernelError):
                reason = kernels.how_it_died() or reason
    if not target.exists():
        return reason
    try:
        executed = files.read(target)
    except Exception:  # the disk is full, and it is only half there
        return reason or f"{target} cannot be read"
    return f"{_last_started(executed)}: {reason}" if reason else files.first_problem(executed)


def without_tensorflow(notebook: Path) -> nbformat.NotebookNode:
    """A notebook whose cells that show TensorFlow's own tools only say that they are skipped."""
    changed = files.read(notebook)
    for cell in files.code_cells(changed):
        if "tensorflow" in files.tags(cell):
            what = f"skipped: it shows TensorFlow's own tools; here is {ENGINES[engine_name()]}"
            cell.source = f"print({what!r})"
    return changed


def _last_started(executed: nbformat.NotebookNode) -> str:
    started = "before the first cell"
    for number, cell in enumerate(files.code_cells(executed), start=1):
        if cell.metadata.get("papermill", {}).get("start_time"):
            started = files.where(number, cell)
    return started


# --- many notebooks -----------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one notebook; `error` is one line, None for a notebook that passed."""

    path: Path
    status: str
    seconds: float
    executed: Path
    error: str | None = None

    @property
    def notebook(self) -> str:
        """Its name, without the suffix."""
        return self.path.stem


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
        running; Ctrl-C does. Where the last run here was broken off, by Ctrl-C or a power cut, and
        this one asks for the same, it goes on with the notebook that was running then.

    Raises:
        NotebookError: no such notebook, or no notebook has a parameter of that name. Nothing
            has run.
    """
    output = output.resolve()
    chosen = _values(names, values, extra or {}, folder, output)
    output.mkdir(parents=True, exist_ok=True)
    results = _passed_before(chosen, output)
    if results:
        again = f"to run all of them anew, remove {output / REPORT}"
        print(f"going on with the run that was broken off; {again}", flush=True)
    for path, mine in list(chosen.items())[len(results) :]:
        print(f"{path.stem} …", flush=True)
        target, begin = output / path.name, time.monotonic()
        _write_report(Result(path, RUNNING, 0.0, target), mine, device)
        try:
            error = execute(path, target, working_folder=output, values=mine, **options)
            status = FAILED if error else PASSED
        except KeyboardInterrupt:
            error, status = "stopped by the user", INTERRUPTED
        result = Result(path, status, round(time.monotonic() - begin, 1), target, error)
        print(f"{result.notebook} {status} after {duration(result.seconds)}", flush=True)
        if error:
            print(f"  {error}\n  executed so far: {target}", flush=True)
        _write_report(result, mine, device)
        results.append(result)
        if status == INTERRUPTED:
            print("  the same command goes on with this notebook", flush=True)
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


def _passed_before(chosen: Mapping[Path, Mapping], output: Path) -> list[Result]:
    """The chosen notebooks that a run passed before it was broken off at a later one of them.

    None, if the last run came to its end, or a notebook or its parameters are others now.
    """
    report, passed = _report(output), []
    for path, values in chosen.items():
        record = report.get(path.stem)
        if not record or (record["parameters"], record.get("made_of")) != (values, _made_of(path)):
            return []
        if record["status"] in (RUNNING, INTERRUPTED):
            return passed
        if record["status"] != PASSED:
            return []
        passed.append(Result(path, PASSED, record["seconds"], output / record["executed"]))
    return []


def _made_of(path: Path) -> str:
    """A fingerprint of a notebook: another one, another run."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _report(output: Path) -> dict[str, dict]:
    path = output / REPORT
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:  # somebody else's, or edited by hand
        return {}


def _write_report(result: Result, values: Mapping, device: str) -> None:
    """Add one notebook's record to the report; those of notebooks run earlier stay."""
    path = result.executed.parent / REPORT
    record = {"status": result.status, "seconds": result.seconds, "executed": result.executed.name}
    record |= {"error": result.error, "made_of": _made_of(result.path), "parameters": dict(values)}
    record |= {"device": device, "versions": versions()}
    report = _report(path.parent) | {result.notebook: record}
    try:
        with atomic(path) as partial:
            partial.write_text(json.dumps(dict(sorted(report.items())), indent=2) + "\n", "utf-8")
    except OSError as error:  # the disk is full: the table for the terminal still says it all
        print(f"  {path} cannot be written ({error.strerror}): make room", flush=True)


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
    if (output / REPORT).exists():
        yield "report", output / REPORT
    for config in sorted(output.glob("runs/*/config.json")):
        yield "trained run", config.parent
        for what, name in (("metrics table", "metrics.csv"), ("test translations", "grid.png")):
            if (config.parent / "evaluation" / name).exists():
                yield what, config.parent / "evaluation" / name
