"""The notebooks: build them from their sources, read them as data, run them headless.

A notebook is written as py:percent text in `notebooks/sources`; `build` makes the `.ipynb`
from it, in both editions, and stores the outputs of the `cpu` profile. `run_notebooks` executes
notebooks through papermill into another folder and reports on each.
"""

import base64
import contextlib
import dataclasses
import difflib
import hashlib
import io
import json
import os
import platform
import shutil
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import nbformat
from PIL import Image

from pix2pix_course import __version__, editions
from pix2pix_course.checking import MIME, RIGHT, WRONG, first_line
from pix2pix_course.config import PAINTED
from pix2pix_course.config import profile as profile_config
from pix2pix_course.editions import EDITIONS, SOLUTION, STUDENT

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder above the package; the root of the repository when the package lies in one."""

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
PASSED, FAILED, INTERRUPTED = "passed", "failed", "interrupted"
MARKING_SHEET = "solutions/marking.md"
REPORTED_PACKAGES = ("tensorflow", "keras", "numpy", "papermill")


class NotebookError(Exception):
    """A notebook, or a wish about notebooks, that cannot be carried out."""


# --- reading ---------------------------------------------------------------------------


def default_folder() -> Path:
    """The checkout's `notebooks` folder, or `./notebooks` where the package is installed alone."""
    beside = CHECKOUT / "notebooks"
    return beside if beside.is_dir() else Path("notebooks").resolve()


def find(folder: Path) -> list[Path]:
    """The course's notebooks in a folder, in order: `01_….ipynb`, `02_….ipynb`, …"""
    return sorted(folder.glob("[0-9][0-9]_*.ipynb"))


def select(names: Iterable[str], folder: Path) -> list[Path]:
    """The notebooks meant by numbers ("5", "05") or names ("05_training"); all for no names.

    Raises:
        NotebookError: the folder holds no notebook, or none of that name.
    """
    available = find(folder)
    if not available:
        raise NotebookError(f"no notebook in {folder}: run this in a checkout of the course")
    return _matching(names, available)


def _matching(names: Iterable[str], available: list[Path]) -> list[Path]:
    chosen = []
    for name in names:
        wanted = Path(name).stem
        wanted = f"{int(wanted):02}" if wanted.isdecimal() else wanted
        match = [path for path in available if wanted in (path.stem, path.stem[:2])]
        if not match:
            there = ", ".join(path.stem for path in available)
            folder = available[0].parent
            raise NotebookError(f"no notebook {name!r} in {folder}; there are {there}")
        chosen += match
    return sorted(set(chosen)) or available


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as nbformat 4 data."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells that Jupyter executes (it skips empty ones), numbered In [1], In [2], …"""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell, for example `parameters` or `nbval-check-output`."""
    return cell.metadata.get("tags", [])


def parameters(path: Path) -> dict[str, str]:
    """Names and defaults (as source text) of the assignments in the cell tagged `parameters`."""
    import papermill

    return {name: p["default"] for name, p in papermill.inspect_notebook(str(path)).items()}


def first_problem(executed: nbformat.NotebookNode) -> str | None:
    """Why an executed notebook cannot be trusted: its first error or unexecuted cell; else None.

    An exit code does not tell: papermill takes `sys.exit(0)` in a cell for success.
    """
    for number, cell in enumerate(code_cells(executed), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                return f"{_where(number, cell)}: {output.ename}: {first_line(output.evalue)}"
        if cell.execution_count is None:
            return f"{_where(number, cell)}: was not executed"
    return None


def _where(number: int, cell: nbformat.NotebookNode) -> str:
    return f"cell In [{number}] ({cell.source.strip().splitlines()[0]!r})"


# --- building ----------------------------------------------------------------------------


def repository() -> str:
    """The repository's address, which stands in `pyproject.toml` and nowhere else."""
    with open(CHECKOUT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"].rstrip("/")


def generate(source: Path, edition: str = STUDENT) -> nbformat.NotebookNode:
    """The notebook, without outputs, of a py:percent source in one edition.

    `{{repository}}` in the source becomes the repository's address, `{{repository_path}}` its
    `owner/name`, and `{{notebook}}` the notebook's file name. The same text always gives the
    same notebook: cell ids are digests of the cells. What solutions draw, the student edition
    takes from the stored solution edition.

    Raises:
        EditionError: the exercises do not keep the convention of `editions`.
    """
    import jupytext

    address = repository()
    values = {
        "repository": address,
        "repository_path": "/".join(address.split("/")[-2:]),
        "notebook": f"{source.stem}.ipynb",
    }
    text = source.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    editions.refuse_unfit(notebook.cells, source.stem[:2])
    stored = place(source, SOLUTION)
    drawn = editions.pictures(read(stored).cells) if stored.exists() else {}
    notebook.cells = editions.cells_of(notebook.cells, edition, drawn)
    if edition == SOLUTION:
        for cell in notebook.cells:
            cell.source = editions.moved(cell.source, source.stem)
    ids = set()
    for cell in notebook.cells:
        cell.id = _digest(cell, taken=ids)
        ids.add(cell.id)
    return strip(notebook)


def place(source: Path, edition: str) -> Path:
    """Where the notebook of a source is stored."""
    folder = source.parent.parent
    return (folder / "solutions" if edition == SOLUTION else folder) / f"{source.stem}.ipynb"


def exercises(source: Path) -> list[editions.Exercise]:
    """The exercises of a py:percent source, with what a right answer says."""
    return editions.exercises(generate(source, SOLUTION).cells, source.stem[:2])


def _digest(cell: nbformat.NotebookNode, taken: set[str]) -> str:
    content = f"{cell.cell_type}\n{cell.source}"
    while (digest := hashlib.sha256(content.encode()).hexdigest()[:8]) in taken:
        content += "\n"  # the same cell again, as in two equal plot calls
    return digest


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what depends on machine or moment.

    Of a cell's metadata its tags and `alt` stay, the text for readers who cannot see its figure.
    Outputs and execution counts stay too (nbval fails every cell without a count).
    """
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in ("tags", "alt") if cell.metadata.get(name)}
        cell.metadata = nbformat.NotebookNode(kept)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    return notebook


def lighten(notebook: nbformat.NotebookNode) -> None:
    """Reduce the stored pictures to 96 colours: a third of the bytes, and hardly to be seen."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
                small = io.BytesIO()
                picture.convert("RGB").quantize(96).save(small, "PNG", optimize=True)
                output.data["image/png"] = base64.b64encode(small.getvalue()).decode()


def differences(notebook: Path, source: Path, edition: str = STUDENT) -> list[str]:
    """What in a stored notebook is not as its source says, a line each; [] when they agree.

    Compared are the cells' kinds, texts, tags and ids and the notebook's metadata, not outputs.
    """
    if not notebook.exists():
        return [f"{notebook.name} does not exist"]
    stored, wanted = read(notebook), generate(source, edition)
    found = []
    if stored.metadata != wanted.metadata:
        found.append(f"{notebook.name}: metadata {dict(stored.metadata)}")
    if len(stored.cells) != len(wanted.cells):
        found.append(f"{notebook.name}: {len(stored.cells)} cells, source {len(wanted.cells)}")
    for number, (mine, theirs) in enumerate(zip(stored.cells, wanted.cells, strict=False), 1):
        for part in ("cell_type", "source", "metadata", "id"):
            if mine[part] != theirs[part]:
                found.append(f"{notebook.name}: {part} of cell {number} of {len(stored.cells)}")
    return found


def fact_differences(stored: Path, executed: Path) -> list[str]:
    """Checked facts that one execution of a notebook printed otherwise than another; [] if none.

    Cells tagged `nbval-check-output` hold what no machine, profile or random draw changes. So the
    stored outputs of hours on another machine can be checked by a smoke run of seconds.

    Args:
        stored: the notebook as readers see it.
        executed: the same notebook, run elsewhere; papermill's injected cell is left out.
    """

    def printed(output: nbformat.NotebookNode) -> str:
        return output.get("text", "") + output.get("data", {}).get("text/plain", "")

    def facts(path: Path) -> list[tuple[str, str]]:
        return [
            (cell.source, "".join(map(printed, cell.outputs)))
            for cell in code_cells(read(path))
            if "nbval-check-output" in tags(cell)
        ]

    old, new = facts(stored), facts(executed)
    if [source for source, _ in old] != [source for source, _ in new]:
        return [f"{stored.name}: {executed} has other checked cells; run it anew"]
    return [
        f"{stored.name}, cell that begins {source.splitlines()[0]!r}: stored {was!r}, now {now!r}"
        for (source, was), (_, now) in zip(old, new, strict=True)
        if was != now
    ]


def build(
    folder: Path | None = None,
    names: Iterable[str] = (),
    *,
    everything: bool = False,
    run: bool = True,
) -> list[Path]:
    """Make the stored notebooks from their sources; execute those whose code changed.

    First the solution editions, of sources with exercises, in `solutions`; then the student
    editions; then the marking sheet. A notebook is executed with the defaults of its parameter
    cell where it is stored, and replaced only once every cell of the new one has run. The first
    notebook with a `RUNS` parameter trains what the later ones read: when it changed, the old runs
    are deleted and all of these are executed again.

    Args:
        folder: holds the notebooks, and their sources in `sources`; default: the checkout's.
        names: numbers or names of those to make; none means all.
        everything: execute all of them, changed or not.
        run: False stores the new cells without outputs.

    Returns:
        The files that were written.

    Raises:
        NotebookError: no source of that name; or a cell failed, and what was executed lies in
            `build/failed`.
        EditionError: the exercises of a source do not keep the convention.
    """
    folder = folder or default_folder()
    found = sources(folder)
    chosen = _matching(names, found)
    written = []
    for edition in EDITIONS:
        all_of_it = [source for source in found if edition == STUDENT or exercises(source)]
        trainer = next((source for source in all_of_it if _uses_runs(source)), None)
        mine = [source for source in chosen if source in all_of_it]
        written += _build(mine, edition, trainer, everything=everything, run=run)
    sheet, text = folder / MARKING_SHEET, marking_sheet(found)
    if text and (not sheet.exists() or sheet.read_text(encoding="utf-8") != text):
        sheet.write_text(text, encoding="utf-8")
        written.append(sheet)
    return written


def sources(folder: Path) -> list[Path]:
    """The sources of the notebooks in a folder, in order.

    Raises:
        NotebookError: there is none.
    """
    found = sorted((folder / "sources").glob("[0-9][0-9]_*.py"))
    if not found:
        raise NotebookError(f"no source 01_….py in {folder / 'sources'}")
    return found


def _uses_runs(source: Path) -> bool:
    return "RUNS = " in source.read_text(encoding="utf-8")


def _build(
    chosen: list[Path], edition: str, trainer: Path | None, *, everything: bool, run: bool
) -> list[Path]:
    """Make notebooks of one edition; `trainer` is the source that trains what others read."""
    fresh = {place(source, edition): source for source in chosen}
    made = {path: generate(source, edition) for path, source in fresh.items()}
    to_run = set()
    if run:
        to_run = {path for path in made if everything or not keep_outputs(made[path], path)}
        if trainer and place(trainer, edition) in to_run:
            to_run |= {path for path, source in fresh.items() if _uses_runs(source)}
            shutil.rmtree(place(trainer, edition).parent / "runs", ignore_errors=True)
    written = []
    for path, notebook in made.items():
        path.parent.mkdir(exist_ok=True)
        if path in to_run:
            print(f"{path.stem}, {edition} edition …", flush=True)
            notebook = _executed(generate(fresh[path], edition), path)
        elif not everything and not differences(path, fresh[path], edition):
            continue
        partial = path.with_suffix(".partial")
        nbformat.write(notebook, partial)
        partial.replace(path)
        written.append(path)
    return written


def marking_sheet(found: Iterable[Path]) -> str:
    """The marking sheet of these sources; empty if they have no exercises."""
    by_title = {}
    for source in found:
        cells = generate(source, SOLUTION).cells
        title = cells[0].source.splitlines()[0].lstrip("# ")
        by_title[title] = editions.exercises(cells, source.stem[:2])
    return editions.marking_sheet(by_title) if any(by_title.values()) else ""


def edition_problems(folder: Path | None = None) -> list[str]:
    """What is wrong with the stored editions, a line each; [] when they are as they should be.

    Both agree with their source and were executed from top to bottom, the student edition is the
    solution edition with holes, every check of the solution edition says "right" and none of the
    student edition says "wrong", no solution is left over, and the marking sheet is up to date.

    Raises:
        NotebookError: the folder has no sources.
    """
    folder = folder or default_folder()
    found, solutions = [], set()
    for source in sources(folder):
        problems = differences(place(source, STUDENT), source)
        if wanted := exercises(source):
            solutions.add(place(source, SOLUTION))
            problems += differences(place(source, SOLUTION), source, SOLUTION)
        found += [f"{problem}; run `pix2pix-course editions build`" for problem in problems]
        if wanted and not problems:
            found += _compare_editions(source, wanted)
    left_over = set(find(folder / "solutions")) - solutions
    found += [f"{path} belongs to no exercises; delete it" for path in sorted(left_over)]
    sheet, text = folder / MARKING_SHEET, marking_sheet(sources(folder))
    if text and (not sheet.exists() or sheet.read_text(encoding="utf-8") != text):
        found.append(f"{MARKING_SHEET} is not up to date; run `pix2pix-course editions build`")
    return found


def _compare_editions(source: Path, wanted: list[editions.Exercise]) -> list[str]:
    both = {edition: read(place(source, edition)) for edition in EDITIONS}
    found = editions.disagreements(both[STUDENT].cells, both[SOLUTION].cells, source.stem)
    by_check = {check: exercise.id for exercise in wanted for check in exercise.checks}
    for edition, notebook in both.items():
        where = f"{source.stem}, {edition} edition"
        if problem := first_problem(notebook):
            found.append(f"{where}: {problem}")
            continue
        for cell in code_cells(notebook):
            if not editions.CHECK.search(cell.source):
                continue
            mine = by_check.get(cell.source, "no exercise")
            for exercise, outcome in (records(cell) or {"nothing": "nothing"}).items():
                fits = outcome == RIGHT if edition == SOLUTION else outcome != WRONG
                if exercise != mine:
                    found.append(f"{where}: the check of {mine} gives an outcome of {exercise}")
                elif not fits:
                    found.append(f"{where}: the check of {exercise} says {outcome!r}")
    return found


def records(cell: nbformat.NotebookNode) -> dict[str, str]:
    """The outcomes that an executed cell shows, by exercise."""
    shown = [output.get("data", {}).get(MIME) for output in cell.outputs]
    return {
        str(record["exercise"]): str(record["outcome"])
        for record in shown
        if isinstance(record, dict) and {"exercise", "outcome"} <= set(record)
    }


def keep_outputs(notebook: nbformat.NotebookNode, stored: Path) -> bool:
    """Take the outputs of the stored notebook if its code cells are the same; tell whether."""
    if not stored.exists() or first_problem(executed := read(stored)):
        return False
    mine, theirs = code_cells(notebook), code_cells(executed)
    if [(c.source, tags(c)) for c in mine] != [(c.source, tags(c)) for c in theirs]:
        return False
    for cell, old in zip(mine, theirs, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return True


def _executed(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    scratch = CHECKOUT / "build" / "failed"
    scratch.mkdir(parents=True, exist_ok=True)
    cells, target = scratch / f"{path.stem}.cells.ipynb", scratch / path.name
    nbformat.write(notebook, cells)
    problem = execute(cells, target, working_folder=path.parent)
    cells.unlink()
    if problem:
        raise NotebookError(f"{path.stem}: {problem}\nexecuted so far: {target}")
    executed = strip(read(target))
    lighten(executed)
    target.unlink()
    return executed


# --- executing ---------------------------------------------------------------------------


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
            started = _where(number, cell)
    return started


def _kernel_manager(data_folder: Path | None) -> type:
    """A kernel manager for this very interpreter, whatever kernels the user has installed."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    from pix2pix_course.interactive import HEADLESS

    environment = {"TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")}
    environment[HEADLESS] = "1"
    if (CHECKOUT / "pyproject.toml").exists():  # a checkout need not be installed
        paths = [str(CHECKOUT), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    if data_folder:
        environment["PIX2PIX_COURSE_DATA"] = str(data_folder.resolve())
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    command += ["--log-level=ERROR"]  # no word on every start about the unencrypted local socket

    class ThisInterpreter(AsyncKernelManager):
        kernel_spec = KernelSpec(argv=command, env=environment, language="python")

    return ThisInterpreter


# --- running many ------------------------------------------------------------------------


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
