"""Making notebooks from sources, tried on small ones."""

import base64
import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import matplotlib.figure
import nbformat
import numpy as np
import pytest
from PIL import Image

from pix2pix_course.notebooks import build, files, pictures

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


SETUP = '# %% tags=["setup"]\n# {{setup}}\n'


@pytest.fixture
def authored(tmp_path) -> Path:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources/01_title.py").write_text(SOURCE)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """Cells run in this process, without a kernel."""

    def execute(notebook, target, *, working_folder):
        made, names = files.read(notebook), {}
        with contextlib.chdir(working_folder):
            for number, cell in enumerate(files.code_cells(made), start=1):
                exec(cell.source, names)
                cell.execution_count = number
        nbformat.write(made, target)

    monkeypatch.setattr(build, "execute", execute)


def test_a_built_notebook_holds_cells_tags_outputs_and_nothing_of_this_machine(authored):
    solution, path, sheet = build.build(authored)
    assert (solution.parent.name, sheet.name) == ("solutions", "marking.md")
    notebook = files.read(path)
    nbformat.validate(notebook)
    owner_and_name = build.repository().removeprefix("https://github.com/")
    title, parameters, check, address, again = notebook.cells
    assert f"/{owner_and_name}/blob/main/notebooks/01_title.ipynb)" in title.source
    assert address.source == again.source == f'address = "git+{build.repository()}"'
    assert files.tags(parameters) == ["parameters"]
    assert check.outputs[0].text == "4\n"
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4]
    assert notebook.metadata == files.METADATA
    assert str(authored) not in path.read_text()
    assert build.differences(path, authored / "sources/01_title.py") == []


def test_only_what_changed_is_built_again(authored):
    made = build.build(authored, run=False)
    assert build.build(authored, run=False) == []
    source = authored / "sources/01_title.py"
    source.write_text(SOURCE.replace("2 + 2", "2 + 3"))
    assert build.differences(made[1], source) == [
        "01_title.ipynb: source of cell 3 of 5",
        "01_title.ipynb: id of cell 3 of 5",
    ]
    assert build.build(authored, run=False) == made[:2]


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
    _, path, _ = build.build(authored, run=False)
    notebook = files.read(path)
    change(notebook)
    nbformat.write(notebook, path)
    assert build.differences(path, authored / "sources/01_title.py")


def test_a_failing_cell_leaves_the_stored_notebook_as_it_was(authored, monkeypatch):
    monkeypatch.setattr(build, "CHECKOUT", authored)
    (authored / "pyproject.toml").write_text('[project.urls]\nRepository = "https://h/o/r"\n')
    path = build.build(authored, run=False)[0]
    before = path.read_bytes()
    (authored / "sources/01_title.py").write_text(SOURCE.replace("2 + 2", "2 / 0"))
    with pytest.raises(files.NotebookError, match=r"01_title: cell In \[2.*ZeroDivisionError"):
        build.build(authored)
    assert path.read_bytes() == before
    assert (authored / "build/failed/01_title.ipynb").exists()


def test_a_changed_training_notebook_trains_anew_and_takes_its_reader_along(authored, quick):
    sources = authored / "sources"
    text = '# %% tags=["parameters"]\nRUNS = "runs"\n\n# %%\nfrom pathlib import Path\n'
    train = '(Path(RUNS) / "{0}").mkdir(parents=True)  # fails if it is there\n'

    def built(*names: str) -> list[str]:
        made = build.build(authored, names)
        return [path.stem[:2] for path in made if path.parent == authored]

    def change(name: str) -> None:
        with (sources / f"{name}.py").open("a") as file:
            file.write("\n# %%\n2\n")

    (sources / "01_title.py").unlink()
    (sources / "05_training.py").write_text(text + train.format("five"))
    (sources / "06_evaluation.py").write_text(text + 'assert (Path(RUNS) / "five").is_dir()\n')
    (sources / "07_tables.py").write_text(text + train.format("seven"))
    assert built() == ["05", "06", "07"]
    change("05_training")
    assert built() == ["05", "06"]
    change("06_evaluation")
    assert built() == ["06"]
    change("07_tables")
    change("05_training")
    assert built("7") == ["07"]
    assert {path.name for path in (authored / "runs").iterdir()} == {"five", "seven"}


# --- the set-up cell -------------------------------------------------------------------------


def setup_cell(folder: Path) -> nbformat.NotebookNode:
    source = folder / "sources/02_setup.py"
    source.write_text(SETUP)
    (cell,) = build.generate(source).cells
    return cell


def test_the_set_up_cell_is_collapsed_and_needs_no_second_text(authored):
    cell = setup_cell(authored)
    assert cell.source.startswith("# @title Set-up: run this cell first { display-mode")
    assert f"git+{build.repository()}" in cell.source
    assert cell.metadata == {
        "tags": ["setup"], "cellView": "form", "jupyter": {"source_hidden": True}
    }  # fmt: skip
    nbformat.validate(nbformat.v4.new_notebook(cells=[cell]))
    (authored / "sources/02_setup.py").write_text(SETUP + "import keras\n")
    with pytest.raises(files.NotebookError, match=r"02_setup\.py: the cell tagged setup reads"):
        build.generate(authored / "sources/02_setup.py")


@pytest.mark.parametrize(
    ("folder", "there", "installs"),
    [
        ("course/notebooks", ["course/pix2pix_course"], False),
        (".", ["pix2pix_course/pix2pix_course"], False),  # `git clone` in Colab
        (".", ["pix2pix_course"], False),
        (".", [], True),
    ],
    ids=["checkout above", "checkout beside", "in the checkout", "nowhere"],
)
def test_the_set_up_cell_takes_a_checkout_before_the_network(authored, folder, there, installs):
    place = authored / "place"
    (place / folder).mkdir(parents=True)
    for package in there:
        (place / package).mkdir(parents=True)
        (place / package / "__init__.py").write_text("def setup(): print('from', __file__)")
    code = (
        "import subprocess, sys; sys.path[:] = [p for p in sys.path if 'main' not in p]\n"
        "get_ipython = None\n"
        "sys.meta_path[:] = [f for f in sys.meta_path if 'editable' not in repr(f)]\n"
        "class Module: setup = print\n"
        "def run(words, check):\n"
        "    print(' '.join(words)); sys.modules['pix2pix_course'] = Module\n"
        f"subprocess.run = run\n{setup_cell(authored).source}"
    )
    command = [sys.executable, "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(
        command, cwd=place / folder, env=environment, capture_output=True, text=True, check=True
    )
    wanted = f"-m pip install --quiet pix2pix_course @ git+{build.repository()}"
    assert (wanted in answer.stdout) is installs
    assert ("from " + str(place) in answer.stdout) is not installs


# --- pictures --------------------------------------------------------------------------------


def drawn(array: np.ndarray) -> nbformat.NotebookNode:
    """A notebook that shows a picture."""
    content = io.BytesIO()
    Image.fromarray(array).save(content, "PNG")
    data = {"image/png": base64.b64encode(content.getvalue()).decode()}
    cell = nbformat.v4.new_code_cell(
        "show()", outputs=[nbformat.v4.new_output("display_data", data)]
    )
    return nbformat.v4.new_notebook(cells=[cell])


def shown(notebook) -> tuple[str, Image.Image]:
    ((kind, text),) = notebook.cells[0].outputs[0].data.items()
    return kind, Image.open(io.BytesIO(base64.b64decode(text)))


def photo(side: int) -> np.ndarray:
    """Smooth colours with noise, and an alpha channel that leaves the corner free."""
    noise = np.random.default_rng(0).normal(0, 6, (side, side, 3))
    colours = np.indices((side, side)).sum(0)[..., None] / (2 * side) * [255, 160, 90] + noise
    alpha = np.full((side, side, 1), 255)
    alpha[:8, :8] = 0
    return np.concatenate([colours.clip(0, 255), alpha], -1).astype("uint8")


def test_photos_become_jpeg_on_white_and_drawings_stay_png():
    notebook = drawn(photo(300))
    before = len(notebook.cells[0].outputs[0].data["image/png"])
    pictures.lighten(notebook)
    kind, picture = shown(notebook)
    assert kind == "image/jpeg"
    assert len(notebook.cells[0].outputs[0].data[kind]) < before / 3
    assert min(picture.getpixel((2, 2))) > 245
    difference = np.abs(np.asarray(picture)[9:] - photo(300)[9:, :, :3].astype(float))
    assert difference.mean() < 8

    figure = matplotlib.figure.Figure()
    axes = figure.add_subplot()
    for slope in range(30):
        axes.plot([0, 1], [0, slope], label=str(slope))
    content = io.BytesIO()
    figure.savefig(content)
    notebook = drawn(np.asarray(Image.open(content)))
    pictures.lighten(notebook)
    kind, picture = shown(notebook)
    assert kind == "image/png"
    assert len(picture.getcolors()) <= 96


def test_jpeg_gets_coarser_where_the_notebook_would_be_too_large(monkeypatch):
    sizes = []
    for largest in (pictures.LARGEST, 10_000):
        monkeypatch.setattr(pictures, "LARGEST", largest)
        notebook = drawn(photo(400))
        pictures.lighten(notebook)
        sizes.append(len(nbformat.writes(notebook)))
    assert sizes[1] < 0.8 * sizes[0]


def test_a_picture_in_the_text_is_its_own_data(authored, monkeypatch):
    monkeypatch.setattr(build, "CHECKOUT", authored)
    (authored / "pyproject.toml").write_text('[project.urls]\nRepository = "https://h/o/r"\n')
    source = authored / "sources/03_seen.py"
    source.write_text("# %% [markdown]\n# ![A red square.]({{picture 03_red.png}})\n")
    with pytest.raises(files.NotebookError, match=r"03_red\.png: put it there"):
        build.generate(source)
    path = authored / "docs/pictures/03_red.png"
    path.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8), "red").save(path)
    (cell,) = build.generate(source).cells
    data = cell.source.removeprefix("![A red square.](data:image/png;base64,").removesuffix(")")
    assert base64.b64decode(data) == path.read_bytes()
    path.write_bytes(bytes(40_001))
    with pytest.raises(files.NotebookError, match="at most 40000 bytes"):
        build.generate(source)
