"""Handed-in notebooks, run headless and marked by the course's own checks.

Grading executes the students' code with your rights, unless all of it runs in a container
(`notebooks.container`). The checks run in the same process as the answers, so a student who sets
out to deceive them can; what is caught is the honest mistake and the edited check.
"""

import logging
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from pix2pix_course.config import PAINTED
from pix2pix_course.exercises.checking import WRONG, first_line
from pix2pix_course.notebooks import default_folder, editions, files
from pix2pix_course.notebooks.marks import ABSENT, SYMBOLS, Marks, csv_table, gradescope, html_table
from pix2pix_course.notebooks.run import execute

OUTPUT_LIMIT = 1_000_000
"""Characters that one notebook may print: an endless loop must not fill the memory."""

GRADESCOPE = "gradescope"
EXECUTED, MARKER = "executed", ".made_by_grading"
"""In the output folder, the notebooks as they ran; and the file in it that says whose it is."""


class GradingError(Exception):
    """Nothing can be graded: the folder, or the course's notebooks, are not as they must be."""


@dataclass(frozen=True)
class Assignment:
    """A notebook as it was handed out, and by exercise id the cells that check it."""

    path: Path
    texts: set[str]
    checks: dict[str, list[NotebookNode]]
    parameters: dict[str, str]


def grade(
    folder: Path,
    *,
    output: Path,
    profile: str = "smoke",
    timeout: float = 600,
    memory_limit: float | None = None,
    course: Path | None = None,
    data_folder: Path | None = None,
) -> tuple[list[Marks], list[str]]:
    """Run and mark every notebook in a folder, one after the other, each in its own kernel.

    Handed in are `<student>.ipynb`, or any number of notebooks in `<student>/`; which of the
    course's notebooks one is, its cells tell. Their outputs are dropped, the course's checks put
    back, and cells below a failing one executed as well. Whatever a notebook does, the others are
    marked. A student's notebooks run in one folder, so that one finds what another has trained.

    Args:
        folder: what was handed in; read only.
        output: gets `grades.csv`, `grades.html`, in `executed` the notebooks as they ran and in
            `gradescope` a `results.json` for each student.
            Those of an earlier grading are replaced; nothing else there is touched.
        profile: under which they run.
        timeout, memory_limit: seconds that one notebook may take, and GiB that it may use with all
            that it starts; then its kernel is killed.
        course: the student editions as handed out; default: the checkout's.
        data_folder: see `run.execute`.

    Returns:
        The marks by student, in alphabetical order, and the ids of the marked exercises.

    Raises:
        GradingError: there is nothing to grade, or no grading made what lies in `output`.
    """
    assignments = read_assignments(course or default_folder())
    output = output.resolve()
    handed_in = submissions(folder, but_not=output)
    _make_room(output)
    marks, marked, columns = {student: Marks(student) for student in sorted(handed_in)}, set(), []
    values = {"PROFILE": profile, "DATASET": PAINTED, "DIRECTION": None, "PALETTE": None}
    values |= {"SEED": 0, "RUNS": "runs"}
    limits = {"total_timeout": timeout, "memory_limit": memory_limit, "data_folder": data_folder}
    for name in ("papermill", "asyncio"):  # they log what the notes say in words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for student, row in marks.items():
        if not handed_in[student]:
            row.notes.append("no notebook")
        with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as work:
            for path in handed_in[student]:
                print(f"{path.relative_to(folder)} …", flush=True)
                target = output / EXECUTED / path.relative_to(folder)
                try:
                    outcomes, note = _mark(path, target, assignments, values, Path(work), **limits)
                except Exception as error:  # one student's file must not cost others their marks
                    outcomes, note = {}, f"{type(error).__name__}: {first_line(error)}"
                row.add(outcomes)
                row.notes += [f"{path.name}: {note}"] if note else []
                marked |= outcomes.keys()
        columns = [e for a in assignments if marked & a.checks.keys() for e in a.checks]
        for each in marks.values():
            each.add(dict.fromkeys(columns, ABSENT))
        # after every student, so that Ctrl-C loses nothing
        rows = list(marks.values())
        (output / "grades.csv").write_text(csv_table(rows, columns), encoding="utf-8")
        (output / "grades.html").write_text(html_table(rows, columns), encoding="utf-8")
        for each in rows:
            results = output / GRADESCOPE / each.student / "results.json"
            results.parent.mkdir(parents=True, exist_ok=True)
            results.write_text(gradescope(each, columns), encoding="utf-8")
    return list(marks.values()), columns


def _make_room(output: Path) -> None:
    """Empty the folder of executed notebooks if an earlier grading made it; else refuse it."""
    executed = output / EXECUTED
    if not (executed / MARKER).exists():
        for path in (output / name for name in (EXECUTED, GRADESCOPE, "grades.csv", "grades.html")):
            if path.exists():
                raise GradingError(f"{path} is there, made by no grading; name another --output")
    shutil.rmtree(executed, ignore_errors=True)
    shutil.rmtree(output / GRADESCOPE, ignore_errors=True)
    executed.mkdir(parents=True)
    (executed / MARKER).touch()


def read_assignments(course: Path) -> list[Assignment]:
    """The course's notebooks that have checked exercises; `GradingError` if none has."""
    found = []
    for path in files.find(course):
        notebook = files.read(path)
        checks = {
            exercise.id: [c for c in files.code_cells(notebook) if c.source in exercise.checks]
            for exercise in editions.exercises(notebook.cells, path.stem)
            if exercise.checks
        }
        if checks:
            texts = {cell.source for cell in notebook.cells}
            found.append(Assignment(path, texts, checks, files.parameters(path)))
    if not found:
        raise GradingError(f"no notebook in {course} has exercises with checks")
    return found


def submissions(folder: Path, but_not: Path | None = None) -> dict[str, list[Path]]:
    """The notebooks in a folder by student: the file's name, or that of the folder it lies in."""
    if not folder.is_dir():
        raise GradingError(f"no folder {folder}")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        hidden = path.name.startswith((".", "__")) or (path / MARKER).exists()
        if hidden or path.resolve() == but_not:
            continue
        if path.is_dir():
            inside = sorted(path.rglob("*.ipynb"))
            found.setdefault(path.name, []).extend(p for p in inside if not _is_hidden(p, folder))
        elif path.suffix == ".ipynb":
            found.setdefault(path.stem, []).append(path)
    if not any(found.values()):
        raise GradingError(f"no notebook in {folder}; put <student>.ipynb or <student>/*.ipynb")
    return found


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


# --- one notebook ------------------------------------------------------------------------------


def _mark(path, target, assignments, values, work, **limits):
    """The outcomes of a notebook by exercise, and a note (empty if all went well)."""
    try:
        notebook = files.read(path)
        texts = {cell.source for cell in notebook.cells}
    except Exception as error:  # anything may lie in a file of that name
        return {}, f"cannot be read ({type(error).__name__})"
    assignment = recognise(texts, path.stem, assignments)
    if not assignment:
        return {}, "none of the course's notebooks"
    prepared, missing = prepare(notebook, assignment)
    nbformat.write(prepared, work / "handed_in.ipynb")
    executed = work / "executed.ipynb"
    problem = execute(
        work / "handed_in.ipynb",
        executed,
        working_folder=work,
        values={name: v for name, v in values.items() if name in assignment.parameters},
        keep_going=True,
        output_limit=OUTPUT_LIMIT,
        **limits,
    )
    outcomes = dict.fromkeys(assignment.checks, ABSENT)
    if executed.exists():
        outcomes |= read_outcomes(executed, assignment)
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(_shortened(files.read(executed)), target)
    notes = [_in_words(problem, limits)] if problem else []
    notes += [f"no check of {', '.join(missing)}"] if missing else []
    return outcomes, "; ".join(notes)


def _shortened(notebook: NotebookNode) -> NotebookNode:
    """Cut what was printed at the limit: the kernel sends it in pieces that may be far larger."""
    for cell in files.code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and len(output.text) > OUTPUT_LIMIT:
                output.text = output.text[:OUTPUT_LIMIT] + "\n…"
    return notebook


def recognise(texts: set[str], name: str, assignments: Iterable[Assignment]) -> Assignment | None:
    """Which notebook of the course has the most of these cells to itself; else by its name."""

    def shared(assignment: Assignment) -> int:
        others = [a.texts for a in assignments if a is not assignment]
        return len(assignment.texts.difference(*others) & texts)

    best = max(assignments, key=shared)
    named = (assignment for assignment in assignments if assignment.path.stem in name)
    return best if shared(best) else next(named, None)


def prepare(notebook: NotebookNode, assignment: Assignment) -> tuple[NotebookNode, list[str]]:
    """A handed-in notebook with no outputs and the course's checks in place of the student's.

    A check's cell is found by its id or, since Colab drops these, by the function that it calls.

    Returns:
        The notebook, each check marked with its exercise; and the ids whose check is missing.
    """
    makers = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}
    cells, old_ids, missing = [], {}, []
    for cell in notebook.cells:
        if cell.cell_type in makers:
            # `skip-execution` and `raises-exception` are not the student's to set
            kept = [tag for tag in files.tags(cell) if tag == "parameters"]
            cells.append(makers[cell.cell_type](cell.source, metadata={"tags": kept}))
            old_ids[cells[-1].id] = cell.get("id")
    for exercise, checks in assignment.checks.items():
        for check in checks:
            free = [c for c in cells if c.cell_type == "code" and "exercise" not in c.metadata]
            found = [cell for cell in free if old_ids[cell.id] == check.id]
            found += [cell for cell in free if _called(check) & _called(cell)]
            if found:
                found[0].source = check.source
                found[0].metadata["exercise"] = exercise
            else:
                missing.append(exercise)
    return v4.new_notebook(cells=cells, metadata=files.METADATA), missing


def _called(cell: NotebookNode) -> set[tuple[str, str]]:
    """Checks that a cell calls, with the exercise id where one is given."""
    return set(editions.CHECK.findall(cell.source))


def read_outcomes(executed: Path, assignment: Assignment) -> dict[str, str]:
    """The outcomes by exercise, from the cells that `prepare` marked and from no others.

    An exercise with several checks has the worst of their outcomes. A check that failed is wrong,
    since a check shows no error unless its answer is not there: a cell above was broken.
    """
    outcomes: dict[str, list[str]] = {}
    for cell in files.code_cells(files.read(executed)):
        exercise = cell.metadata.get("exercise")
        if exercise in assignment.checks:
            failed = any(output.output_type == "error" for output in cell.outputs)
            unseen = WRONG if failed and cell.execution_count is not None else ABSENT
            shown = files.records(cell).get(exercise, unseen)
            outcomes.setdefault(exercise, []).append(shown if shown in SYMBOLS else ABSENT)
    return {exercise: max(some, key=list(SYMBOLS).index) for exercise, some in outcomes.items()}


def _in_words(problem: str, limits: dict) -> str:
    known = {
        "CellTimeoutError": f"over the time limit of {limits['total_timeout']:g} s",
        "TooMuchOutput": f"printed more than {OUTPUT_LIMIT} characters",
        "OutOfMemory": f"used more than {limits['memory_limit']} GiB of memory",
        "SystemExit": "called sys.exit",
        "DeadKernelError: the system killed": "was killed, most often since memory ran out,",
        "DeadKernelError": "crashed",
    }
    for name, words in known.items():
        where, found, _ = problem.partition(f": {name}")
        if found:
            return f"{words} at {where}"
    return f"failed at {problem}"
