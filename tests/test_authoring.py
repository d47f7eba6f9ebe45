"""Making notebooks from sources, tried on a small one."""

from pathlib import Path

import nbformat
import pytest

from pix2pix_course import authoring, notebooks

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
    (path,) = authoring.build(authored)
    notebook = notebooks.read(path)
    nbformat.validate(notebook)
    owner_and_name = authoring.repository().removeprefix("https://github.com/")
    title, parameters, check, address, again = notebook.cells
    assert f"/{owner_and_name}/blob/main/notebooks/01_title.ipynb)" in title.source
    assert address.source == again.source == f'address = "git+{authoring.repository()}"'
    assert notebooks.tags(parameters) == ["parameters"]
    assert check.outputs[0].text == "4\n"
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2, 3, 4]
    assert notebook.metadata == {
        "kernelspec": notebooks.KERNELSPEC,
        "language_info": {"name": "python"},
    }
    assert str(authored) not in path.read_text()
    assert authoring.differences(path, authored / "sources/01_title.py") == []


def test_only_what_changed_is_built_again(authored):
    (path,) = authoring.build(authored, run=False)
    assert authoring.build(authored, run=False) == []
    source = authored / "sources/01_title.py"
    source.write_text(SOURCE.replace("2 + 2", "2 + 3"))
    assert authoring.differences(path, source) == [
        "01_title.ipynb: source of cell 3 of 5",
        "01_title.ipynb: id of cell 3 of 5",
    ]
    assert authoring.build(authored, run=False) == [path]


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
    (path,) = authoring.build(authored, run=False)
    notebook = notebooks.read(path)
    change(notebook)
    nbformat.write(notebook, path)
    assert authoring.differences(path, authored / "sources/01_title.py")


def test_a_failing_cell_leaves_the_stored_notebook_as_it_was(authored, monkeypatch, tmp_path):
    monkeypatch.setattr(authoring, "CHECKOUT", authored)
    (authored / "pyproject.toml").write_text('[project.urls]\nRepository = "https://h/o/r"\n')
    (path,) = authoring.build(authored, run=False)
    before = path.read_bytes()
    (authored / "sources/01_title.py").write_text(SOURCE.replace("2 + 2", "2 / 0"))
    with pytest.raises(notebooks.NotebookError, match=r"01_title: cell In \[2.*ZeroDivisionError"):
        authoring.build(authored)
    assert path.read_bytes() == before
    assert (authored / "build/failed/01_title.ipynb").exists()


def test_a_changed_training_notebook_trains_anew_and_takes_its_reader_along(authored):
    sources = authored / "sources"
    text = '# %% tags=["parameters"]\nRUNS = "runs"\n\n# %%\nfrom pathlib import Path\n'
    train = '(Path(RUNS) / "{0}").mkdir(parents=True)  # fails if it is there\n'

    def build(*names: str) -> list[str]:
        return [path.stem[:2] for path in authoring.build(authored, names)]

    def change(name: str) -> None:
        with (sources / f"{name}.py").open("a") as file:
            file.write("\n# %%\n2\n")

    (sources / "05_training.py").write_text(text + train.format("five"))
    (sources / "06_evaluation.py").write_text(text + 'assert (Path(RUNS) / "five").is_dir()\n')
    (sources / "07_tables.py").write_text(text + train.format("seven"))
    assert build() == ["01", "05", "06", "07"]
    change("05_training")
    assert build() == ["05", "06"]
    change("06_evaluation")
    assert build() == ["06"]
    change("07_tables")
    change("05_training")
    assert build("7") == ["07"]
    assert {path.name for path in (authored / "runs").iterdir()} == {"five", "seven"}
