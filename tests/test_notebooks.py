"""The runner, tried on small notebooks without TensorFlow; and the course's notebooks as data."""

import base64
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from PIL import Image

from pix2pix_course import editions, notebooks
from pix2pix_course.interactive import HEADLESS

PARAMETERS = 'PROFILE = "cpu"\nDATASET = "painted"\nDIRECTION = None\nSEED = 0\nRUNS = "runs"'


def write(folder: Path, name: str, *cells: str, parameters: str = PARAMETERS) -> Path:
    """A notebook of code cells below a parameter cell."""
    first = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell(f"# {name}"),
            first,
            *map(nbformat.v4.new_code_cell, cells),
        ],
        metadata={"kernelspec": notebooks.KERNELSPEC, "language_info": {"name": "python"}},
    )
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> str:
    """What all cells of an executed notebook wrote to stdout."""
    outputs = [o for cell in notebooks.code_cells(notebooks.read(path)) for o in cell.outputs]
    return "".join(o.text for o in outputs if o.get("name") == "stdout")


# --- running -------------------------------------------------------------------------------


def test_a_run_injects_what_each_notebook_knows_and_reports(tmp_path):
    folder, output = tmp_path / "notebooks", tmp_path / "output"
    write(
        folder,
        "01_all",
        "import os, sys, pix2pix_course\n"
        "print(PROFILE, DIRECTION, SEED, RUNS, EXTRA)\n"
        "print(os.getcwd(), sys.executable, os.environ['PIX2PIX_COURSE_DATA'])",
        parameters=PARAMETERS + "\nEXTRA = 1",
    )
    write(folder, "02_few", "print(PROFILE, 'RUNS' in globals())", parameters='PROFILE = "cpu"')

    results = notebooks.run_notebooks(
        folder=folder,
        output=output,
        profile="smoke",
        direction="BtoA",
        extra={"EXTRA": [1.5, None]},
        data_folder=tmp_path / "data",
        device="abacus",
    )

    assert [r.status for r in results] == ["passed", "passed"]
    first, second = printed(output / "01_all.ipynb").splitlines()
    assert first == f"smoke BtoA 0 {output / 'runs'} [1.5, None]"
    assert second == f"{output} {sys.executable} {tmp_path / 'data'}"
    assert printed(output / "02_few.ipynb") == "smoke False\n"
    report = json.loads((output / "report.json").read_text())
    assert set(report) == {"01_all", "02_few"}
    record = report["02_few"]
    assert record["status"] == "passed"
    assert record["device"] == "abacus"
    assert record["parameters"] == {"PROFILE": "smoke"}
    assert record["versions"]["python"] == sys.version.split()[0]
    assert record["versions"]["numpy"]


def test_a_run_has_no_reader_to_move_a_slider(tmp_path, monkeypatch):
    monkeypatch.delenv(HEADLESS, raising=False)
    path = write(tmp_path, "01_env", f"import os\nprint(os.environ['{HEADLESS}'])")
    assert notebooks.execute(path, tmp_path / "out.ipynb", working_folder=tmp_path) is None
    assert printed(tmp_path / "out.ipynb") == "1\n"


def test_a_run_can_be_followed(tmp_path, capfd):
    write(tmp_path / "notebooks", "01_talks", "print('half', 'way')")
    for follow in (False, True):
        notebooks.run_notebooks(
            folder=tmp_path / "notebooks", output=tmp_path / "output", follow=follow
        )
        assert ("half way\n" in capfd.readouterr().out) is follow


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        (("x = 1", "1 / 0", "later = 1"), "In [4] ('1 / 0'): ZeroDivisionError: division by zero"),
        (("import sys", "sys.exit(0)", "later = 1"), "In [4] ('sys.exit(0)'): SystemExit"),
        (("import os; os._exit(0)", "later = 1"), "In [3] ('import os; os._exit(0)'): DeadKernel"),
        (("import time; time.sleep(60)", "later = 1"), "In [3] ('import time; time.sleep(60)'): "),
    ],
    ids=["error", "sys.exit(0)", "dead kernel", "timeout"],
)
def test_a_failure_is_reported_kept_and_does_not_stop_the_next(tmp_path, capfd, cells, error):
    write(tmp_path / "n", "01_bad", *cells)
    write(tmp_path / "n", "02_good", "print('fine')")

    bad, good = notebooks.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", timeout=2)

    assert bad.status == "failed"
    assert error in bad.error
    assert "sleep" not in bad.error or "timed out" in bad.error
    assert bad.executed.exists()
    assert good.status == "passed"
    assert "01_bad failed" in capfd.readouterr().out
    assert json.loads((tmp_path / "o/report.json").read_text())["01_bad"]["error"] == bad.error


def test_a_misspelled_parameter_stops_before_anything_runs(tmp_path):
    write(tmp_path / "n", "01_one")
    with pytest.raises(notebooks.NotebookError, match=r"'SEDE'\. Did you mean SEED") as error:
        notebooks.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", extra={"SEDE": 3})
    assert "01_one: PROFILE, DATASET, DIRECTION, SEED, RUNS" in str(error.value)
    assert not (tmp_path / "o").exists()


def test_an_unknown_profile_stops_before_anything_runs(tmp_path):
    write(tmp_path / "n", "01_one")
    with pytest.raises(ValueError, match="no profile 'fast'; there are smoke, cpu, gpu"):
        notebooks.run_notebooks(folder=tmp_path / "n", output=tmp_path / "o", profile="fast")
    assert not (tmp_path / "o").exists()


def test_two_runs_agree(tmp_path):
    write(
        tmp_path / "n",
        "01_seeded",
        "import numpy as np\nprint(np.random.default_rng(SEED).random(3))",
    )
    for name in ("a", "b"):
        notebooks.run_notebooks(folder=tmp_path / "n", output=tmp_path / name, seed=7)
    assert printed(tmp_path / "a/01_seeded.ipynb") == printed(tmp_path / "b/01_seeded.ipynb")
    notebooks.run_notebooks(folder=tmp_path / "n", output=tmp_path / "c", seed=8)
    assert printed(tmp_path / "a/01_seeded.ipynb") != printed(tmp_path / "c/01_seeded.ipynb")


def test_a_later_run_keeps_the_records_of_other_notebooks(tmp_path):
    write(tmp_path / "n", "01_one")
    write(tmp_path / "n", "02_two")
    for name in ("1", "2"):
        notebooks.run_notebooks([name], folder=tmp_path / "n", output=tmp_path / "o")
    assert set(json.loads((tmp_path / "o/report.json").read_text())) == {"01_one", "02_two"}


def test_ctrl_c_stops_the_kernel_and_reports_what_was_done(tmp_path):
    write(tmp_path / "n", "01_one")
    write(
        tmp_path / "n",
        "02_long",
        "import os, pathlib, time",
        "pathlib.Path('pid').write_text(str(os.getpid()))\ntime.sleep(60)",
    )
    write(tmp_path / "n", "03_never")
    code = (
        "from pathlib import Path; from pix2pix_course import notebooks as n; "
        "print([r.status for r in n.run_notebooks(folder=Path('n'), output=Path('o'))])"
    )
    environment = os.environ | {"PYTHONPATH": str(notebooks.CHECKOUT)}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell's background job would hand down that Ctrl-C is ignored
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        pid = tmp_path / "o/pid"
        for _ in range(300):
            if pid.exists() and pid.read_text():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert "['passed', 'interrupted']" in out, err
    report = json.loads((tmp_path / "o/report.json").read_text())
    assert {name: record["status"] for name, record in report.items()} == {
        "01_one": "passed",
        "02_long": "interrupted",
    }
    assert (tmp_path / "o/02_long.ipynb").exists()
    with pytest.raises(ProcessLookupError):  # the kernel is gone as well
        os.kill(int(pid.read_text()), 0)


# --- choosing ------------------------------------------------------------------------------


def test_notebooks_are_chosen_by_number_or_name(tmp_path):
    paths = [write(tmp_path, name) for name in ("01_one", "02_two", "10_ten")]
    (tmp_path / "notes.ipynb").touch()
    assert notebooks.select([], tmp_path) == paths
    assert notebooks.select(["10", "1"], tmp_path) == [paths[0], paths[2]]
    assert notebooks.select(["02_two", "02", "n/02_two.ipynb"], tmp_path) == [paths[1]]
    with pytest.raises(notebooks.NotebookError, match=r"'3'.* 01_one, 02_two, 10_ten"):
        notebooks.select(["3"], tmp_path)
    with pytest.raises(notebooks.NotebookError, match="no notebook in"):
        notebooks.select([], tmp_path / "nowhere")


def test_products_are_those_that_exist(tmp_path):
    assert list(notebooks.products(tmp_path)) == []
    evaluation = tmp_path / "runs/painted/evaluation"
    evaluation.mkdir(parents=True)
    for path in (evaluation.parent / "config.json", evaluation / "grid.png"):
        path.touch()
    assert list(notebooks.products(tmp_path)) == [
        ("trained run", evaluation.parent),
        ("test translations", evaluation / "grid.png"),
    ]


# --- building ------------------------------------------------------------------------------

SOURCE = """\
# %% [markdown]
# # Title
# [badge](https://colab.example/{{repository_path}}/blob/main/notebooks/{{notebook}})

# %% tags=["parameters"]
PROFILE = "cpu"

# %% tags=["nbval-check-output"]
print(2 + 2)

# %%
address = "git+{{repository}}"

# %%
address = "git+{{repository}}"
"""


@pytest.fixture
def authored(tmp_path) -> Path:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/01_title.py").write_text(SOURCE)
    return tmp_path


def test_a_built_notebook_holds_cells_tags_outputs_and_nothing_of_this_machine(authored):
    (path,) = notebooks.build(authored)
    notebook = notebooks.read(path)
    nbformat.validate(notebook)
    owner_and_name = notebooks.repository().removeprefix("https://github.com/")
    title, parameters, check, address, again = notebook.cells
    assert f"/{owner_and_name}/blob/main/notebooks/01_title.ipynb)" in title.source
    assert address.source == again.source == f'address = "git+{notebooks.repository()}"'
    assert notebooks.tags(parameters) == ["parameters"]
    assert check.outputs[0].text == "4\n"
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4]
    assert notebook.metadata == {
        "kernelspec": notebooks.KERNELSPEC,
        "language_info": {"name": "python"},
    }
    assert str(authored) not in path.read_text()
    assert notebooks.differences(path, authored / "sources/01_title.py") == []


def test_only_what_changed_is_built_again(authored):
    (path,) = notebooks.build(authored, run=False)
    assert notebooks.build(authored, run=False) == []
    source = authored / "sources/01_title.py"
    source.write_text(SOURCE.replace("2 + 2", "2 + 3"))
    assert notebooks.differences(path, source) == [
        "01_title.ipynb: source of cell 3 of 5",
        "01_title.ipynb: id of cell 3 of 5",
    ]
    assert notebooks.build(authored, run=False) == [path]


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.cells.pop(),
        lambda n: n.cells[0].update(source="# Other"),
        lambda n: n.cells[1].metadata.update(tags=[]),
        lambda n: n.metadata.update(papermill={"duration": 3}),
    ],
    ids=["cell", "text", "tag", "metadata"],
)
def test_a_notebook_changed_by_hand_differs_from_its_source(authored, change):
    (path,) = notebooks.build(authored, run=False)
    notebook = notebooks.read(path)
    change(notebook)
    nbformat.write(notebook, path)
    assert notebooks.differences(path, authored / "sources/01_title.py")


def test_a_failing_cell_leaves_the_stored_notebook_as_it_was(authored, monkeypatch, tmp_path):
    monkeypatch.setattr(notebooks, "CHECKOUT", authored)
    (authored / "pyproject.toml").write_text('[project.urls]\nRepository = "https://h/o/r"\n')
    (path,) = notebooks.build(authored, run=False)
    before = path.read_bytes()
    (authored / "sources/01_title.py").write_text(SOURCE.replace("2 + 2", "2 / 0"))
    with pytest.raises(notebooks.NotebookError, match=r"01_title: cell In \[2.*ZeroDivisionError"):
        notebooks.build(authored)
    assert path.read_bytes() == before
    assert (authored / "build/failed/01_title.ipynb").exists()


def test_a_changed_training_notebook_takes_the_old_runs_and_its_readers_along(authored):
    sources = authored / "sources"
    (sources / "01_title.py").write_text("# %%\n1\n")
    text = '# %% tags=["parameters"]\nRUNS = "runs"\n\n# %%\nfrom pathlib import Path\n'
    (sources / "05_training.py").write_text(text + "Path(RUNS).mkdir()\n")  # fails if it is there
    (sources / "06_evaluation.py").write_text(text + "assert Path(RUNS).is_dir()\n")
    assert [path.stem[:2] for path in notebooks.build(authored)] == ["01", "05", "06"]
    with (sources / "05_training.py").open("a") as file:
        file.write("\n# %%\n2\n")
    assert [path.stem[:2] for path in notebooks.build(authored)] == ["05", "06"]
    with (sources / "06_evaluation.py").open("a") as file:
        file.write("\n# %%\n2\n")
    assert [path.stem[:2] for path in notebooks.build(authored)] == ["06"]
    (sources / "01_title.py").write_text("# %%\n3\n")
    with (sources / "06_evaluation.py").open("a") as file:
        file.write("\n# %%\n3\n")
    assert [path.stem[:2] for path in notebooks.build(authored, ["6"])] == ["06"]
    assert (authored / "runs").is_dir()


# --- the course's notebooks ------------------------------------------------------------------

FOLDER = notebooks.CHECKOUT / "notebooks"
NUMBERS = ("01", "02", "03", "04", "05", "06", "07", "08")
STORED = notebooks.find(FOLDER)
SOLUTIONS = notebooks.find(FOLDER / "solutions")
SOURCES = notebooks.sources(FOLDER)


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
    assert notebooks.fact_differences(stored, executed("b", "30×30")) == []
    (line,) = notebooks.fact_differences(stored, executed("c", "35×35"))
    assert "01_facts.ipynb, cell that begins 'print(answer)'" in line
    assert "stored '30×30', now '35×35'" in line


def test_the_course_is_complete():
    assert tuple(path.stem[:2] for path in STORED)[: len(NUMBERS)] == NUMBERS
    assert [path.stem for path in SOURCES] == [path.stem for path in STORED]


def test_the_editions_of_the_course_agree():
    assert notebooks.edition_problems(FOLDER) == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_only_the_header_of_a_cell_is_a_long_line(source):
    """Ruff cannot tell a header, which holds alternative text, from other lines; this test can."""
    lines = source.read_text(encoding="utf-8").splitlines()
    long = [line for line in lines if len(line) > 100 and "https://" not in line]
    assert [line for line in long if not line.startswith("# %%")] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_exercises_are_four_or_more_of_three_kinds(source):
    exercises = notebooks.exercises(source)
    if exercises:  # not every notebook has them in this form yet
        assert len(exercises) >= 4
        assert {exercise.kind for exercise in exercises} == set(editions.KINDS)


@pytest.mark.parametrize(
    "path", [*STORED, *SOLUTIONS], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
class TestStoredNotebook:
    def test_was_executed_from_top_to_bottom(self, path):
        cells = notebooks.code_cells(notebooks.read(path))
        assert notebooks.first_problem(notebooks.read(path)) is None
        assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))

    def test_takes_the_standard_parameters(self, path):
        parameters = notebooks.parameters(path)
        assert {"PROFILE", "DATASET", "SEED"} <= set(parameters)
        assert parameters["PROFILE"] == '"cpu"'
        assert parameters["DATASET"] == '"painted"'

    def test_checks_five_facts_that_no_machine_changes(self, path):
        checked = [
            cell
            for cell in notebooks.code_cells(notebooks.read(path))
            if "nbval-check-output" in notebooks.tags(cell)
        ]
        assert len(checked) >= 5
        assert all(cell.outputs for cell in checked)

    def test_names_no_place_on_a_machine(self, path):
        texts = []
        for cell in notebooks.read(path).cells:
            texts.append(cell.source)
            for output in cell.get("outputs", []):
                texts += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
        found = re.findall(r"/(?:home|root|tmp|Users)/[\w/.-]+", "\n".join(texts))
        assert found == []
        assert str(notebooks.CHECKOUT) not in "\n".join(texts)

    def test_hides_no_failing_command(self, path):
        """A failing `!command` or `%pip` passes papermill and nbval alike."""
        for cell in notebooks.code_cells(notebooks.read(path)):
            assert not re.search(r"^\s*[!%]", cell.source, re.MULTILINE)

    def test_is_light_enough_to_be_read_online(self, path):
        assert path.stat().st_size < 400_000

    def test_says_what_each_figure_shows(self, path):
        """An image without alternative text is nothing to a reader with a screen reader."""
        for cell in notebooks.code_cells(notebooks.read(path)):
            drawn = any(
                kind.startswith("image/") for o in cell.outputs for kind in o.get("data", ())
            )
            alt = cell.metadata.get("alt", "")
            assert drawn == bool(alt), cell.source
            assert not drawn or 20 <= len(alt) <= 300, alt
            assert not alt.startswith(("Figure", "Image of", "A figure", "An image")), alt

    def test_has_light_figures_without_transparency(self, path):
        """JupyterLab's dark theme would show through, under black letters."""
        for cell in notebooks.code_cells(notebooks.read(path)):
            for output in cell.outputs:
                for kind in ("image/png", "image/jpeg"):
                    if kind in output.get("data", {}):
                        picture = Image.open(io.BytesIO(base64.b64decode(output.data[kind])))
                        corner = picture.convert("RGBA").getpixel((0, 0))
                        assert corner[3] == 255
                        assert "plt.show" not in cell.source or min(corner) > 250

    def test_has_short_cells(self, path):
        lengths = [len(c.source.splitlines()) for c in notebooks.code_cells(notebooks.read(path))]
        assert max(lengths) <= 40

    def test_is_set_up_like_all_others(self, path):
        first = notebooks.code_cells(notebooks.read(path))[0].source
        assert first == notebooks.code_cells(notebooks.read(STORED[0]))[0].source
        assert 'find_spec("pix2pix_course") is None' in first
        assert "check=True" in first

    def test_shows_no_log_lines(self, path):
        for cell in notebooks.code_cells(notebooks.read(path)):
            assert [o.text for o in cell.outputs if o.get("name") == "stderr"] == []
