"""A table of scores, for people and for programs."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pix2pix_course.support.files import atomic


def score_table(scores: Mapping, titles: Mapping[str, str], columns: Sequence[str]) -> list[str]:
    """Lines of text: `scores` is metric → column → value, a dash where there is no value."""
    lines = [f"{'':38}" + "".join(f"{column:>11}" for column in columns)]
    for metric, row in scores.items():
        cells = [f"{row[c]:11.3f}" if c in row else f"{'–':>11}" for c in columns]
        lines.append(f"{titles[metric]:38}{''.join(cells)}")
    return lines


def write_scores(content: Mapping, columns: Sequence[str], folder: Path) -> None:
    """Write `metrics.json`, all of the content, and `metrics.csv`, its `scores` alone."""
    with atomic(folder / "metrics.json") as partial:
        text = json.dumps(content, indent=2, ensure_ascii=False)
        partial.write_text(text + "\n", encoding="utf-8")
    with atomic(folder / "metrics.csv") as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["metric", *columns])
        for metric, row in content["scores"].items():
            writer.writerow([metric, *(row.get(column, "") for column in columns)])
