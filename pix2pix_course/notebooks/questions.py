"""The index of questions: which cell of which notebook answers what readers ask.

`notebooks/sources/questions.toml` holds the questions. A cell that answers number 7 carries the tag
`question-07`; a question may have several such cells, and a cell several such tags.
"""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pix2pix_course.notebooks import files

TAG = re.compile(r"question-\d\d")
LIST, INDEX = "questions.toml", "questions.md"


class QuestionError(Exception):
    """The notebooks and the list of questions do not belong together."""


@dataclass(frozen=True)
class Answer:
    """A cell that answers a question."""

    notebook: str  # its file name
    section: str  # the heading above the cell
    is_shown: bool  # the cell is code, so that a reader can run it; else a text

    @property
    def link(self) -> str:
        """The section as a Markdown link, relative to the folder of the notebooks."""
        place = quote(self.section.replace(" ", "-"))
        return f"[{self.notebook[:2]} · {self.section}]({self.notebook}#{place})"


def read_questions(folder: Path) -> dict[str, dict[int, str]]:
    """Title of each group → number → question."""
    content = tomllib.loads((folder / "sources" / LIST).read_text("utf-8"))
    return {
        group["title"]: {int(key): text for key, text in group.items() if key != "title"}
        for group in content.values()
    }


def find_answers(folder: Path) -> dict[int, list[Answer]]:
    """Number of a question → the cells that answer it, in the order of the course.

    Raises:
        QuestionError: a tag names a question that the list does not have.
    """
    found = {number: [] for group in read_questions(folder).values() for number in group}
    for path in files.find(folder):
        section = path.stem
        for cell in files.read(path).cells:
            is_code = cell.cell_type == "code"
            if not is_code:  # a text answers below its own last heading
                headings = re.findall(r"^#{1,6} +(.+)$", cell.source, re.MULTILINE)
                section = headings[-1].strip() if headings else section
            answer = Answer(path.name, section, is_code)
            for number in (int(tag[9:]) for tag in files.tags(cell) if TAG.fullmatch(tag)):
                if number not in found:
                    raise QuestionError(
                        f"{path.name}, section {section!r}, has the tag question-{number:02}, "
                        f"but {folder / 'sources' / LIST} has no question {number}"
                    )
                if answer not in found[number]:
                    found[number].append(answer)
    return found


def unanswered(folder: Path) -> list[int]:
    """Numbers of the questions that no cell answers."""
    return sorted(number for number, cells in find_answers(folder).items() if not cells)


def index(folder: Path) -> str:
    """The page of all questions as Markdown, each with links to the sections that answer it."""
    answers = find_answers(folder)
    lines = [
        "# Questions",
        "",
        "What readers of earlier pix2pix tutorials asked, guessed or tripped over, and where the",
        "course answers it. ▶ marks an answer that a cell shows when it runs.",
    ]
    for title, questions in read_questions(folder).items():
        lines += ["", f"## {title}", ""]
        for number, text in questions.items():
            links = [("▶ " if cell.is_shown else "") + cell.link for cell in answers[number]]
            lines.append(f"{number}. {text}  \n   {' · '.join(links) or 'not answered yet'}")
    return "\n".join(lines) + "\n"


def write_index(folder: Path) -> bool:
    """Write `questions.md` into the folder of the notebooks; tell whether it was another."""
    path, text = folder / INDEX, index(folder)
    if path.exists() and path.read_text("utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8")
    return True
