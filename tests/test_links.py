"""Every link of pages and notebooks to a file of the repository leads somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from pix2pix_course.notebooks import files

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")  # http:, data:, mailto:, or a place on the same page

PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("data/*.md"),
    *ROOT.glob("docs/*.md"),
    *ROOT.glob("notebooks/**/*.md"),
    *ROOT.glob("notebooks/*.ipynb"),
    *ROOT.glob("notebooks/solutions/*.ipynb"),
]


def texts(page: Path) -> list[str]:
    """The Markdown of a page, or of a notebook's cells."""
    if page.suffix != ".ipynb":
        return [page.read_text("utf-8")]
    return [cell.source for cell in files.read(page).cells if cell.cell_type == "markdown"]


def headings(page: Path) -> set[str]:
    """Anchors of a page's headings, as Jupyter makes them: spaces become hyphens."""
    lines = re.findall(r"^#{1,6} +(.+)$", "\n".join(texts(page)), re.MULTILINE)
    return {line.strip().replace(" ", "-") for line in lines}


def broken(page: Path) -> list[str]:
    found = []
    for target in LINK.findall("\n".join(texts(page))):
        if ELSEWHERE.match(target):
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / unquote(name)
        if not file.exists() or (anchor and unquote(anchor) not in headings(file)):
            found.append(target)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_a_broken_link_would_be_found(tmp_path):
    (tmp_path / "there.md").write_text("# A title\n")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#A-title) [b](there.md#No) [c](gone.md) [d](https://x.org)")
    assert broken(page) == ["there.md#No", "gone.md"]
