"""The course's notebooks as data: made from their sources, run headless, compared and graded.

`files` finds and reads them; `run` executes them; `build` makes both `editions` of a notebook from
its source; `grade` marks what students hand in; `questions` writes the index of answers.
`setup_cell.py` is no module: it is the text of the first code cell of every notebook.
"""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
"""The folder above the package; the root of the repository when the package lies in one."""


def default_folder() -> Path:
    """The checkout's `notebooks` folder, or `./notebooks` where the package is installed alone."""
    beside = CHECKOUT / "notebooks"
    return beside if beside.is_dir() else Path("notebooks").resolve()
