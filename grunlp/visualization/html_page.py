"""The frame that every page shares: one HTML file with its style inside, light and dark, for any width."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from grunlp.visualization.svg_text import escape_markup

_FOLDER = Path(__file__).parent
STYLE, SCRIPT = _FOLDER / "drawing.css", _FOLDER / "picking.js"  # of drawings, on any page that has some


def render_page(title: str, body: Iterable[str], interactive: bool = False) -> str:
    """A whole document.

    Args:
        title: also its heading.
        body: HTML.
        interactive: whether predicates of its sentences can be picked, by a script.
    """
    style = STYLE.read_text(encoding="utf-8") + (_FOLDER / "page.css").read_text(encoding="utf-8")
    script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>" if interactive else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape_markup(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
        f"<body><main><h1>{escape_markup(title)}</h1>\n{chr(10).join(body)}\n</main>{script}</body></html>\n"
    )


def section(title: str, explanation: str, *content: str) -> str:
    """A heading, a sentence that says how to read what follows, and HTML."""
    heading = f'<h2>{escape_markup(title)}</h2><p class="soft">{escape_markup(explanation)}</p>'
    return f"<section>{heading}{''.join(content)}</section>"


def table(header: Sequence[str], rows: Iterable[Sequence[str | float | int]], bar: int | None = None) -> str:
    """A table; numbers with a point get two digits behind it.

    Args:
        header: names of the columns.
        rows: their cells.
        bar: a column of percentages that are drawn as bars, too.
    """
    lines = ["".join(f"<th>{escape_markup(name)}</th>" for name in header)]
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            share = f' class="bar" style="--share:{max(0.0, float(cell)):.1f}%"' if i == bar else ""
            cells.append(f"<td{share}>{f'{cell:.2f}' if isinstance(cell, float) else escape_markup(str(cell))}</td>")
        lines.append("".join(cells))
    return f'<div class="scroll"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'
