"""Holes, both editions of a small notebook, and the proof that one is the other with holes."""

import base64
import shutil

import nbformat
import pytest

from pix2pix_course.notebooks import build, editions, files
from pix2pix_course.notebooks.editions import COMMENT, STUB, EditionError, solved, stubbed


def marked(code: str, indent: str = "") -> str:
    return f"{indent}# <solution>\n{code}\n{indent}# </solution>"


# --- holes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "student", "solution"),
    [
        (marked("show(1)\nshow(2)"), COMMENT, "show(1)\nshow(2)"),
        (marked("answer = 3  # why"), f"answer = {STUB}", "answer = 3  # why"),
        (marked("a = 1\nb = 2"), f"a = {STUB}\nb = {STUB}", "a = 1\nb = 2"),
        (marked("a = 1\nshow(a)"), COMMENT, "a = 1\nshow(a)"),
        (
            "def f(x):\n    '''Doc.'''\n" + marked("    y = 2\n\n    return y", "    "),
            f"def f(x):\n    '''Doc.'''\n    {STUB}",
            "def f(x):\n    '''Doc.'''\n    y = 2\n\n    return y",
        ),
        (
            marked("a = 1") + "\nshow(a)\n" + marked("show(2)"),
            f"a = {STUB}\nshow(a)\n{COMMENT}",
            "a = 1\nshow(a)\nshow(2)",
        ),
        ("no = hole", "no = hole", "no = hole"),
    ],
)
def test_a_hole_is_open_or_filled(text, student, solution):
    assert stubbed(text) == student
    assert solved(text) == solution


def code(source: str, *tags: str):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def text(source: str, *tags: str):
    return nbformat.v4.new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


HEADING = text("### Exercise 1 · code: one", "exercise")
ANSWER = text("Because.", "solution")
CHECK = code("exercises.check_one(one)")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([text("### Exercise 1: one", "exercise")], "should read '### Exercise 1 · KIND: title'"),
        ([text("### Exercise 1 · riddle: one", "exercise")], "where KIND is code, prediction"),
        ([text("### Exercise 2 · code: two", "exercise")], "should read '### Exercise 1 · KIND"),
        ([HEADING, CHECK], r"exercise 09\.1 has no markdown cell tagged 'solution'"),
        ([HEADING, ANSWER], r"exercise 09\.1 has no cell with exercises\.check_…"),
        ([code(marked("x = 1"))], "belongs into a code cell tagged 'exercise'"),
        ([code("x = 1\n# <solution>", "exercise")], "needs one # </solution> below it"),
        (
            [HEADING, code(marked("x = 1") + "\n" + CHECK.source, "exercise"), ANSWER],
            "a check needs a cell of its own",
        ),
        ([text("## No exercise"), CHECK], "this check belongs to no exercise"),
    ],
)
def test_a_source_that_breaks_the_convention_is_told_where(cells, message):
    with pytest.raises(EditionError, match=message):
        editions.refuse_unfit(cells, "09")


# --- both editions -----------------------------------------------------------------------------


def stored(folder, edition):
    return files.read(build.place(folder / "sources/04_small.py", edition))


def test_the_student_edition_has_holes_empty_answers_and_the_expected_pictures(
    course_with_exercises,
):
    student = stored(course_with_exercises, "student")
    texts = [cell.source for cell in student.cells]
    assert f"least_cost = {STUB}" in texts
    assert f"def hinge_terms(real_logits, fake_logits):\n    {STUB}" in texts
    assert texts.count(editions.ANSWER) == 3
    assert not any("solution>" in each or "Because" in each or "clip" in each for each in texts)
    shown = [cell.source for cell in student.cells if "expected" in files.tags(cell)]
    assert len(shown) == 2  # what the hole draws, and what the cell that is left out draws
    assert shown[0].startswith("**What the solution of Exercise 3 draws:**")
    data = shown[0].split("base64,")[1]
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert r"![A red \[8 × 8\] square.][drawn-1]" in shown[0]
    assert "![What the solution of Exercise 3 draws][drawn-1]" in shown[1]


def test_what_a_reader_should_guess_is_folded_away_in_the_student_edition():
    cells = [text("Guess."), code("1 + 1", "predict", "nbval-check-output"), HEADING, ANSWER]
    cells += [code("2 + 2", "predict")]
    student, solution = (editions.cells_of(cells, edition) for edition in ("student", "solution"))
    assert [cell.source for cell in student[:3]] == ["Guess.", editions.GUESS, "1 + 1"]
    assert [cell.source == editions.GUESS for cell in student].count(True) == 1
    for edition, folded in ((student, True), (solution, None)):
        made = build.strip(nbformat.v4.new_notebook(cells=edition))
        for cell in files.code_cells(made):
            assert cell.metadata.get("collapsed") is folded
            assert cell.metadata.get("jupyter", {}).get("outputs_hidden") is folded


def test_alternative_text_stands_where_the_picture_stands(course_with_exercises):
    (cell,) = [c for c in stored(course_with_exercises, "solution").cells if "alt" in c.metadata]
    assert cell.metadata.alt == "A red [8 × 8] square."
    assert "image/png" in cell.outputs[0].data
    assert not any("alt" in c.metadata for c in stored(course_with_exercises, "student").cells)


def test_the_solution_edition_is_right_and_the_student_edition_runs_untried(
    course_with_exercises,
):
    outcomes = {
        edition: [
            record
            for cell in files.code_cells(stored(course_with_exercises, edition))
            for record in files.records(cell).items()
        ]
        for edition in editions.EDITIONS
    }
    assert outcomes["solution"] == [("04.1", "right"), ("04.2", "right")]
    assert outcomes["student"] == [("04.1", "not yet tried"), ("04.2", "not yet tried")]


def test_links_of_the_solution_edition_lead_to_the_same_places(course_with_exercises):
    title = stored(course_with_exercises, "solution").cells[0].source
    assert "/notebooks/solutions/04_small.ipynb) [next](../05_next.ipynb)" in title


def test_links_lead_out_of_the_folder_of_solutions():
    text = "[a](01_one.ipynb) [b](questions.md) [c](https://x.org/questions.md)"
    assert editions.moved(text, "00_zero") == (
        "[a](../01_one.ipynb) [b](../questions.md) [c](https://x.org/questions.md)"
    )


def test_the_marking_sheet_lists_exercises_and_right_answers(course_with_exercises):
    sheet = (course_with_exercises / "solutions/marking.md").read_text("utf-8")
    assert "## 04 · A course in small" in sheet
    assert "| 04.1 | code | hinge | 1 | `grade` |" in sheet
    assert "| 04.3 | experiment | paint it red | 1 | you |" in sheet
    assert "### 04.3 · paint it red\n\nRed, and then blue." in sheet


# --- the proof -----------------------------------------------------------------------------------


def test_the_editions_agree(course_with_exercises):
    assert build.edition_problems(course_with_exercises) == []


@pytest.mark.parametrize("edition", editions.EDITIONS)
def test_an_edition_changed_by_hand_is_found(course_with_exercises, tmp_path, edition):
    folder = shutil.copytree(course_with_exercises, tmp_path / "course")
    path = build.place(folder / "sources/04_small.py", edition)
    notebook = files.read(path)
    notebook.cells[1].source += "  # by hand"
    nbformat.write(notebook, path)
    assert "source of cell 2" in build.edition_problems(folder)[0]


def test_a_check_of_another_exercise_is_found(course_with_exercises, tmp_path):
    folder = shutil.copytree(course_with_exercises, tmp_path / "course")
    path = folder / "04_small.ipynb"
    changed = path.read_text("utf-8").replace('"exercise": "04.2"', '"exercise": "05.1"')
    path.write_text(changed, encoding="utf-8")
    assert build.edition_problems(folder) == [
        "04_small, student edition: the check of 04.2 says {'05.1': 'not yet tried'}"
    ]


def test_a_wrong_solution_a_leftover_and_an_old_sheet_are_found(course_with_exercises, tmp_path):
    folder = shutil.copytree(course_with_exercises, tmp_path / "course")
    path = folder / "solutions/04_small.ipynb"
    changed = path.read_text("utf-8").replace('"outcome": "right"', '"outcome": "wrong"', 1)
    path.write_text(changed, encoding="utf-8")
    shutil.copy(path, folder / "solutions/05_gone.ipynb")
    (folder / "solutions/marking.md").write_text("old")
    wrong, leftover, sheet = build.edition_problems(folder)
    assert "04_small, solution edition: the check of 04.1 says {'04.1': 'wrong'}" in wrong
    assert "05_gone.ipynb has no source" in leftover
    assert "marking.md is not up to date" in sheet
