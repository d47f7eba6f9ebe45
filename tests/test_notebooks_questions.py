"""The index on a small course of two notebooks, and that of the course."""

import nbformat
import pytest

from pix2pix_course.notebooks import default_folder, questions

LIST = """
[first]
title = "Of a reader"
1 = "What is λ?"
2 = "Why 70?"
[second]
title = "Of a book"
3 = "Is L1 a mean?"
"""


@pytest.fixture
def course(tmp_path):
    """01 tells about 1, shows 2 twice in one section and once in another; nobody answers 3."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/questions.toml").write_text(LIST, encoding="utf-8")
    text, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell

    def tagged(cell, *tags):
        cell.metadata["tags"] = list(tags)
        return cell

    cells = [
        text("# 01 · Losses"),
        tagged(text("words\n\n## 2 · Weights and λ\n\nλ is a weight."), "question-01"),
        tagged(code("70"), "question-02", "nbval-check-output"),
        tagged(code("35 * 2"), "question-02"),
        text("no heading # here"),
        text("### A closer look"),
        tagged(code("71 - 1"), "question-02"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "01_losses.ipynb")
    nbformat.write(nbformat.v4.new_notebook(cells=[]), tmp_path / "02_none.ipynb")
    return tmp_path


def test_answers_are_found_by_their_tags(course):
    found = questions.find_answers(course)
    assert found[1] == [questions.Answer("01_losses.ipynb", "2 · Weights and λ", False)]
    assert [cell.section for cell in found[2]] == ["2 · Weights and λ", "A closer look"]
    assert all(cell.is_shown for cell in found[2])
    assert questions.unanswered(course) == [3]


def test_the_index_has_every_question_once_with_its_links(course):
    lines = questions.index(course).splitlines()
    place = lines.index("2. Why 70?  ")
    assert lines[place + 1] == (
        "   ▶ [01 · 2 · Weights and λ](01_losses.ipynb#2-%C2%B7-Weights-and-%CE%BB) · "
        "▶ [01 · A closer look](01_losses.ipynb#A-closer-look)"
    )
    assert lines[lines.index("3. Is L1 a mean?  ") + 1].strip() == "not answered yet"
    assert [line for line in lines if line.startswith("## ")] == ["## Of a reader", "## Of a book"]


def test_the_index_is_written_only_when_it_changes(course):
    assert questions.write_index(course)
    assert not questions.write_index(course)
    (course / questions.INDEX).write_text("old")
    assert questions.write_index(course)


def test_a_tag_without_a_question_is_named(course):
    (course / "sources/questions.toml").write_text('[a]\ntitle = "A"\n1 = "What?"\n')
    with pytest.raises(questions.QuestionError, match=r"01_losses\.ipynb.*no question 2"):
        questions.find_answers(course)


COURSE = default_folder()


def test_the_course_answers_every_question():
    assert questions.unanswered(COURSE) == []


def test_most_questions_are_answered_by_a_cell_that_shows_it():
    shown = [
        any(cell.is_shown for cell in cells) for cells in questions.find_answers(COURSE).values()
    ]
    assert len(shown) == 75
    assert sum(shown) >= 60


def test_the_stored_index_is_the_notebooks():
    stored = (COURSE / questions.INDEX).read_text("utf-8")
    assert stored == questions.index(COURSE), "make notebooks writes it anew"
