"""Make the stored notebooks from their sources, and prove that they agree.

A notebook is written as py:percent text in `notebooks/sources`; `build` makes the `.ipynb`
from it, in both editions, and stores the outputs of the `cpu` profile.
"""

import base64
import hashlib
import io
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nbformat
from PIL import Image

from pix2pix_course import editions
from pix2pix_course.checking import RIGHT, WRONG
from pix2pix_course.editions import EDITIONS, SOLUTION, STUDENT
from pix2pix_course.execution import execute
from pix2pix_course.notebooks import (
    CHECKOUT,
    KERNELSPEC,
    NotebookError,
    code_cells,
    default_folder,
    find,
    first_problem,
    matching,
    read,
    records,
    tags,
)

MARKING_SHEET = "solutions/marking.md"
READS_RUN_OF = {"06": "05"}
"""Notebooks that need what another one has trained: executed again whenever that one is."""

MADE_BY = "made_by_notebook.txt"
"""In a run's folder: the notebook whose execution made it."""


def repository() -> str:
    """The repository's address, which stands in `pyproject.toml` and nowhere else."""
    with open(CHECKOUT / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"].rstrip("/")


def generate(source: Path, edition: str = STUDENT) -> nbformat.NotebookNode:
    """The notebook, without outputs, of a py:percent source in one edition.

    `{{repository}}` in the source becomes the repository's address, `{{repository_path}}` its
    `owner/name`, and `{{notebook}}` the notebook's file name. The same text always gives the
    same notebook: cell ids are digests of the cells. What solutions draw, the student edition
    takes from the stored solution edition.

    Raises:
        EditionError: the exercises do not keep the convention of `editions`.
    """
    import jupytext

    address = repository()
    values = {
        "repository": address,
        "repository_path": "/".join(address.split("/")[-2:]),
        "notebook": f"{source.stem}.ipynb",
    }
    text = source.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    editions.refuse_unfit(notebook.cells, source.stem[:2])
    stored = place(source, SOLUTION)
    drawn = editions.pictures(read(stored).cells) if stored.exists() else {}
    notebook.cells = editions.cells_of(notebook.cells, edition, drawn)
    if edition == SOLUTION:
        for cell in notebook.cells:
            cell.source = editions.moved(cell.source, source.stem)
    ids = set()
    for cell in notebook.cells:
        cell.id = _digest(cell, taken=ids)
        ids.add(cell.id)
    return strip(notebook)


def place(source: Path, edition: str) -> Path:
    """Where the notebook of a source is stored."""
    folder = source.parent.parent
    return (folder / "solutions" if edition == SOLUTION else folder) / f"{source.stem}.ipynb"


def exercises(source: Path) -> list[editions.Exercise]:
    """The exercises of a py:percent source, with what a right answer says."""
    return editions.exercises(generate(source, SOLUTION).cells, source.stem[:2])


def _digest(cell: nbformat.NotebookNode, taken: set[str]) -> str:
    content = f"{cell.cell_type}\n{cell.source}"
    while (digest := hashlib.sha256(content.encode()).hexdigest()[:8]) in taken:
        content += "\n"  # the same cell again, as in two equal plot calls
    return digest


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what depends on machine or moment.

    Of a cell's metadata its tags and `alt` stay, the text for readers who cannot see its figure.
    Outputs and execution counts stay too (nbval fails every cell without a count).
    """
    for cell in notebook.cells:
        kept = {name: cell.metadata[name] for name in ("tags", "alt") if cell.metadata.get(name)}
        cell.metadata = nbformat.NotebookNode(kept)
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    return notebook


def lighten(notebook: nbformat.NotebookNode) -> None:
    """Reduce the stored pictures to 96 colours: a third of the bytes, and hardly to be seen."""
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                picture = Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))
                small = io.BytesIO()
                picture.convert("RGB").quantize(96).save(small, "PNG", optimize=True)
                output.data["image/png"] = base64.b64encode(small.getvalue()).decode()


def differences(notebook: Path, source: Path, edition: str = STUDENT) -> list[str]:
    """What in a stored notebook is not as its source says, a line each; [] when they agree.

    Compared are the cells' kinds, texts, tags and ids and the notebook's metadata, not outputs.
    """
    if not notebook.exists():
        return [f"{notebook.name} does not exist"]
    stored, wanted = read(notebook), generate(source, edition)
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


def build(
    folder: Path | None = None,
    names: Iterable[str] = (),
    *,
    everything: bool = False,
    run: bool = True,
) -> list[Path]:
    """Make the stored notebooks from their sources; execute those whose code changed.

    First the solution editions, of sources with exercises, in `solutions`; then the student
    editions; then the marking sheet. A notebook is executed with the defaults of its parameter
    cell where it is stored, and replaced only once every cell of the new one has run. What
    it trained the last time is deleted before, so that what is shown is a training; and a notebook
    that reads its run is executed again as well.

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
    found = sources(folder)
    chosen = matching(names, found)
    written = []
    for edition in EDITIONS:
        all_of_it = [source for source in found if edition == STUDENT or exercises(source)]
        mine = [source for source in chosen if source in all_of_it]
        written += _build(mine, edition, everything=everything, run=run)
    sheet, text = folder / MARKING_SHEET, marking_sheet(found)
    if text and (not sheet.exists() or sheet.read_text(encoding="utf-8") != text):
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
        raise NotebookError(f"no source 01_….py in {folder / 'sources'}")
    return found


def _build(chosen: list[Path], edition: str, *, everything: bool, run: bool) -> list[Path]:
    """Make notebooks of one edition."""
    fresh = {place(source, edition): source for source in chosen}
    made = {path: generate(source, edition) for path, source in fresh.items()}
    to_run = set()
    if run:
        to_run = {path for path in made if everything or not keep_outputs(made[path], path)}
        trained = {path.stem[:2] for path in to_run}
        to_run |= {path for path in made if READS_RUN_OF.get(path.stem[:2]) in trained}
    written = []
    for path, notebook in made.items():
        path.parent.mkdir(exist_ok=True)
        if path in to_run:
            print(f"{path.stem}, {edition} edition …", flush=True)
            notebook = _executed(generate(fresh[path], edition), path)
        elif not everything and not differences(path, fresh[path], edition):
            continue
        partial = path.with_suffix(".partial")
        nbformat.write(notebook, partial)
        partial.replace(path)
        written.append(path)
    return written


def marking_sheet(found: Iterable[Path]) -> str:
    """The marking sheet of these sources; empty if they have no exercises."""
    by_title = {}
    for source in found:
        cells = generate(source, SOLUTION).cells
        title = cells[0].source.splitlines()[0].lstrip("# ")
        by_title[title] = editions.exercises(cells, source.stem[:2])
    return editions.marking_sheet(by_title) if any(by_title.values()) else ""


def edition_problems(folder: Path | None = None) -> list[str]:
    """What is wrong with the stored editions, a line each; [] when they are as they should be.

    Both agree with their source and were executed from top to bottom, the student edition is the
    solution edition with holes, every check of the solution edition says "right" and none of the
    student edition says "wrong", no solution is left over, and the marking sheet is up to date.

    Raises:
        NotebookError: the folder has no sources.
    """
    folder = folder or default_folder()
    found, solutions = [], set()
    for source in sources(folder):
        problems = differences(place(source, STUDENT), source)
        if wanted := exercises(source):
            solutions.add(place(source, SOLUTION))
            problems += differences(place(source, SOLUTION), source, SOLUTION)
        found += [f"{problem}; run `pix2pix-course editions build`" for problem in problems]
        if wanted and not problems:
            found += _compare_editions(source, wanted)
    left_over = set(find(folder / "solutions")) - solutions
    found += [f"{path} belongs to no exercises; delete it" for path in sorted(left_over)]
    sheet, text = folder / MARKING_SHEET, marking_sheet(sources(folder))
    if text and (not sheet.exists() or sheet.read_text(encoding="utf-8") != text):
        found.append(f"{MARKING_SHEET} is not up to date; run `pix2pix-course editions build`")
    return found


def _compare_editions(source: Path, wanted: list[editions.Exercise]) -> list[str]:
    both = {edition: read(place(source, edition)) for edition in EDITIONS}
    found = editions.disagreements(both[STUDENT].cells, both[SOLUTION].cells, source.stem)
    by_check = {check: exercise.id for exercise in wanted for check in exercise.checks}
    for edition, notebook in both.items():
        where = f"{source.stem}, {edition} edition"
        if problem := first_problem(notebook):
            found.append(f"{where}: {problem}")
            continue
        for cell in code_cells(notebook):
            if not editions.CHECK.search(cell.source):
                continue
            mine = by_check.get(cell.source, "no exercise")
            for exercise, outcome in (records(cell) or {"nothing": "nothing"}).items():
                fits = outcome == RIGHT if edition == SOLUTION else outcome != WRONG
                if exercise != mine:
                    found.append(f"{where}: the check of {mine} gives an outcome of {exercise}")
                elif not fits:
                    found.append(f"{where}: the check of {exercise} says {outcome!r}")
    return found


def keep_outputs(notebook: nbformat.NotebookNode, stored: Path) -> bool:
    """Take the outputs of the stored notebook if its code cells are the same; tell whether."""
    if not stored.exists() or first_problem(executed := read(stored)):
        return False
    mine, theirs = code_cells(notebook), code_cells(executed)
    if [(c.source, tags(c)) for c in mine] != [(c.source, tags(c)) for c in theirs]:
        return False
    for cell, old in zip(mine, theirs, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count
    return True


def _executed(notebook: nbformat.NotebookNode, path: Path) -> nbformat.NotebookNode:
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
        raise NotebookError(f"{path.stem}: {problem}\nexecuted so far: {target}")
    executed = strip(read(target))
    lighten(executed)
    target.unlink()
    return executed
