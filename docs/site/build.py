"""Build the course's web site: `python docs/site/build.py` writes it to `build/site`.

What Sphinx reads is prepared in `build/site-source`: the pages of this folder and of `docs`, and
copies of the stored notebooks of both editions, in which answers are folded and figures described.
Nothing is executed. A warning of Sphinx or a broken link fails the build.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import nbformat

SITE = Path(__file__).resolve().parent
ROOT = SITE.parents[1]
SOURCE = ROOT / "build/site-source"
NOTEBOOKS = ("notebooks", "notebooks/solutions")  # folders of the student and the solved edition
DOCS = (
    "docs/instructors.md",
    "docs/performance.md",
    "docs/reliability.md",
    "docs/design.md",
    "notebooks/questions.md",
)
CORE = (
    *("config", "palettes", "pairs", "pipeline", "generators", "discriminators", "losses"),
    *("training", "callbacks", "runs", "translation", "evaluation"),
)
FIELDS = """
The fields of `Config`, as they stand in the source:

.. literalinclude:: config.py
   :pyobject: Config
   :start-at: --- data
   :end-before: def __post_init__
   :dedent:
"""
ELSEWHERE = "draw/"  # made by another program and copied into the finished site
MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts", "input/tex/extensions")

LINK = re.compile(r"(?<=\]\()(?!https?:|data:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")
BADGE = re.compile(r"^\[!\[Open in Colab\].*\n", re.MULTILINE)


def repository() -> str:
    """The repository's address, from `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["urls"]["Repository"].rstrip("/")


# --- preparing ---------------------------------------------------------------------------------


def prepare() -> list[Path]:
    """Write all that Sphinx reads; returns the notebooks' paths within the repository."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    editions = [sorted((ROOT / folder).glob("[0-9][0-9]_*.ipynb")) for folder in NOTEBOOKS]
    notebooks = [path.relative_to(ROOT) for edition in editions for path in edition]
    pages = {*map(Path, DOCS), *notebooks}
    for page in pages:
        (SOURCE / page).parent.mkdir(parents=True, exist_ok=True)
        if page in notebooks:
            nbformat.write(prepared(page, pages), SOURCE / page)
        else:
            text = (ROOT / page).read_text("utf-8")
            (SOURCE / page).write_text(linked(text, page, pages), "utf-8")
    student, solved = (
        "\n".join(f"{folder}/{path.stem}" for path in edition)
        for folder, edition in zip(NOTEBOOKS, editions, strict=True)
    )
    modules = "\n".join(map(module_section, CORE))
    filled = {"student": student, "solved": solved, "modules": modules}
    for path in SITE.glob("*.md"):
        text = re.sub(r"@(\w+)@", lambda mark: filled[mark[1]], path.read_text("utf-8"))
        (SOURCE / path.name).write_text(text, "utf-8")
    for name in ("docs/results.png", "pix2pix_course/config.py"):
        shutil.copy(ROOT / name, SOURCE)
    return notebooks


def module_section(name: str) -> str:
    """A section of the API page; its text comes from the docstrings."""
    fields = FIELDS if name == "config" else ""
    return f"## {name}\n\n```{{eval-rst}}\n.. automodule:: pix2pix_course.{name}\n{fields}```\n"


def prepared(page: Path, pages: set[Path]) -> nbformat.NotebookNode:
    """The copy of a stored notebook that the site shows."""
    notebook = nbformat.read(ROOT / page, as_version=4)
    is_solved = page.parent.name == "solutions"
    guessed = questions_of(ROOT / NOTEBOOKS[0] / page.name)
    lower_headings(notebook.cells[1:])
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        look = {}
        if cell.metadata.get("alt"):
            look["image"] = {"alt": cell.metadata["alt"]}
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, page, pages)
            if "solution" in tags:
                cell.source = folded(cell.source)
            if "expected" in tags:  # pictures are named anew in each cell; here these are one text
                cell.source = cell.source.replace("drawn-", f"drawn-{cell.id}-")
        elif "setup" in tags:
            fold(cell, look, "hide-input", "the code of the set-up cell")
        elif is_solved and {"exercise", "solution"} & set(tags):
            fold(cell, look, "hide-cell", "the solution")
        elif cell.source in guessed:
            fold(cell, look, "hide-output", "the answer")
        cell.metadata["mystnb"] = look
    first = notebook.cells[0]
    first.source = BADGE.sub(lambda _: launchers(page), first.source, count=1)
    if is_solved:
        first.source = re.sub(r"^(# .*)", r"\1 (solved)", first.source, count=1)
        notebook.metadata["nosearch"] = True  # else each passage would be found twice
    return notebook


def questions_of(student: Path) -> set[str]:
    """The texts of the cells whose output a reader is asked to guess."""
    cells = nbformat.read(student, as_version=4).cells
    return {cell.source for cell in cells if "predict" in cell.metadata.get("tags", [])}


def lower_headings(cells: list[nbformat.NotebookNode]) -> None:
    """Make room for parts, if there are some: a page has one title."""
    texts = [cell for cell in cells if cell.cell_type == "markdown"]
    if any(cell.source.startswith("# ") for cell in texts):
        for cell in texts:
            cell.source = re.sub(r"^(?=#{1,5} )", "#", cell.source, flags=re.MULTILINE)


def fold(cell: nbformat.NotebookNode, look: dict, tag: str, what: str) -> None:
    """Fold away a part of a code cell by a tag of MyST-NB."""
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), tag]
    look |= {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}


def folded(text: str) -> str:
    """Markdown that is folded away; MyST-NB has no tag for texts."""
    start = '<details class="solution"><summary>Show the solution</summary>'
    return f"{start}\n\n{text}\n\n</details>"


def launchers(page: Path) -> str:
    """Links to run or keep a notebook, in place of the badge of the stored one."""
    name = "/".join(repository().split("/")[-2:])
    raw = quote(f"https://raw.githubusercontent.com/{name}/main/{page}", safe="")
    links = (
        f'<a href="https://colab.research.google.com/github/{name}/blob/main/{page}">',
        "Open in Colab</a>",
        f'<a href="https://kaggle.com/kernels/welcome?src={raw}">Open in Kaggle</a>',
        f'<a href="{page.name}" download>Download</a>',  # lies beside the page
    )
    return f'<p class="launch">{"".join(links)}</p>\n'


def linked(text: str, page: Path, pages: set[Path]) -> str:
    """Markdown whose links to files that are no pages of the site lead to the repository."""

    def target(link: re.Match) -> str:
        path = (ROOT / page.parent / unquote(link[1])).resolve().relative_to(ROOT)
        if path in pages:
            name = unquote(link[2] or "").replace("`", "")  # as MyST forms it
            return f"<{link[1]}{name}>"
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"{repository()}/{kind}/main/{path}{link[2] or ''}"

    return LINK.sub(target, text)


# --- building ----------------------------------------------------------------------------------


def build(output: Path, node_modules: Path) -> None:
    """Make the site; raises `CalledProcessError` where Sphinx warned."""
    if output.exists():
        if not (output / ".buildinfo").exists():
            sys.exit(f"{output} holds something else than a site; name another folder")
        shutil.rmtree(output)
    notebooks = prepare()
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-E", "-c", str(SITE), "-d", str(ROOT / "build/site-doctrees")]
    mathjax = node_modules / "mathjax/es5"
    if (mathjax / MATHJAX[0]).exists():
        command += ["-D", f"mathjax_path=mathjax/{MATHJAX[0]}"]
    else:
        mathjax = None
    subprocess.run([*command, str(SOURCE), str(output)], check=True)
    for name in MATHJAX if mathjax else ():
        copy = shutil.copytree if (mathjax / name).is_dir() else shutil.copy
        (output / "_static/mathjax" / name).parent.mkdir(parents=True, exist_ok=True)
        copy(mathjax / name, output / "_static/mathjax" / name)
    for notebook in notebooks:
        shutil.copy(ROOT / notebook, output / notebook)


# --- checking ----------------------------------------------------------------------------------


class Page(HTMLParser):
    """What an HTML file names, where it links to, and how many pictures it does not describe."""

    def __init__(self, path: Path):
        super().__init__()
        self.names, self.links, self.undescribed = set(), [], 0
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note an element."""
        attrs = dict(attrs)
        self.names |= {attrs.get("id"), attrs.get("name")}
        self.links += [attrs[name] for name in ("href", "src") if attrs.get(name)]
        self.undescribed += tag == "img" and not (attrs.get("alt") or "").strip()


def problems(site: Path) -> list[str]:
    """Links of a finished site that lead nowhere, and pictures without alternative text."""
    files = [path for path in sorted(site.rglob("*.html")) if "_static" not in path.parts]
    pages = {path: Page(path) for path in files}
    found = []
    for path, page in pages.items():
        if page.undescribed:
            found.append(f"{path.relative_to(site)}: {page.undescribed} pictures without a text")
        for link in sorted(set(page.links)):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or parts.path.startswith(ELSEWHERE):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            is_there = target.is_file()
            if is_there and parts.fragment and target in pages:
                is_there = unquote(parts.fragment) in pages[target].names
            if not is_there:
                found.append(f"{path.relative_to(site)}: {link} leads nowhere")
    return found


def main() -> None:
    """Build and check the site as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "build/site")
    parser.add_argument(
        "--node-modules",
        type=Path,
        default=ROOT / "node_modules",
        help="with MathJax 3 in it, formulas need no network",
    )
    options = parser.parse_args()
    output = options.output.resolve()
    build(output, options.node_modules.resolve())
    found = problems(output)
    sys.exit("\n".join(found)) if found else print(f"{output}/index.html")


if __name__ == "__main__":
    main()
