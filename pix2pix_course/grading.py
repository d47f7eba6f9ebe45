"""Handed-in notebooks, run headless and marked by the course's own checks.

Grading executes the students' code with your rights: do it where that may be done, for example in a
container. The checks run in the same process as the answers, so a student who sets out to deceive
them can; what is caught is the honest mistake and the edited check.
"""

import csv
import html
import io
import logging
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from pix2pix_course import editions, execution, notebooks
from pix2pix_course.checking import NOT_TRIED, RIGHT, WRONG, first_line
from pix2pix_course.config import PAINTED
from pix2pix_course.config import profile as profile_config

ABSENT = "absent"
"""No outcome: the notebook or the check is not there, or the run ended before it."""

OUTPUT_LIMIT = 1_000_000
"""Characters that one notebook may print: an endless loop must not fill the memory."""

SYMBOLS = {RIGHT: "✓", WRONG: "✗", NOT_TRIED: "·", ABSENT: ""}
BEST_FIRST = (RIGHT, WRONG, NOT_TRIED, ABSENT)


class GradingError(Exception):
    """Nothing can be graded: the folder, or the course's notebooks, are not as they must be."""


@dataclass
class Marks:
    """What one student reached: outcomes by exercise id, and what else is to be said."""

    student: str
    outcomes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """How many exercises are right."""
        return list(self.outcomes.values()).count(RIGHT)

    def add(self, outcomes: Mapping[str, str]) -> None:
        """Take the outcomes of a notebook; of an exercise handed in twice the better counts."""
        for exercise, outcome in outcomes.items():
            known = self.outcomes.get(exercise, ABSENT)
            self.outcomes[exercise] = min(outcome, known, key=BEST_FIRST.index)


@dataclass(frozen=True)
class Assignment:
    """A notebook as it was handed out, and by exercise id the cells that check it."""

    path: Path
    cells: list[nbformat.NotebookNode]
    checks: dict[str, list[nbformat.NotebookNode]]
    parameters: dict[str, str]


def grade(
    folder: Path,
    *,
    output: Path,
    profile: str = "smoke",
    timeout: float = 600,
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
        output: gets `grades.csv`, `grades.html` and, in `executed`, the notebooks as they ran.
        profile: under which they run.
        timeout: seconds that one notebook may take; then its kernel is killed.
        course: the student editions as handed out; default: the checkout's.
        data_folder: where data sets are; default: the course's.

    Returns:
        The marks by student, in alphabetical order, and the ids of the marked exercises.

    Raises:
        GradingError: the folder holds no notebook, or the course no checked exercise.
        ValueError: no such profile.
    """
    profile_config(profile)  # refuses an unknown name
    assignments = read_assignments(course or notebooks.default_folder())
    output = output.resolve()
    handed_in = submissions(folder, but_not=output)
    marks = {student: Marks(student) for student in sorted(handed_in)}
    marked = set()
    shutil.rmtree(output / "executed", ignore_errors=True)  # of an earlier grading
    output.mkdir(parents=True, exist_ok=True)
    for name in ("papermill", "asyncio"):  # they log what the notes say in words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for student, paths in sorted(handed_in.items()):
        if not paths:
            marks[student].notes.append("no notebook")
        for path in paths:
            print(f"{path.relative_to(folder)} …", flush=True)
            try:
                outcomes, note = _mark(
                    path, student, assignments, output, profile, timeout, data_folder
                )
            except Exception as error:  # one student's file must not cost the others their marks
                note = f"{path.name}: {type(error).__name__}: {first_line(error)}"
            else:
                marks[student].add(outcomes)
                marked |= outcomes.keys()
            if note:
                marks[student].notes.append(note)
        shutil.rmtree(output / "work", ignore_errors=True)
        columns = [e for a in assignments if marked & a.checks.keys() for e in a.checks]
        rows = list(marks.values())
        for row in rows:
            row.add(dict.fromkeys(columns, ABSENT))
        # after every student, so that Ctrl-C loses nothing
        (output / "grades.csv").write_text(csv_table(rows, columns), encoding="utf-8")
        (output / "grades.html").write_text(html_table(rows, columns), encoding="utf-8")
    return rows, columns


def read_assignments(course: Path) -> list[Assignment]:
    """The course's notebooks that have checked exercises.

    Raises:
        GradingError: there are none.
    """
    found = []
    for path in notebooks.find(course):
        cells = notebooks.read(path).cells
        checks = {
            exercise.id: [c for c in cells if c.cell_type == "code" and c.source in exercise.checks]
            for exercise in editions.exercises(cells, path.stem[:2])
            if exercise.checks
        }
        if checks:
            found.append(Assignment(path, cells, checks, notebooks.parameters(path)))
    if not found:
        raise GradingError(f"no notebook in {course} has exercises with checks")
    return found


def submissions(folder: Path, but_not: Path | None = None) -> dict[str, list[Path]]:
    """The notebooks in a folder by student: the file's name, or that of the folder it lies in.

    Raises:
        GradingError: no such folder, or nothing in it.
    """
    if not folder.is_dir():
        raise GradingError(f"no folder {folder}")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")) or path.resolve() == but_not:
            continue
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*.ipynb")) if not _is_hidden(p, folder)]
            found.setdefault(path.name, []).extend(inside)
        elif path.suffix == ".ipynb":
            found.setdefault(path.stem, []).append(path)
    if not any(found.values()):
        raise GradingError(f"no notebook in {folder}; put <student>.ipynb or <student>/*.ipynb")
    return found


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith((".", "__")) for part in path.relative_to(folder).parts)


# --- one notebook ------------------------------------------------------------------------------


def _mark(
    path: Path,
    student: str,
    assignments: list[Assignment],
    output: Path,
    profile: str,
    timeout: float,
    data_folder: Path | None,
) -> tuple[dict[str, str], str]:
    """The outcomes of a notebook, and a note (empty if all went well)."""
    try:
        notebook = notebooks.read(path)
        cells = [cell.source for cell in notebook.cells]
    except Exception as error:  # anything may lie in a file of that name
        return {}, f"{path.name} cannot be read ({type(error).__name__})"
    assignment = recognise(cells, path.stem, assignments)
    if not assignment:
        return {}, f"{path.name} is none of the course's notebooks"
    prepared, missing = prepare(notebook, assignment)

    # papermill reads braces in a path as names of parameters
    person = re.sub(r"[{}]", "_", student)
    work = output / "work"
    target = _unused(output / "executed" / person / f"{assignment.path.stem}.ipynb")
    work.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(prepared, work / "handed_in.ipynb")
    values = {"PROFILE": profile, "DATASET": PAINTED, "DIRECTION": None, "PALETTE": None}
    values |= {"SEED": 0, "RUNS": str(work / "runs")}
    problem = execution.execute(
        work / "handed_in.ipynb",
        target,
        working_folder=work,
        values={name: v for name, v in values.items() if name in assignment.parameters},
        total_timeout=timeout,
        keep_going=True,
        output_limit=OUTPUT_LIMIT,
        data_folder=data_folder,
    )
    outcomes = dict.fromkeys(assignment.checks, ABSENT)
    if target.exists():
        outcomes |= read_outcomes(target, assignment)
        _shorten(target)
    note = f"{path.name}: {_in_words(problem, timeout)}" if problem else ""
    if missing:
        note += f"{'; ' if note else path.name + ': '}no check of {', '.join(missing)}"
    return outcomes, note


def _shorten(executed: Path) -> None:
    """Cut what was printed at the limit: the kernel sends it in pieces that may be far larger."""
    if executed.stat().st_size <= OUTPUT_LIMIT:
        return
    notebook = notebooks.read(executed)
    for cell in notebooks.code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "stream" and len(output.text) > OUTPUT_LIMIT:
                output.text = output.text[:OUTPUT_LIMIT] + "\n…"
    nbformat.write(notebook, executed)


def _unused(path: Path) -> Path:
    """The path itself, or `name-2`, `name-3`, … for a second notebook of the same kind."""
    other, number = path, 1
    while other.exists():
        number += 1
        other = path.with_stem(f"{path.stem}-{number}")
    return other


def recognise(
    cells: Iterable[str], name: str, assignments: Iterable[Assignment]
) -> Assignment | None:
    """Which notebook of the course has the most of these cells to itself; else by its name."""
    cells = set(cells)
    assignments = list(assignments)

    def shared(assignment: Assignment) -> int:
        others = {c.source for a in assignments if a is not assignment for c in a.cells}
        own = {cell.source for cell in assignment.cells} - others
        return len(own & cells)

    best = max(assignments, key=shared)
    if shared(best):
        return best
    return next((a for a in assignments if a.path.stem in name), None)


def prepare(
    notebook: nbformat.NotebookNode, assignment: Assignment
) -> tuple[nbformat.NotebookNode, list[str]]:
    """A handed-in notebook with no outputs and the course's checks in place of the student's.

    A check's cell is found by its id or, since Colab drops these, by the function that it calls.

    Returns:
        The notebook, each check marked with its exercise; and the ids whose check is missing.
    """
    made = nbformat.v4.new_notebook(metadata={})
    for cell in notebook.cells:
        if cell.cell_type not in ("code", "markdown"):
            continue
        new = (
            nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        )
        copy = new(cell.source)
        # `skip-execution` and `raises-exception` are not the student's to set
        kept = {"parameters"} & set(notebooks.tags(cell))
        copy.metadata = nbformat.from_dict({"tags": sorted(kept)} if kept else {})
        copy["was"] = cell.get("id", "")
        made.cells.append(copy)
    code = [cell for cell in made.cells if cell.cell_type == "code"]
    missing = []
    for exercise, checks in assignment.checks.items():
        for check in checks:
            free = [cell for cell in code if "exercise" not in cell.metadata]
            called = _called(check.source)
            found = [c for c in free if c.was == check.id]
            found += [c for c in free if called & _called(c.source)]
            if not found:
                missing.append(exercise)
                continue
            found[0].source = check.source
            found[0].metadata["exercise"] = exercise
    for cell in made.cells:
        del cell["was"]
    made.metadata = nbformat.from_dict(
        {"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}}
    )
    return made, missing


def _called(text: str) -> set[tuple[str, str]]:
    """Checks that a cell calls, with the exercise id where one is given."""
    return set(editions.CHECK.findall(text))


def read_outcomes(executed: Path, assignment: Assignment) -> dict[str, str]:
    """The outcomes by exercise, from the cells that `prepare` marked and from no others.

    An exercise with several checks has the worst of their outcomes. A check that failed is wrong,
    since a check shows no error unless its answer is not there: a cell above was broken.
    """
    outcomes: dict[str, list[str]] = {}
    for cell in notebooks.code_cells(notebooks.read(executed)):
        exercise = cell.metadata.get("exercise")
        if exercise not in assignment.checks:
            continue
        was_run = cell.execution_count is not None
        failed = any(output.output_type == "error" for output in cell.outputs)
        shown = notebooks.records(cell).get(exercise, WRONG if was_run and failed else ABSENT)
        outcomes.setdefault(exercise, []).append(shown if shown in BEST_FIRST else ABSENT)
    return {exercise: max(some, key=BEST_FIRST.index) for exercise, some in outcomes.items()}


def _in_words(problem: str, timeout: float) -> str:
    known = {
        "CellTimeoutError": f"over the time limit of {timeout:g} s",
        "TooMuchOutput": f"printed more than {OUTPUT_LIMIT} characters",
        "SystemExit": "called sys.exit",
        "DeadKernelError": "crashed",
    }
    for name, words in known.items():
        where, found, _ = problem.partition(f": {name}")
        if found:
            return f"{words} at {where}"
    return f"failed at {problem}"


# --- tables ------------------------------------------------------------------------------------


def csv_table(rows: Iterable[Marks], columns: list[str]) -> str:
    """One row a student: outcomes, how many are right, of how many, notes."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["student", *columns, "right", "of", "note"])
    for row in rows:
        # a spreadsheet would take a leading =, + or @ for a formula
        words = [row.student, "; ".join(row.notes)]
        student, note = (f"'{word}" if word[:1] in tuple("=+-@") else word for word in words)
        outcomes = [row.outcomes[exercise] for exercise in columns]
        table.writerow([student, *outcomes, row.passed, len(columns), note])
    return text.getvalue()


def html_table(rows: Iterable[Marks], columns: list[str]) -> str:
    """The same for the eye: one page that needs nothing else."""

    def cell(outcome: str) -> str:
        name = outcome.replace(" ", "-")
        return f'<td class="{name}" title="{outcome}">{SYMBOLS[outcome]}</td>'

    body = "\n".join(
        f"<tr><th>{html.escape(row.student)}</th>"
        + "".join(cell(row.outcomes[exercise]) for exercise in columns)
        + f"<td>{row.passed} of {len(columns)}</td>"
        + f'<td class="note">{html.escape("; ".join(row.notes))}</td></tr>'
        for row in rows
    )
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in ("student", *columns))
    legend = ", ".join(f"{symbol or 'empty'} {name}" for name, symbol in SYMBOLS.items())
    return f"""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Grades</title>
<style>
:root {{ color-scheme: light dark; font-family: sans-serif; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: 0.2em 0.6em; border: 1px solid #8886; text-align: center; white-space: nowrap; }}
tr th:first-child, .note {{ text-align: left; font-weight: normal; white-space: normal; }}
.right {{ background: #4a46; }}
.wrong {{ background: #d446; }}
.not-yet-tried {{ background: #cc46; }}
</style>
<h1>Grades</h1>
<p>{legend}</p>
<table>
<thead><tr>{heads}<th>right</th><th>note</th></tr></thead>
<tbody>
{body}
</tbody>
</table>
</html>
"""
