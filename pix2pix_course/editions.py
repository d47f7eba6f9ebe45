"""One source, two editions: what of a notebook stands in the student's, what in the solution.

An exercise begins with a markdown cell tagged `exercise` whose heading is
`### Exercise 1 · code: title` (or `prediction`, `experiment`), and reaches to the next heading.

- In a code cell tagged `exercise`, the lines between `# <solution>` and `# </solution>` are a hole.
  The student edition has `...  # your turn` in their place; `name = ...  # your turn` where the
  hole is nothing but assignments; and outside any block the comment alone.
- A code cell tagged `solution` stands in the solution edition alone.
- A markdown cell tagged `solution` says what a right answer says; the student edition has an empty
  answer there.
- What such a code cell draws when the solution edition runs, the student edition shows below it,
  and there goes the cell's `alt`, the text for readers who cannot see a figure.
- A call of `exercises.check_…` stands in a cell of its own, which grading can put back.
"""

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nbformat import NotebookNode, v4

STUDENT, SOLUTION = "student", "solution"
EDITIONS = (SOLUTION, STUDENT)
"""In the order in which they are made: the student edition shows what the solution draws."""

KINDS = ("code", "prediction", "experiment")
HEADING = re.compile(r"### Exercise (\d+) · (\w+): (.+)")
CHECK = re.compile(r"""\bexercises\.(check_\w+)\(\s*(?:["']([\d.]+)["'])?""")
BEGIN, END, STUB = "# <solution>", "# </solution>", "...  # your turn"
COMMENT = "# your turn"
"""The stub outside any block, where Jupyter would show a lone `...` as "Ellipsis"."""

ANSWER = "*Your answer:*"

_HOLE = re.compile(rf"^[ \t]*{BEGIN}\n(.*?)^[ \t]*{END}\n", re.MULTILINE | re.DOTALL)
_STUB_LINE = re.compile(rf"[ \t]*(?:(?:\w+ = )?\.\.\.  )?{COMMENT}\n")


class EditionError(Exception):
    """A source whose exercises do not keep the convention; the message says where."""


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    `id` is notebook and number ("04.1"); `answer` what a right answer says, empty where the
    notebook is a student edition; `checks` are the texts of the cells that check it.
    """

    id: str
    kind: str
    title: str
    answer: str = ""
    checks: tuple[str, ...] = ()


# --- reading exercises -----------------------------------------------------------------------


def exercises(cells: Iterable[NotebookNode], number: str) -> list[Exercise]:
    """The exercises of a notebook, in order.

    Args:
        cells: of a source or of either edition.
        number: of the notebook, "04".

    Raises:
        EditionError: a heading that is none, or numbers that do not count 1, 2, 3, …
    """
    found: list[dict] = []
    inside = False
    for cell in cells:
        tags = _tags(cell)
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            inside = "exercise" in tags
            if inside:
                found.append(_heading(cell, number, len(found) + 1))
        elif inside and cell.cell_type == "markdown" and "solution" in tags:
            found[-1]["answer"] += ("\n\n" if found[-1]["answer"] else "") + cell.source
        elif inside and cell.cell_type == "code" and CHECK.search(cell.source):
            found[-1]["checks"] += (cell.source,)
    return [Exercise(**fields) for fields in found]


def _heading(cell: NotebookNode, number: str, wanted: int) -> dict:
    line = cell.source.splitlines()[0]
    match = HEADING.fullmatch(line)
    if not match or match[2] not in KINDS:
        raise EditionError(
            f"notebook {number}: {line!r} should read '### Exercise {wanted} · KIND: title', "
            f"where KIND is {', '.join(KINDS)}"
        )
    if int(match[1]) != wanted:
        raise EditionError(f"notebook {number}: {line!r} should be exercise {wanted}")
    return {
        "id": f"{number}.{wanted}",
        "kind": match[2],
        "title": match[3].strip(),
        "answer": "",
        "checks": (),
    }


def refuse_unfit(cells: list[NotebookNode], number: str) -> None:
    """Raise `EditionError` for a source that does not keep the convention (see the module)."""
    for exercise in exercises(cells, number):
        if not exercise.answer:
            raise EditionError(f"exercise {exercise.id} has no markdown cell tagged 'solution'")
        if exercise.kind != "experiment" and not exercise.checks:
            raise EditionError(f"exercise {exercise.id} has no cell with exercises.check_…")
    for cell in cells:
        where = f"notebook {number}, cell that begins {cell.source.splitlines()[:1]}"
        marked = BEGIN in cell.source or END in cell.source
        if marked and ("exercise" not in _tags(cell) or cell.cell_type != "code"):
            raise EditionError(f"{where}: {BEGIN} belongs into a code cell tagged 'exercise'")
        rest = _HOLE.sub("", cell.source + "\n")
        if BEGIN in rest or END in rest:
            raise EditionError(f"{where}: each {BEGIN} needs one {END} below it")
        if CHECK.search(cell.source) and {"exercise", "solution"} & set(_tags(cell)):
            raise EditionError(f"{where}: a check needs a cell of its own, with neither tag")


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


# --- making editions ---------------------------------------------------------------------------


def solved(text: str) -> str:
    """A code cell with its holes filled: the lines without the markers."""
    return _HOLE.sub(lambda hole: hole[1], text + "\n").rstrip("\n")


def stubbed(text: str) -> str:
    """A code cell with its holes open."""
    return _HOLE.sub(lambda hole: _stub(hole[1]), text + "\n").rstrip("\n")


def _stub(solution: str) -> str:
    first = next(line for line in solution.splitlines() if line.strip())
    indentation = first[: len(first) - len(first.lstrip())]
    names = _assigned(textwrap.dedent(solution))
    lines = [f"{name} = {STUB}" for name in names] or [STUB if indentation else COMMENT]
    return "".join(f"{indentation}{line}\n" for line in lines)


def _assigned(code: str) -> list[str]:
    """Names that the code assigns if it does nothing else; else none."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # a piece of a statement
        return []
    targets = [s.targets if isinstance(s, ast.Assign) else [None] for s in statements]
    if all(len(t) == 1 and isinstance(t[0], ast.Name) for t in targets):
        return [t[0].id for t in targets]
    return []


def cells_of(
    cells: Iterable[NotebookNode], edition: str, pictures: Mapping[str, list[str]] | None = None
) -> list[NotebookNode]:
    """The cells of one edition.

    Args:
        cells: of the source.
        edition: `STUDENT` or `SOLUTION`.
        pictures: for the student edition: PNG pictures, base64, by the solved code that drew them.
    """
    made, title = [], "the solution"
    for cell in cells:
        tags = _tags(cell)
        if "exercise" in tags and cell.cell_type == "markdown":
            title = "the solution of " + cell.source.splitlines()[0].split(" · ")[0].lstrip("# ")
        if not {"exercise", "solution"} & set(tags):
            made.append(cell)
            continue
        code = solved(cell.source) if cell.cell_type == "code" else cell.source
        if edition == SOLUTION:
            made.append(_with(cell, code))
            continue
        if "solution" not in tags:
            is_code = cell.cell_type == "code"
            made.append(_with(cell, stubbed(cell.source), "alt") if is_code else cell)
        elif cell.cell_type == "markdown":
            made.append(v4.new_markdown_cell(ANSWER, metadata={"tags": ["answer"]}))
        drawn = (pictures or {}).get(code, []) if cell.cell_type == "code" else []
        if drawn:
            made.append(_expected(title, drawn, cell.metadata.get("alt")))
    return made


def _with(cell: NotebookNode, source: str, *dropped: str) -> NotebookNode:
    copy = NotebookNode(cell)
    copy.source = source
    copy.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k not in dropped})
    return copy


def _expected(title: str, pictures: list[str], alt: str | None) -> NotebookNode:
    """What a solution draws. Data addresses, since Colab does not show a cell's attachments."""
    names = [f"drawn-{number}" for number in range(1, len(pictures) + 1)]
    caption = f"What {title} draws"
    # square brackets would end a picture's text
    described = (alt or caption).translate({ord(bracket): f"\\{bracket}" for bracket in "[]"})
    shown = " ".join(f"![{described}][{name}]" for name in names)
    data = "\n".join(
        f"[{name}]: data:image/png;base64,{picture.replace(chr(10), '')}"
        for name, picture in zip(names, pictures, strict=True)
    )
    text = f"**{caption}:**\n\n{shown}\n\n{data}"
    return v4.new_markdown_cell(text, metadata={"tags": ["expected"]})


def pictures(executed: Iterable[NotebookNode]) -> dict[str, list[str]]:
    """PNG pictures, base64, that the cells tagged `exercise` or `solution` drew, by their text."""
    found = {}
    for cell in executed:
        if cell.cell_type == "code" and {"exercise", "solution"} & set(_tags(cell)):
            data = (output.get("data", {}).get("image/png") for output in cell.outputs)
            found[cell.source] = [picture for picture in data if picture]
    return found


def moved(text: str, name: str) -> str:
    """Text of the student edition as it stands in the folder `solutions`: the links lead there."""
    text = re.sub(r"\]\((?=(?:\d\d_\w+\.ipynb|questions\.md)\b)", "](../", text)
    return text.replace(f"/notebooks/{name}.ipynb", f"/notebooks/solutions/{name}.ipynb")


# --- proving -----------------------------------------------------------------------------------


def disagreements(
    student: list[NotebookNode], solution: list[NotebookNode], name: str
) -> list[str]:
    """Where the student edition is not the solution edition with holes, a line each; else [].

    It is if every cell is the same but for (1) stub lines for lines of a cell tagged `exercise`,
    (2) an empty answer for markdown tagged `solution`, (3) code cells tagged `solution` left
    out, and (4) shown pictures added.
    """
    found, ahead = [], list(solution)
    for number, cell in enumerate(student, start=1):
        if "expected" in _tags(cell):
            continue
        while ahead and "solution" in _tags(ahead[0]) and ahead[0].cell_type == "code":
            ahead.pop(0)
        if not ahead:
            return [*found, f"{name}: cell {number} of the student edition has no counterpart"]
        other = ahead.pop(0)
        if "answer" in _tags(cell) and "solution" in _tags(other):
            same = cell.source == ANSWER and other.cell_type == "markdown"
        else:
            same = (
                cell.cell_type == other.cell_type
                and _tags(cell) == _tags(other)
                and _is_with_holes(moved(cell.source, name), other.source, _tags(cell))
            )
        if not same:
            begin = (cell.source.strip().splitlines() or [""])[0]
            found.append(
                f"{name}: cell {number} of the student edition, which begins {begin!r}, is not "
                "that of the solution edition with holes"
            )
    found += [
        f"{name}: the solution edition has one more cell: {cell.source.splitlines()[:1]}"
        for cell in ahead
        if "solution" not in _tags(cell) or cell.cell_type != "code"
    ]
    return found


def _is_with_holes(student: str, solution: str, tags: list[str]) -> bool:
    if student == solution or "exercise" not in tags:
        return student == solution
    between = [re.escape(part) for part in _STUB_LINE.sub("\0", student + "\n").split("\0")]
    return bool(re.fullmatch(r"(?:.*\n)+?".join(between), solution + "\n"))


# --- marking -----------------------------------------------------------------------------------


def marking_sheet(notebooks: Mapping[str, list[Exercise]]) -> str:
    """For instructors, as markdown: each exercise with its point and what a right answer says.

    Args:
        notebooks: the exercises by the notebook's title.
    """
    lines = [
        "# Marking sheet",
        "",
        "Made from the notebooks' sources by `pix2pix-course editions build`. Every exercise "
        "counts one point. `pix2pix-course grade` marks those with a check; the others, and the "
        "reasons behind any answer, are for you to read.",
    ]
    for title, found in notebooks.items():
        if not found:
            continue
        lines += ["", f"## {title}", "", "| exercise | kind | title | points | marked by |"]
        lines += ["|---|---|---|---|---|"]
        for exercise in found:
            by = "`grade`" if exercise.checks else "you"
            lines += [f"| {exercise.id} | {exercise.kind} | {exercise.title} | 1 | {by} |"]
        for exercise in found:
            lines += ["", f"### {exercise.id} · {exercise.title}", "", exercise.answer]
    return "\n".join(lines) + "\n"
