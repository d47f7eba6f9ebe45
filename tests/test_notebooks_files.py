"""Finding notebooks and facts; and the course's notebooks as data."""

import base64
import io
import re
from pathlib import Path

import nbformat
import pytest
from PIL import Image
from small_notebooks import write

from pix2pix_course.notebooks import CHECKOUT, build, editions, files


def test_notebooks_are_chosen_by_number_or_name(tmp_path):
    paths = [write(tmp_path, name) for name in ("01_one", "02_two", "10_ten")]
    (tmp_path / "notes.ipynb").touch()
    assert files.select([], tmp_path) == paths
    assert files.select(["10", "1"], tmp_path) == [paths[0], paths[2]]
    assert files.select(["02_two", "02", "n/02_two.ipynb"], tmp_path) == [paths[1]]
    with pytest.raises(files.NotebookError, match=r"'3'.* 01_one, 02_two, 10_ten"):
        files.select(["3"], tmp_path)
    with pytest.raises(files.NotebookError, match="no notebook in"):
        files.select([], tmp_path / "nowhere")


@pytest.mark.parametrize("copy", ["01_one-Copy1", "01_one (1)", "Copy of 01_one", "01_one.bak"])
def test_a_copy_is_none_of_the_courses_notebooks(tmp_path, copy):
    for name in ("01_one", "02_two", copy):
        (tmp_path / f"{name}.ipynb").touch()
    assert [path.stem for path in files.find(tmp_path)] == ["01_one", "02_two"]


def test_a_fact_that_changed_is_named(tmp_path):
    def executed(folder: str, answer: str) -> Path:
        path = write(tmp_path / folder, "01_facts", "print(answer)", "print(time())")
        notebook = nbformat.read(path, 4)
        for cell, text in zip(notebook.cells[-2:], (answer, folder), strict=True):
            cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        notebook.cells[-2].metadata["tags"] = ["nbval-check-output"]
        nbformat.write(notebook, path)
        return path

    stored = executed("a", "30×30")
    assert files.fact_differences(stored, executed("b", "30×30")) == []
    (line,) = files.fact_differences(stored, executed("c", "35×35"))
    assert "01_facts.ipynb, cell that begins 'print(answer)'" in line
    assert "stored '30×30', now '35×35'" in line


FOLDER = CHECKOUT / "notebooks"
NUMBERS = ("00", "01", "02", "03", "04", "05", "06", "07", "08")
STORED = files.find(FOLDER)
SOLUTIONS = files.find(FOLDER / "solutions")
SOURCES = build.sources(FOLDER)


def test_the_course_is_complete():
    assert tuple(path.stem[:2] for path in STORED)[: len(NUMBERS)] == NUMBERS
    assert [path.stem for path in SOURCES] == [path.stem for path in STORED]


def test_readme_instructors_page_and_plan_of_the_course_tell_the_same_times():
    def times(page: str, row: str) -> dict[str, str]:
        return dict(re.findall(row, (CHECKOUT / page).read_text("utf-8"), re.MULTILINE))

    told = times("README.md", r"^\| (\d\d) \| .* \| ([\w ]+) min \|")
    assert tuple(told) == NUMBERS
    assert told == times("docs/instructors.md", r"^\| (\d\d) [^|]+ \| ([\w ]+) \|")
    plan = times("notebooks/sources/00_start_here.py", r"^# \| \[?(\d\d).* \| ([\w ]+) min \|")
    assert told == plan


def test_the_editions_of_the_course_agree():
    assert build.edition_problems(FOLDER) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_only_the_header_of_a_cell_may_be_a_long_line(source):
    """Or a table's row, or a picture: Markdown cannot break these, and Ruff cannot tell them."""
    lines = source.read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line) > 100 and "https://" not in line]
    assert [line for line in long if not line.startswith(("# %%", "# |", "# !["))] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_cells_that_name_tensorflow_are_tagged_so(source):
    """The runner skips them where another engine computes, so that all of them run there."""
    for cell in files.code_cells(build.generate(source, editions.SOLUTION)):
        names_it = re.search(r"\btf\.|import tensorflow|GradientTape", cell.source)
        assert not names_it or "tensorflow" in files.tags(cell), cell.source


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_exercises_are_four_or_more_of_three_kinds(source):
    exercises = editions.exercises(build.generate(source).cells, source.stem)
    assert len(exercises) >= 4
    assert {exercise.kind for exercise in exercises} == set(editions.KINDS)


@pytest.mark.parametrize(
    "path", [*STORED, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
class TestStoredNotebook:
    def test_was_executed_from_top_to_bottom(self, path):
        cells = files.code_cells(files.read(path))
        assert files.first_problem(files.read(path)) is None
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))

    def test_takes_the_standard_parameters(self, path):
        parameters = files.parameters(path)
        assert {"PROFILE", "DATASET", "SEED"} <= set(parameters)
        assert parameters["PROFILE"] == '"cpu"'
        assert parameters["DATASET"] == '"painted"'

    def test_checks_five_facts_that_no_machine_changes(self, path):
        checked = [
            cell
            for cell in files.code_cells(files.read(path))
            if "nbval-check-output" in files.tags(cell)
        ]
        assert len(checked) >= 5
        assert all(cell.outputs for cell in checked)

    def test_names_no_place_on_a_machine(self, path):
        texts = []
        for cell in files.read(path).cells:
            texts.append(cell.source)
            for output in cell.get("outputs", []):
                texts += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
        found = re.findall(r"/(?:home|root|tmp|Users)/[\w/.-]+", "\n".join(texts))
        assert found == []
        assert str(CHECKOUT) not in "\n".join(texts)

    def test_hides_no_failing_command(self, path):
        """A failing `!command` or `%pip` passes papermill and nbval alike."""
        for cell in files.code_cells(files.read(path)):
            assert not re.search(r"^\s*[!%]", cell.source, re.MULTILINE)

    def test_is_light_enough_to_be_read_online(self, path):
        assert path.stat().st_size < 400_000

    def test_says_what_each_figure_shows(self, path):
        """An image without alternative text is nothing to a reader with a screen reader."""
        for cell in files.code_cells(files.read(path)):
            drawn = any(
                kind.startswith("image/") for o in cell.outputs for kind in o.get("data", ())
            )
            alt = cell.metadata.get("alt", "")
            assert drawn == bool(alt), cell.source
            assert not drawn or 20 <= len(alt) <= 300, alt
            assert not alt.startswith(("Figure", "Image of", "A figure", "An image")), alt

    def test_has_light_figures_without_transparency(self, path):
        """JupyterLab's dark theme would show through, under black letters."""
        for cell in files.code_cells(files.read(path)):
            for output in cell.outputs:
                for kind in ("image/png", "image/jpeg"):
                    if kind in output.get("data", {}):
                        picture = Image.open(io.BytesIO(base64.b64decode(output.data[kind])))
                        corner = picture.convert("RGBA").getpixel((0, 0))
                        assert corner[3] == 255
                        assert "plt.show" not in cell.source or min(corner) > 250

    def test_has_short_cells(self, path):
        lengths = [len(c.source.splitlines()) for c in files.code_cells(files.read(path))]
        assert max(lengths) <= 40

    def test_is_set_up_like_all_others(self, path):
        first = files.code_cells(files.read(path))[0]
        assert first.source == files.code_cells(files.read(STORED[0]))[0].source
        assert files.tags(first) == ["setup"]
        assert first.metadata["cellView"] == "form"
        assert first.metadata["jupyter"] == {"source_hidden": True}

    def test_shows_no_log_lines(self, path):
        for cell in files.code_cells(files.read(path)):
            assert [o.text for o in cell.outputs if o.get("name") == "stderr"] == []
