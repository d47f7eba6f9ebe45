"""Small notebooks without TensorFlow, for tests to run."""

from pathlib import Path

import nbformat

from pix2pix_course.notebooks import files

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
        metadata=files.METADATA,
    )
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path


def printed(path: Path) -> str:
    """What all cells of an executed notebook wrote to stdout."""
    outputs = [o for cell in files.code_cells(files.read(path)) for o in cell.outputs]
    return "".join(o.text for o in outputs if o.get("name") == "stdout")
