"""Pictures inside a notebook: small enough, and there without network."""

import base64
import io
from pathlib import Path

import nbformat
from PIL import Image

from pix2pix_course.notebooks.files import NotebookError, code_cells

LARGEST, LARGEST_PICTURE = 400_000, 40_000
"""Bytes that a stored notebook, and a picture named in its text, may have."""


def data_address(path: Path) -> str:
    """A picture file (.png or .jpg) as an address that holds the picture itself."""
    if not path.exists() or path.stat().st_size > LARGEST_PICTURE:
        raise NotebookError(
            f"a text shows {path}: put it there, in at most {LARGEST_PICTURE} bytes"
        )
    kind = "png" if path.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def lighten(notebook: nbformat.NotebookNode) -> None:
    """Store drawings as PNG of 96 colours and photos as JPEG, as well as the space allows.

    JPEG takes a picture if it saves a quarter or more of over 20 kB: then it is no drawing, whose
    lines and letters JPEG would blur. Its quality is 75, or less where the notebook gets too large.
    """
    drawn = [
        (output.data, Image.open(io.BytesIO(base64.b64decode(output.data.pop("image/png")))))
        for cell in code_cells(notebook)
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    for quality in (75, 65, 55, 45):
        for data, picture in drawn:
            kind, content = _encoded(picture, quality)
            for other in ("image/jpeg", "image/png"):  # of the quality before
                data.pop(other, None)
            data[kind] = base64.b64encode(content).decode()
        if len(nbformat.writes(notebook).encode()) < LARGEST:
            break


def _encoded(picture: Image.Image, quality: int) -> tuple[str, bytes]:
    """A picture on white ground in the format that suits it, as (MIME type, content)."""
    picture = picture.convert("RGBA")
    ground = Image.new("RGBA", picture.size, "white")
    flat = Image.alpha_composite(ground, picture).convert("RGB")
    png, jpeg = io.BytesIO(), io.BytesIO()
    flat.quantize(96).save(png, "PNG", optimize=True)
    flat.save(jpeg, "JPEG", quality=quality, optimize=True, progressive=True)
    sizes = len(png.getvalue()), len(jpeg.getvalue())
    if sizes[0] > 20_000 and sizes[1] < 0.75 * sizes[0]:
        return "image/jpeg", jpeg.getvalue()
    return "image/png", png.getvalue()
