"""Notebooks as students hand them in: solved, half solved, broken, hanging, deceiving."""

import csv
import io

import nbformat
import pytest

from pix2pix_course import grading, notebooks
from pix2pix_course.checking import MIME
from pix2pix_course.grading import ABSENT, GradingError, Marks

HINGE = "return (1 - real_logits).clip(0).mean(), (1 + fake_logits).clip(0).mean()"
HINGE_STUB, COST_STUB = "...  # your turn", "least_cost = ...  # your turn"


def fill(course, target, hinge="...", cost="...", *, further=(), without_ids=False):
    """Hand in the student edition with these answers; `further` cells come before the checks."""
    notebook = notebooks.read(course / "04_small.ipynb")
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
    """A class of students, graded with a limit of seconds."""
    folder = tmp_path_factory.mktemp("handed_in")
    output = folder / "grades"

    def hand_in(name, *answers, **options):
        return fill(course_with_exercises, folder / f"{name}.ipynb", *answers, **options)

    hand_in("ada", HINGE, "0.31", without_ids=True)
    hand_in("ben/04_small (1)", HINGE)
    hand_in("cem", "return 1 / 0, 1", "0.69")
    hand_in("dana", HINGE, "0.31", further=["1 / 0", "import sys; sys.exit()"])
    hand_in("eli", HINGE, "0.31", further=["import os; os._exit(1)"])
    hand_in("fay", HINGE, "0.31", further=["import time; time.sleep(60)"])
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
    rows, columns = grading.grade(folder, output=output, timeout=4, course=course_with_exercises)
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
        ("fay", [ABSENT, ABSENT], "fay.ipynb: over the time limit of 4 s at cell In [2]"),
        (
            "fynn",
            [ABSENT, ABSENT],
            "fynn.ipynb: printed more than 1000000 characters at cell In [2]",
        ),
        ("gus", ["wrong", "right"], "SyntaxError"),
        ("hal", ["right", "wrong"], ""),
        ("ida", [ABSENT, ABSENT], "ida.ipynb cannot be read"),
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
    assert page.count("<tr><th>") == len(rows) + 1
    assert "http" not in page
    assert (output / "executed/ben/04_small.ipynb").exists()
    assert not (output / "work").exists()
    assert (output / "executed/fynn/04_small.ipynb").stat().st_size < 3e6


def test_sys_exit_is_named(course_with_exercises, tmp_path):
    fill(
        course_with_exercises, tmp_path / "in/lea.ipynb", HINGE, further=["import sys; sys.exit(0)"]
    )
    ((row,), _) = grading.grade(
        tmp_path / "in", output=tmp_path / "out", timeout=30, course=course_with_exercises
    )
    assert row.notes == ["lea.ipynb: called sys.exit at cell In [2] ('import sys; sys.exit(0)')"]
    assert row.outcomes == {"04.1": "right", "04.2": "not yet tried"}


# --- without running ---------------------------------------------------------------------------


@pytest.fixture
def assignment(course_with_exercises):
    (only,) = grading.read_assignments(course_with_exercises)
    return only


def test_old_outputs_and_the_students_tags_do_not_count(course_with_exercises, assignment):
    notebook = notebooks.read(course_with_exercises / "solutions/04_small.ipynb")
    for cell in notebook.cells:
        cell.metadata["tags"] = [*notebooks.tags(cell), "skip-execution"]
    made, missing = grading.prepare(notebook, assignment)
    assert missing == []
    assert all(not cell.outputs for cell in notebooks.code_cells(made))
    assert {tag for cell in made.cells for tag in notebooks.tags(cell)} == {"parameters"}
    nbformat.validate(made)


def test_a_notebook_is_recognised_by_its_cells_else_by_its_name(assignment):
    own = [cell.source for cell in assignment.cells]
    assert grading.recognise(own[-2:], "whatever", [assignment]) is assignment
    assert grading.recognise(["1 + 1"], "mia_04_small", [assignment]) is assignment
    assert grading.recognise(["1 + 1"], "mia", [assignment]) is None


def test_the_better_of_two_attempts_counts():
    marks = Marks("nia")
    for outcome in ("not yet tried", "right", "wrong", ABSENT):
        marks.add({"04.1": outcome})
    assert marks.outcomes == {"04.1": "right"}
    assert marks.passed == 1


def test_names_and_notes_are_no_code_in_the_tables():
    row = Marks("=cmd()", {"04.1": "right"}, ["<script>"])
    assert grading.csv_table([row], ["04.1"]).splitlines()[1] == "'=cmd(),right,1,1,<script>"
    page = grading.html_table([row], ["04.1"])
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_nothing_to_grade_is_said(course_with_exercises, tmp_path):
    with pytest.raises(GradingError, match="no folder"):
        grading.submissions(tmp_path / "nowhere")
    with pytest.raises(GradingError, match="no notebook in"):
        grading.submissions(tmp_path)
    with pytest.raises(GradingError, match="has exercises with checks"):
        grading.read_assignments(tmp_path)
