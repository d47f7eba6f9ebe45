"""What students reached, and the tables of it."""

import csv
import html
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pix2pix_course.exercises.checking import NOT_TRIED, RIGHT, WRONG

ABSENT = "absent"
"""No outcome: the notebook or the check is not there, or the run ended before it."""

SYMBOLS = {RIGHT: "✓", WRONG: "✗", NOT_TRIED: "·", ABSENT: ""}
"""Every outcome, the best first."""


@dataclass
class Marks:
    """What one student reached: outcomes by exercise id, and what else is to be said."""

    student: str
    outcomes: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def passed(self) -> int:
        """How many exercises are right."""
        return list(self.outcomes.values()).count(RIGHT)

    def add(self, outcomes: Mapping[str, str]) -> None:
        """Take the outcomes of a notebook; of an exercise handed in twice the better counts."""
        for exercise, outcome in outcomes.items():
            known = self.outcomes.get(exercise, ABSENT)
            self.outcomes[exercise] = min(outcome, known, key=list(SYMBOLS).index)


def _table(rows: Iterable[Marks], columns: list[str]) -> list[list[str]]:
    """A head; then one row a student: outcomes, how many are right, of how many, notes."""
    head = ["student", *columns, "right", "of", "note"]
    lines = []
    for row in rows:
        outcomes, notes = [row.outcomes[name] for name in columns], "; ".join(row.notes)
        lines.append([row.student, *outcomes, str(row.passed), str(len(columns)), notes])
    return [head, *lines]


def csv_table(rows: Iterable[Marks], columns: list[str]) -> str:
    """The marks for a spreadsheet, which would take a leading =, +, - or @ for a formula."""
    text = io.StringIO()
    for line in _table(rows, columns):
        safe = [f"'{word}" if word.startswith(("=", "+", "-", "@")) else word for word in line]
        csv.writer(text, lineterminator="\n").writerow(safe)
    return text.getvalue()


def gradescope(row: Marks, columns: list[str]) -> str:
    """A student's `results.json` as Gradescope reads it: a point for each exercise."""
    tests = [
        {
            "name": exercise,
            "score": int(row.outcomes[exercise] == RIGHT),
            "max_score": 1,
            "status": "passed" if row.outcomes[exercise] == RIGHT else "failed",
            "output": row.outcomes[exercise],
        }
        for exercise in columns
    ]
    content = {"score": row.passed, "output": "\n".join(row.notes), "tests": tests}
    return json.dumps(content, indent=1) + "\n"


def html_table(rows: Iterable[Marks], columns: list[str]) -> str:
    """The same for the eye: one page that needs nothing else."""
    head, *lines = _table(rows, columns)
    legend = ", ".join(f"{symbol or 'empty'} {name}" for name, symbol in SYMBOLS.items())

    def cell(word: str) -> str:
        if word in SYMBOLS:
            return f'<td class="{word.replace(" ", "-")}" title="{word}">{SYMBOLS[word]}</td>'
        return f"<td>{html.escape(word)}</td>"

    body = "\n".join(f"<tr>{''.join(map(cell, line))}</tr>" for line in lines)
    return f"""\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>Grades</title>
<style>
:root {{ color-scheme: light dark; font-family: sans-serif; }}
table {{ border-collapse: collapse; }}
td, th {{ padding: 0.2em 0.6em; border: 1px solid #8886; text-align: center; }}
td:first-child, td:last-child {{ text-align: left; }}
.right {{ background: #4a46; }}
.wrong {{ background: #d446; }}
.not-yet-tried {{ background: #cc46; }}
</style>
<h1>Grades</h1>
<p>{legend}</p>
<table>
<thead><tr>{"".join(f"<th>{html.escape(word)}</th>" for word in head)}</tr></thead>
<tbody>
{body}
</tbody>
</table>
</html>
"""
