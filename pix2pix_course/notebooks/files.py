"""The stored notebooks, read as data: find them, and say what is in them."""

import re
from collections.abc import Iterable
from pathlib import Path

import nbformat

from pix2pix_course.exercises.checking import MIME, first_line
from pix2pix_course.notebooks import default_folder

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
"""All that a stored notebook says of the program that ran it."""

CHECKED = "nbval-check-output"
"""Tag of cells that print facts which no machine, profile or random draw changes."""


class NotebookError(Exception):
    """A notebook, or a request about notebooks, that cannot be met."""


def find(folder: Path) -> list[Path]:
    """The course's notebooks in a folder, in order: `01_….ipynb`, `02_….ipynb`, …

    Copies that JupyterLab or a browser has made (`01_…-Copy1.ipynb`, `01_… (1).ipynb`) are none.
    """
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    return [path for path in found if re.fullmatch(r"\w+", path.stem)]


def select(names: Iterable[str], folder: Path | None = None) -> list[Path]:
    """The notebooks meant by numbers ("5", "05") or names ("05_training"); all for no names.

    Raises:
        NotebookError: the folder (default: the checkout's) holds no notebook, or none of that name.
    """
    folder = folder or default_folder()
    available = find(folder)
    if not available:
        raise NotebookError(f"no notebook in {folder}: run this in a checkout of the course")
    return matching(names, available)


def matching(names: Iterable[str], available: list[Path]) -> list[Path]:
    """Those of the files, or sources, that are meant by numbers or names; all for no names.

    Raises:
        NotebookError: none of that name.
    """
    chosen = []
    for name in names:
        wanted = Path(name).stem
        wanted = f"{int(wanted):02}" if wanted.isdecimal() else wanted
        match = [path for path in available if wanted in (path.stem, path.stem[:2])]
        if not match:
            there = ", ".join(path.stem for path in available)
            folder = available[0].parent
            raise NotebookError(f"no notebook {name!r} in {folder}; there are {there}")
        chosen += match
    return sorted(set(chosen)) or available


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook as nbformat 4 data; raises `NotebookError` if it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # JSON, nbformat and the disk each have errors of their own
        what = f"{type(error).__name__}: {first_line(error)}"
        raise NotebookError(f"{path} is no notebook ({what}): fetch it again") from error


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells that Jupyter executes (it skips empty ones), numbered In [1], In [2], …"""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a cell, for example `parameters` or `nbval-check-output`."""
    return cell.metadata.get("tags", [])


def parameters(path: Path) -> dict[str, str]:
    """Names and defaults (as source text) of the assignments in the cell tagged `parameters`."""
    import papermill

    read(path)  # its error, not papermill's
    return {name: p["default"] for name, p in papermill.inspect_notebook(str(path)).items()}


def first_problem(executed: nbformat.NotebookNode) -> str | None:
    """Why an executed notebook cannot be trusted: its first error or unexecuted cell; else None.

    An exit code does not tell: papermill takes `sys.exit(0)` in a cell for success.
    """
    for number, cell in enumerate(code_cells(executed), start=1):
        for output in cell.outputs:
            if output.output_type == "error":
                return f"{where(number, cell)}: {output.ename}: {first_line(output.evalue)}"
        if cell.execution_count is None:
            return f"{where(number, cell)}: was not executed"
    return None


def where(number: int, cell: nbformat.NotebookNode) -> str:
    """How messages name a code cell: its number and its first line."""
    return f"cell In [{number}] ({first_line(cell.source)!r})"


def records(cell: nbformat.NotebookNode) -> dict[str, str]:
    """The outcomes that an executed cell shows, by exercise."""
    shown = [output.get("data", {}).get(MIME) for output in cell.outputs]
    return {
        str(record["exercise"]): str(record["outcome"])
        for record in shown
        if isinstance(record, dict) and {"exercise", "outcome"} <= set(record)
    }


def fact_differences(stored: Path, executed: Path) -> list[str]:
    """What the checked cells printed otherwise in one execution of a notebook than in another.

    So the stored outputs of hours on another machine are checked by a run of seconds.

    Args:
        stored: the notebook as readers see it.
        executed: the same notebook, run elsewhere; papermill's injected cell is left out.

    Returns:
        A line for each difference; [] if there is none.
    """

    def printed(output: nbformat.NotebookNode) -> str:
        return output.get("text", "") + output.get("data", {}).get("text/plain", "")

    def facts(path: Path) -> list[tuple[str, str]]:
        cells = [cell for cell in code_cells(read(path)) if CHECKED in tags(cell)]
        return [(cell.source, "".join(map(printed, cell.outputs))) for cell in cells]

    if not executed.exists():
        return [f"{stored.name}: there is no {executed}; run it"]
    old, new = facts(stored), facts(executed)
    if [source for source, _ in old] != [source for source, _ in new]:
        return [f"{stored.name}: {executed} has other checked cells; run it anew"]
    return [
        f"{stored.name}, cell that begins {first_line(source)!r}: stored {was!r}, now {now!r}"
        for (source, was), (_, now) in zip(old, new, strict=True)
        if was != now
    ]
