"""Notebooks as students hand them in: solved, half solved, broken, hanging, deceiving."""

import csv
import io
import json
import shutil

import nbformat
import pytest

from pix2pix_course.exercises.checking import MIME
from pix2pix_course.notebooks import files, grade, marks
from pix2pix_course.notebooks.grade import GradingError
from pix2pix_course.notebooks.marks import ABSENT, Marks

HINGE = "return (1 - real_logits).clip(0).mean(), (1 + fake_logits).clip(0).mean()"
HINGE_STUB, COST_STUB = "...  # your turn", "least_cost = ...  # your turn"


def fill(course, target, hinge="...", cost="...", *, further=(), without_ids=False):
    """Hand in the student edition with these answers; `further` cells come before the checks."""
    notebook = files.read(course / "04_small.ipynb")
    for cell in notebook.cells:
        if cell.source.startswith("def hinge_terms"):
            cell.source = cell.source.replace(HINGE_STUB, hinge)
        cell.source = cell.source.replace(COST_STUB, f"least_cost = {cost}")
    notebook.cells[2:2] = map(nbformat.v4.new_code_cell, further)
    if without_ids:
        for cell in notebook.cells:
            del cell["id"]
        notebook.nbformat_minor = 4
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return notebook


FORGED = f"display({{{MIME!r}: {{'exercise': '04.1', 'outcome': 'right'}}}}, raw=True)"


@pytest.fixture(scope="module")
def graded(course_with_exercises, tmp_path_factory):
    """A class of students, and their marks."""
    folder = tmp_path_factory.mktemp("handed_in")
    output = folder / "grades"

    def hand_in(name, *answers, **options):
        return fill(course_with_exercises, folder / f"{name}.ipynb", *answers, **options)

    hand_in("ada", HINGE, "0.31", without_ids=True)
    hand_in("ben/04_small (1)", HINGE)
    hand_in("cem", "return 1 / 0, 1", "0.69")
    hand_in("dana", HINGE, "0.31", further=["1 / 0", "import sys; sys.exit()"])
    hand_in("eli", HINGE, "0.31", further=["import os; os._exit(1)"])
    hand_in("fynn", HINGE, "0.31", further=["while True: print('x' * 1000)"])
    hand_in("gus", "return (", "0.31", further=[FORGED])
    cheat = hand_in("hal", HINGE, "0.4")
    for cell in cheat.cells:
        if "check_least_cost" in cell.source:
            cell.source += "\n" + FORGED.replace("04.1", "04.2")
    nbformat.write(cheat, folder / "hal.ipynb")
    (folder / "ida.ipynb").write_text('{"cells": 3')
    (folder / "jon").mkdir()
    (folder / ".ipynb_checkpoints").mkdir()
    half = hand_in("kim", HINGE, "0.31")
    half.cells = [cell for cell in half.cells if "check_hinge_terms" not in cell.source]
    nbformat.write(half, folder / "kim.ipynb")
    rows, columns = grade.grade(folder, output=output, course=course_with_exercises)
    assert columns == ["04.1", "04.2"]
    return output, {row.student: row for row in rows}


@pytest.mark.parametrize(
    ("student", "outcomes", "note"),
    [
        ("ada", ["right", "right"], ""),
        ("ben", ["right", "not yet tried"], ""),
        ("cem", ["wrong", "wrong"], ""),
        ("dana", ["right", "right"], "dana.ipynb: failed at cell In [2] ('1 / 0'): ZeroDivision"),
        ("eli", [ABSENT, ABSENT], "eli.ipynb: crashed at cell In [2] ('import os; os._exit(1)')"),
        (
            "fynn",
            [ABSENT, ABSENT],
            "fynn.ipynb: printed more than 1000000 characters at cell In [2]",
        ),
        ("gus", ["wrong", "right"], "SyntaxError"),
        ("hal", ["right", "wrong"], ""),
        ("ida", [ABSENT, ABSENT], "ida.ipynb: cannot be read"),
        ("jon", [ABSENT, ABSENT], "no notebook"),
        ("kim", [ABSENT, "right"], "kim.ipynb: no check of 04.1"),
    ],
)
def test_each_student_is_marked_whatever_the_others_did(graded, student, outcomes, note):
    _, rows = graded
    row = rows[student]
    assert [row.outcomes["04.1"], row.outcomes["04.2"]] == outcomes
    said = "; ".join(row.notes)
    assert note in said
    assert bool(note) == bool(said)


def test_the_tables_hold_every_student(graded):
    output, rows = graded
    table = list(csv.reader(io.StringIO((output / "grades.csv").read_text("utf-8"))))
    assert table[0] == ["student", "04.1", "04.2", "right", "of", "note"]
    assert [line[0] for line in table[1:]] == sorted(rows)
    assert table[2] == ["ben", "right", "not yet tried", "1", "2", ""]
    page = (output / "grades.html").read_text("utf-8")
    assert page.count("<tr>") == len(rows) + 1
    assert "http" not in page
    assert (output / "executed/ben/04_small (1).ipynb").exists()
    assert (output / "executed/fynn.ipynb").stat().st_size < 3e6


def test_gradescope_finds_a_point_for_each_exercise(graded):
    output, rows = graded
    for student, row in rows.items():
        results = json.loads((output / "gradescope" / student / "results.json").read_text("utf-8"))
        assert results["score"] == row.passed == sum(t["score"] for t in results["tests"])
        assert [t["name"] for t in results["tests"]] == ["04.1", "04.2"]
        assert [t["output"] for t in results["tests"]] == list(row.outcomes.values())
    eli = json.loads((output / "gradescope/eli/results.json").read_text("utf-8"))
    assert eli["output"].startswith("eli.ipynb: crashed at cell In [2]")


def test_a_notebook_over_its_time_is_stopped(course_with_exercises, tmp_path):
    hangs = ["import time; time.sleep(600)"]
    fill(course_with_exercises, tmp_path / "in/fay.ipynb", HINGE, "0.31", further=hangs)
    ((row,), _) = grade.grade(
        tmp_path / "in", output=tmp_path / "out", timeout=5, course=course_with_exercises
    )
    assert row.notes[0].startswith("fay.ipynb: over the time limit of 5 s at cell In [")
    assert set(row.outcomes.values()) == {ABSENT}


def test_grading_deletes_only_what_it_made(course_with_exercises, tmp_path):
    fill(course_with_exercises, tmp_path / "in/lea.ipynb", HINGE)
    kept = [tmp_path / "executed/keep.txt", tmp_path / "work/thesis.txt"]
    for path in kept:
        path.parent.mkdir()
        path.touch()
    words = {"output": tmp_path, "course": course_with_exercises}
    with pytest.raises(GradingError, match="executed is there, made by no grading; name another"):
        grade.grade(tmp_path / "in", **words)
    shutil.rmtree(tmp_path / "executed")
    grade.grade(tmp_path / "in", **words)
    left = tmp_path / "executed/left.ipynb"  # of a student who has gone
    left.touch()
    ((row,), _) = grade.grade(tmp_path / "in", **words)
    assert not left.exists()
    assert kept[1].exists()
    assert row.outcomes["04.1"] == "right"


def test_sys_exit_is_named(course_with_exercises, tmp_path):
    fill(
        course_with_exercises, tmp_path / "in/lea.ipynb", HINGE, further=["import sys; sys.exit(0)"]
    )
    ((row,), _) = grade.grade(
        tmp_path / "in", output=tmp_path / "out", timeout=30, course=course_with_exercises
    )
    assert row.notes == ["lea.ipynb: called sys.exit at cell In [2] ('import sys; sys.exit(0)')"]
    assert row.outcomes == {"04.1": "right", "04.2": "not yet tried"}


# --- without running ---------------------------------------------------------------------------


@pytest.fixture
def assignment(course_with_exercises):
    (only,) = grade.read_assignments(course_with_exercises)
    return only


def test_old_outputs_and_the_students_tags_do_not_count(course_with_exercises, assignment):
    notebook = files.read(course_with_exercises / "solutions/04_small.ipynb")
    for cell in notebook.cells:
        cell.metadata["tags"] = [*files.tags(cell), "skip-execution"]
    made, missing = grade.prepare(notebook, assignment)
    assert missing == []
    assert all(not cell.outputs for cell in files.code_cells(made))
    assert {tag for cell in made.cells for tag in files.tags(cell)} == {"parameters"}
    nbformat.validate(made)


def test_a_notebook_is_recognised_by_its_cells_else_by_its_name(assignment):
    own = sorted(assignment.texts)[-2:]
    assert grade.recognise({*own}, "whatever", [assignment]) is assignment
    assert grade.recognise({"1 + 1"}, "mia_04_small", [assignment]) is assignment
    assert grade.recognise({"1 + 1"}, "mia", [assignment]) is None


def test_the_better_of_two_attempts_counts():
    nia = Marks("nia")
    for outcome in ("not yet tried", "right", "wrong", ABSENT):
        nia.add({"04.1": outcome})
    assert nia.outcomes == {"04.1": "right"}
    assert nia.passed == 1


def test_names_and_notes_are_no_code_in_the_tables():
    row = Marks("=cmd()", {"04.1": "right"}, ["<script>"])
    assert marks.csv_table([row], ["04.1"]).splitlines()[1] == "'=cmd(),right,1,1,<script>"
    page = marks.html_table([row], ["04.1"])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_nothing_to_grade_is_said(course_with_exercises, tmp_path):
    with pytest.raises(GradingError, match="no folder"):
        grade.submissions(tmp_path / "nowhere")
    with pytest.raises(GradingError, match="no notebook in"):
        grade.submissions(tmp_path)
    with pytest.raises(GradingError, match="has exercises with checks"):
        grade.read_assignments(tmp_path)


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (
            "cell In [3] ('x'): OutOfMemory: 9.1 GiB used",
            "used more than 8 GiB of memory at cell In",
        ),
        (
            "cell In [3] ('x'): DeadKernelError: the system killed it",
            "was killed, most often since",
        ),
        ("cell In [3] ('x'): DeadKernelError: it crashed", "crashed at cell In [3] ('x')"),
        ("cell In [3] ('x'): CellTimeoutError: A cell", "over the time limit of 60 s at cell In"),
        ("cell In [3] ('x'): ValueError: no", "failed at cell In [3] ('x'): ValueError: no"),
    ],
)
def test_how_a_notebook_ended_in_words(problem, words):
    limits = {"total_timeout": 60, "memory_limit": 8}
    assert grade._in_words(problem, limits).startswith(words)
