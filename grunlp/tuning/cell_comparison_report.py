"""The report of a comparison of cells: a table, JSON, Markdown and a figure."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.visualization.learning_curves import plot_cell_comparison

_METHOD_NOTE = (
    "Scores are means over seeds, on the test split; 95 % intervals by bootstrap over seeds and examples, paired "
    "for differences.",
    "p, examples: approximate randomisation of examples, counts summed over seeds. p, seeds: paired t test over seeds.",
    "Seconds are the mean of a training on one thread; milliseconds are those of an example of the test split on one "
    "thread, counting included.",
)
_MATCH_NOTES = {
    "parameters": "Hidden sizes give each cell as many parameters as the first.",
    "time": "Epochs give each cell as much training time as the first, unless one stops early.",
    "none": "All have the same sizes and epochs.",
}


def write_report(
    folder: Path, rows: Sequence[dict[str, Any]], primary: PrimaryMetric, match: str, title: str, command: str
) -> None:
    """Print the table and write it as `cells.json`, `cells.md` and `cells.png`.

    Args:
        folder: folder of these files.
        rows: one row for each cell.
        primary: the score to compare.
        match: the method of matching the sizes of the cells, a key of `_MATCH_NOTES`.
        title: title of the Markdown page.
        command: the arguments of the comparison.
    """
    header, lines = table_rows(rows, primary)
    notes = [_MATCH_NOTES[match], *_METHOD_NOTE]
    print(f"\n{format_table(header, lines)}\n" + "\n".join(notes) + f"\n\neverything is in {folder}")
    content = {"score": primary.title, "better": primary.direction, "match": match, "cells": list(rows)}
    write_file_atomically(folder / "cells.json", json.dumps(content, indent=2))
    parts = [f"# {title}", f"`{command}`", format_markdown(header, lines), *notes, "![scores and seconds](cells.png)"]
    write_file_atomically(folder / "cells.md", "\n\n".join(parts) + "\n")
    plot_cell_comparison(folder / "cells.png", rows, primary.title)


def table_rows(rows: Sequence[dict[str, Any]], primary: PrimaryMetric) -> tuple[list[str], list[list[str]]]:
    """Return the header and the lines of the table."""
    n, first = primary.digits, rows[0]["cell"]
    head = ["cell", "hidden", primary.title, "95 % interval", "weights", "seconds", "ms/example"]
    head += [f"minus {first}", "95 % interval", "p, examples", "p, seeds"]
    lines = []
    for row in rows:
        low, high = row["interval"]
        line = [row["cell"], "/".join(map(str, row["sizes"].values())) or "-", f"{row['score']:.{n}f}"]
        line += [f"{low:.{n}f} to {high:.{n}f}", f"{row['weights']:,}", f"{row['seconds']:.1f}"]
        line += [f"{row['milliseconds_an_example']:.2f}"]
        if row["difference"] is None:
            line += [""] * 4
        else:
            low, high = row["difference_interval"]
            seeds = "-" if row["p_seeds"] is None else f"{row['p_seeds']:.4f}"
            line += [f"{row['difference']:+.{n}f}", f"{low:+.{n}f} to {high:+.{n}f}", f"{row['p_examples']:.4f}", seeds]
        lines.append(line)
    return head, lines


def format_table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Format a table for the terminal: the first column left-aligned, the others right-aligned; ends with a newline."""
    rows = [header, *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    return "".join(
        "  ".join(f"{text:{'<' if not i else '>'}{widths[i]}}" for i, text in enumerate(row)).rstrip() + "\n"
        for row in rows
    )


def format_markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Format a table in Markdown."""
    rows = [header, ["---", *["---:"] * (len(header) - 1)], *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
