"""Make the stored notebooks from their sources, and prove that they agree.

A notebook is written as py:percent text in `notebooks/sources`; `build` makes the `.ipynb`
from it, in both editions, and stores the outputs of the `cpu` profile.
"""

import hashlib
import re
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nbformat

from pix2pix_course import atomic
from pix2pix_course.exercises.checking import NOT_TRIED, RIGHT, first_line
from pix2pix_course.notebooks import CHECKOUT, default_folder, editions, files
from pix2pix_course.notebooks.editions import EDITIONS, SOLUTION, STUDENT
from pix2pix_course.notebooks.pictures import data_address, lighten
from pix2pix_course.notebooks.run import execute

MARKING_SHEET = "solutions/marking.md"
READS_RUN_OF = {"06": "05"}
"""Notebooks that need what another one has trained: executed again whenever that one is."""

MADE_BY = "made_by_notebook.txt"
"""In a run's folder: the notebook whose execution made it."""

SETUP = "# {{setup}}"
"""The whole text, in a source, of the cell tagged `setup`."""

COLLAPSED = {"cellView": "form", "jupyter": {"source_hidden": True}}
"""Metadata by which Colab and JupyterLab hide the code of the set-up cell."""

FOLDED = {"collapsed": True, "jupyter": {"outputs_hidden": True}}
"""Metadata by which they hide a cell's output until it is asked for, or the cell is run."""

# --- from source to cells --------------------------------------------------------------------


def repository() -> str:
    """The repository's address, which stands in `pyproject.toml` and nowhere else."""
    with open(CHECKOUT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"].rstrip("/")


def generate(source: Path, edition: str = STUDENT) -> nbformat.NotebookNode:
    """The notebook, without outputs, of a py:percent source in one edition.

    In the source stand `{{repository}}` for the repository's address, `{{repository_path}}` for
    its `owner/name`, `{{notebook}}` for the notebook's file name, `{{picture NAME}}` for the data
    of `docs/pictures/NAME`, and `# {{setup}}` for the set-up cell. The same text always gives the
    same notebook. What solutions draw, the student edition takes from the stored solution edition.

    Raises:
        NotebookError: a picture is missing or too large, or the set-up cell holds something else.
        EditionError: the exercises do not keep the convention of `editions`.
    """
    import jupytext

    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.source = _filled(cell, source)
    editions.refuse_unfit(notebook.cells, source.stem)
    stored = place(source, SOLUTION)
    drawn = editions.pictures(files.read(stored).cells) if stored.exists() else {}
    notebook.cells = editions.cells_of(notebook.cells, edition, drawn)
    ids = set()
    for cell in notebook.cells:
        if edition == SOLUTION:
            cell.source = editions.moved(cell.source, source.stem)
        cell.id = _digest(cell, taken=ids)
        ids.add(cell.id)
    return strip(notebook)


def _filled(cell: nbformat.NotebookNode, source: Path) -> str:
    """The text of a source's cell with its placeholders filled."""
    text, address = cell.source, repository()
    if "setup" in files.tags(cell):
        if text != SETUP:
            raise files.NotebookError(f"{source.name}: the cell tagged setup reads {SETUP!r}")
        text = Path(__file__).with_name("setup_cell.py").read_text(encoding="utf-8").strip()
    text = text.replace("{{repository}}", address)
    text = text.replace("{{repository_path}}", "/".join(address.split("/")[-2:]))
    text = text.replace("{{notebook}}", f"{source.stem}.ipynb")
    folder = CHECKOUT / "docs/pictures"
    return re.sub(r"\{\{picture (\S+)\}\}", lambda found: data_address(folder / found[1]), text)


def place(source: Path, edition: str) -> Path:
    """Where the notebook of a source is stored."""
    folder = source.parent.parent
    return (folder / "solutions" if edition == SOLUTION else folder) / f"{source.stem}.ipynb"


def _digest(cell: nbformat.NotebookNode, taken: set[str]) -> str:
    content = f"{cell.cell_type}\n{cell.source}"
    while (digest := hashlib.sha256(content.encode()).hexdigest()[:8]) in taken:
        content += "\n"  # the same cell again, as in two equal plot calls
    return digest


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what depends on machine or moment.

    Of a cell's metadata its tags and `alt` stay, the text for readers who cannot see its figure.
    Outputs and execution counts stay too: nbval compares no cell without a count.
    """
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in ("tags", "alt") if cell.metadata.get(name)}
        kept |= COLLAPSED if "setup" in files.tags(cell) else {}
        kept |= FOLDED if editions.PREDICT in files.tags(cell) else {}
        cell.metadata = nbformat.from_dict(kept)
    notebook.metadata = nbformat.from_dict(files.METADATA)
    return notebook


# --- building --------------------------------------------------------------------------------


def build(
    folder: Path | None = None,
    names: Iterable[str] = (),
    *,
    everything: bool = False,
    run: bool = True,
) -> list[Path]:
    """Make the stored notebooks from their sources; execute those whose code changed.

    First the solution editions, then the student editions, then the marking sheet. A notebook is
    executed with the defaults of its parameter cell where it is stored, and replaced only once
    every cell of the new one has run. One that reads the run of another is executed after it.

    Args:
        folder: holds the notebooks, and their sources in `sources`; default: the checkout's.
        names: numbers or names of those to make; none means all.
        everything: execute all of them, changed or not.
        run: False stores the new cells without outputs.

    Returns:
        The files that were written.

    Raises:
        NotebookError: no source of that name; or a cell failed, and what was executed lies in
            `build/failed`.
        EditionError: the exercises of a source do not keep the convention.
    """
    folder = folder or default_folder()
    chosen = files.matching(names, sources(folder))
    written = []
    for edition in EDITIONS:
        executed = set()
        for source in chosen:
            path, notebook = place(source, edition), generate(source, edition)
            path.parent.mkdir(exist_ok=True)
            is_new = everything or not keep_outputs(notebook, path)
            if run and (is_new or READS_RUN_OF.get(path.stem[:2]) in executed):
                print(f"{path.stem}, {edition} edition …", flush=True)
                notebook = _executed(notebook, path)
                executed.add(path.stem[:2])
            elif not differences(path, source, edition):
                continue
            with atomic(path) as partial:
                nbformat.write(notebook, partial)
            written.append(path)
    sheet, text = folder / MARKING_SHEET, marking_sheet(folder)
    if not sheet.exists() or sheet.read_text(encoding="utf-8") != text:
        sheet.write_text(text, encoding="utf-8")
        written.append(sheet)
    return written


def sources(folder: Path) -> list[Path]:
    """The sources of the notebooks in a folder, in order.

    Raises:
        NotebookError: there is none.
    """
    found = sorted((folder / "sources").glob("[0-9][0-9]_*.py"))
    if not found:
        raise files.NotebookError(f"no source 01_….py in {folder / 'sources'}")
    return found


def keep_outputs(notebook: nbformat.NotebookNode, stored: Path) -> bool:
    """Take the outputs of the stored notebook if its code cells are the same; tell whether."""
    if not stored.exists() or files.first_problem(executed := files.read(stored)):
        return False
    mine, theirs = files.code_cells(notebook), files.code_cells(executed)
    if [cell.source for cell in mine] != [cell.source for cell in theirs]:
        return False
    for cell, old in zip(mine, theirs, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return True


def _executed(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
    """Run a notebook; what it trained the last time is deleted, so that it shows a training."""
    scratch = CHECKOUT / "build" / "failed"
    scratch.mkdir(parents=True, exist_ok=True)
    cells, target = scratch / f"{path.stem}.cells.ipynb", scratch / path.name
    nbformat.write(notebook, cells)
    runs = path.parent / "runs"
    for mark in runs.glob(f"*/{MADE_BY}"):
        if mark.read_text() == path.stem:
            shutil.rmtree(mark.parent)
    others = set(runs.glob("*/"))
    problem = execute(cells, target, working_folder=path.parent)
    for mine in set(runs.glob("*/")) - others:
        (mine / MADE_BY).write_text(path.stem)
    cells.unlink()
    if problem:
        raise files.NotebookError(f"{path.stem}: {problem}\nexecuted so far: {target}")
    executed = strip(files.read(target))
    lighten(executed)
    target.unlink()
    return executed


def marking_sheet(folder: Path) -> str:
    """The marking sheet of a folder's sources."""
    titles = {}
    for source in sources(folder):
        cells = generate(source, SOLUTION).cells
        titles[first_line(cells[0].source).lstrip("# ")] = editions.exercises(cells, source.stem)
    return editions.marking_sheet(titles)


# --- proving ---------------------------------------------------------------------------------


def differences(notebook: Path, source: Path, edition: str = STUDENT) -> list[str]:
    """What in a stored notebook is not as its source says, a line each; [] when they agree.

    Compared are the cells' kinds, texts, tags and ids and the notebook's metadata, not outputs.
    """
    if not notebook.exists():
        return [f"{notebook.name} does not exist"]
    stored, wanted = files.read(notebook), generate(source, edition)
    found = []
    if stored.metadata != wanted.metadata:
        found.append(f"{notebook.name}: metadata {dict(stored.metadata)}")
    if len(stored.cells) != len(wanted.cells):
        found.append(f"{notebook.name}: {len(stored.cells)} cells, source {len(wanted.cells)}")
    for number, (mine, theirs) in enumerate(zip(stored.cells, wanted.cells, strict=False), 1):
        for part in ("cell_type", "source", "metadata", "id"):
            if mine[part] != theirs[part]:
                found.append(f"{notebook.name}: {part} of cell {number} of {len(stored.cells)}")
    return found


def edition_problems(folder: Path | None = None) -> list[str]:
    """What is wrong with the stored editions, a line each; [] when they are as they should be.

    Both agree with their source and were executed from top to bottom, every check of the solution
    edition says "right" and none of the student edition "wrong", no edition is without a source,
    and the marking sheet is up to date.
    """
    folder = folder or default_folder()
    advice = "run `pix2pix-course editions build`"
    left_over = {*files.find(folder), *files.find(folder / "solutions")}
    found = []
    for source in sources(folder):
        for edition in EDITIONS:
            path = place(source, edition)
            left_over.discard(path)
            problems = differences(path, source, edition)
            found += [f"{edition} edition, {problem}; {advice}" for problem in problems]
            found += [] if problems else _wrong_outcomes(source, edition)
    found += [f"{path} has no source; delete it" for path in sorted(left_over)]
    sheet = folder / MARKING_SHEET
    if not sheet.exists() or sheet.read_text(encoding="utf-8") != marking_sheet(folder):
        found.append(f"{MARKING_SHEET} is not up to date; {advice}")
    return found


def _wrong_outcomes(source: Path, edition: str) -> list[str]:
    """Where a stored edition was not executed, or a check shows what it should not."""
    notebook, where = files.read(place(source, edition)), f"{source.stem}, {edition} edition"
    if problem := files.first_problem(notebook):
        return [f"{where}: {problem}"]
    allowed = {RIGHT} if edition == SOLUTION else {RIGHT, NOT_TRIED}
    found = []
    for exercise in editions.exercises(notebook.cells, source.stem):
        for cell in files.code_cells(notebook):
            shown = files.records(cell) if cell.source in exercise.checks else {exercise.id: RIGHT}
            if set(shown) != {exercise.id} or not set(shown.values()) <= allowed:
                found.append(f"{where}: the check of {exercise.id} says {shown or 'nothing'}")
    return found
