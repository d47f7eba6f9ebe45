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

A code cell tagged `predict` answers what the text before it asks the reader to guess. The student
edition folds its output away until it is run, and outside exercises, which have an answer already,
puts a place for the guess before it.
"""

import ast
import re
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nbformat import NotebookNode, v4

from pix2pix_course.notebooks.files import tags

STUDENT, SOLUTION = "student", "solution"
EDITIONS = (SOLUTION, STUDENT)
"""In the order in which they are made: the student edition shows what the solution draws."""

KINDS = ("code", "prediction", "experiment")
HEADING = re.compile(r"### Exercise (\d+) · (\w+): (.+)")
CHECK = re.compile(r"""\bexercises\.(check_\w+)\(\s*(?:["']([\d.]+)["'])?""")
BEGIN, END, STUB = "# <solution>", "# </solution>", "...  # your turn"
COMMENT = "# your turn"
"""The stub outside any block, where Jupyter would show a lone `...` as "Ellipsis"."""

ANSWER, GUESS = "*Your answer:*", "*Your guess:*"
PREDICT = "predict"

_HOLE = re.compile(rf"^[ \t]*{BEGIN}\n(.*?)^[ \t]*{END}\n", re.MULTILINE | re.DOTALL)


class EditionError(Exception):
    """A source whose exercises do not keep the convention; the message says where."""


@dataclass
class Exercise:
    """One exercise of a notebook.

    `id` is notebook and number ("04.1"); `answer` what a right answer says, empty where the
    notebook is a student edition; `checks` are the texts of the cells that check it.
    """

    id: str
    kind: str
    title: str
    answer: str = ""
    checks: list[str] = field(default_factory=list)


# --- reading exercises -----------------------------------------------------------------------


def exercises(cells: Iterable[NotebookNode], name: str) -> list[Exercise]:
    """The exercises of a notebook, in order.

    Args:
        cells: of a source or of either edition.
        name: of the notebook; it begins with its number, "04".

    Raises:
        EditionError: a heading that is none, or numbers that do not count 1, 2, 3, …
    """
    found: list[Exercise] = []
    inside = False
    for cell in cells:
        is_code = cell.cell_type == "code"
        if not is_code and cell.source.startswith("#"):
            inside = "exercise" in tags(cell)
            if inside:
                found.append(_heading(cell, name[:2], len(found) + 1))
        elif inside and not is_code and "solution" in tags(cell):
            found[-1].answer = f"{found[-1].answer}\n\n{cell.source}".strip()
        elif inside and is_code and CHECK.search(cell.source):
            found[-1].checks.append(cell.source)
    return found


def _heading(cell: NotebookNode, number: str, wanted: int) -> Exercise:
    line = cell.source.splitlines()[0]
    match = HEADING.fullmatch(line)
    if not match or match[2] not in KINDS or int(match[1]) != wanted:
        raise EditionError(
            f"notebook {number}: {line!r} should read '### Exercise {wanted} · KIND: title', "
            f"where KIND is {', '.join(KINDS)}"
        )
    return Exercise(f"{number}.{wanted}", match[2], match[3].strip())


def refuse_unfit(cells: list[NotebookNode], name: str) -> None:
    """Raise `EditionError` for a source that does not keep the convention (see the module)."""
    inside_checks = set()
    for exercise in exercises(cells, name):
        inside_checks.update(exercise.checks)
        if not exercise.answer:
            raise EditionError(f"exercise {exercise.id} has no markdown cell tagged 'solution'")
        if exercise.kind != "experiment" and not exercise.checks:
            raise EditionError(f"exercise {exercise.id} has no cell with exercises.check_…")
    for cell in cells:
        where = f"notebook {name[:2]}, cell that begins {cell.source.splitlines()[:1]}"
        marked = BEGIN in cell.source or END in cell.source
        if marked and ("exercise" not in tags(cell) or cell.cell_type != "code"):
            raise EditionError(f"{where}: {BEGIN} belongs into a code cell tagged 'exercise'")
        rest = _HOLE.sub("", cell.source + "\n")
        if BEGIN in rest or END in rest:
            raise EditionError(f"{where}: each {BEGIN} needs one {END} below it")
        if cell.cell_type == "code" and CHECK.search(cell.source):
            if {"exercise", "solution"} & set(tags(cell)):
                raise EditionError(f"{where}: a check needs a cell of its own, with neither tag")
            if cell.source not in inside_checks:
                raise EditionError(f"{where}: this check belongs to no exercise")


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
    cells: Iterable[NotebookNode], edition: str, drawn: Mapping[str, list[str]] | None = None
) -> list[NotebookNode]:
    """The cells of one edition.

    Args:
        cells: of the source.
        edition: `STUDENT` or `SOLUTION`.
        drawn: for the student edition: what `pictures` found in the solution edition.
    """
    made, title, inside = [], "the solution", False
    for cell in cells:
        kinds, is_code = {"exercise", "solution"} & set(tags(cell)), cell.cell_type == "code"
        if not is_code and cell.source.startswith("#"):
            inside = "exercise" in kinds
        if PREDICT in tags(cell):
            if edition == SOLUTION:
                cell = _without(cell, PREDICT)
            elif not inside:
                made.append(v4.new_markdown_cell(GUESS, metadata={"tags": ["guess"]}))
        if "exercise" in kinds and not is_code:
            title = "the solution of " + cell.source.splitlines()[0].split(" · ")[0].lstrip("# ")
        code = solved(cell.source) if is_code and kinds else cell.source
        if not kinds or edition == SOLUTION:
            made.append(_with(cell, code))
            continue
        if "solution" not in kinds:
            made.append(_with(cell, stubbed(cell.source), "alt") if is_code else cell)
        elif not is_code:
            made.append(v4.new_markdown_cell(ANSWER, metadata={"tags": ["answer"]}))
        if is_code and (drawn or {}).get(code):
            made.append(_expected(title, drawn[code], cell.metadata.get("alt")))
    return made


def _with(cell: NotebookNode, source: str, *dropped: str) -> NotebookNode:
    copy = NotebookNode(cell)
    copy.source = source
    copy.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k not in dropped})
    return copy


def _without(cell: NotebookNode, tag: str) -> NotebookNode:
    copy = NotebookNode(cell)
    copy.metadata = NotebookNode(cell.metadata, tags=[t for t in tags(cell) if t != tag])
    return copy


def _expected(title: str, drawn: list[str], alt: str | None) -> NotebookNode:
    """What a solution draws. Data addresses, since Colab does not show a cell's attachments."""
    names = [f"drawn-{number}" for number in range(1, len(drawn) + 1)]
    caption = f"What {title} draws"
    # square brackets would end a picture's text
    described = (alt or caption).translate({ord(bracket): f"\\{bracket}" for bracket in "[]"})
    shown = " ".join(f"![{described}][{name}]" for name in names)
    data = "\n".join(f"[{name}]: {address}" for name, address in zip(names, drawn, strict=True))
    text = f"**{caption}:**\n\n{shown}\n\n{data}"
    return v4.new_markdown_cell(text, metadata={"tags": ["expected"]})


def pictures(executed: Iterable[NotebookNode]) -> dict[str, list[str]]:
    """What the cells tagged `exercise` or `solution` drew, as data addresses, by their text."""
    return {
        cell.source: [
            f"data:{kind};base64,{content.replace(chr(10), '')}"
            for output in cell.outputs
            for kind, content in output.get("data", {}).items()
            if kind in ("image/png", "image/jpeg")
        ]
        for cell in executed
        if cell.cell_type == "code" and {"exercise", "solution"} & set(tags(cell))
    }


def moved(text: str, name: str) -> str:
    """Text of the student edition as it stands in the folder `solutions`: the links lead there."""
    text = re.sub(r"\]\((?=(?:\d\d_\w+\.ipynb|questions\.md)\b)", "](../", text)
    return text.replace(f"/notebooks/{name}.ipynb", f"/notebooks/solutions/{name}.ipynb")


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
