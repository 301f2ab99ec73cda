"""Self-contained HTML pages with inline style, for light and dark mode and any width."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from grunlp.visualization.svg_text import escape_markup

_FOLDER = Path(__file__).parent
STYLE, SCRIPT = _FOLDER / "drawing.css", _FOLDER / "picking.js"  # for any page with drawings


def render_page(title: str, body: Iterable[str], interactive: bool = False) -> str:
    """Render an HTML document.

    Args:
        title: title and heading.
        body: HTML.
        interactive: whether to add the script that selects predicates.
    """
    style = STYLE.read_text(encoding="utf-8") + (_FOLDER / "page.css").read_text(encoding="utf-8")
    script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>" if interactive else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape_markup(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{style}</style></head>'
        f"<body><main><h1>{escape_markup(title)}</h1>\n{chr(10).join(body)}\n</main>{script}</body></html>\n"
    )


def section(title: str, explanation: str, *content: str) -> str:
    """Render a section: a heading, an explanation and HTML content."""
    heading = f'<h2>{escape_markup(title)}</h2><p class="soft">{escape_markup(explanation)}</p>'
    return f"<section>{heading}{''.join(content)}</section>"


def table(header: Sequence[str], rows: Iterable[Sequence[str | float | int]], bar: int | None = None) -> str:
    """Render a table; floats get two decimal places.

    Args:
        header: column names.
        rows: cells.
        bar: index of a column of percentages that are also drawn as bars.
    """
    lines = ["".join(f"<th>{escape_markup(name)}</th>" for name in header)]
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            attributes = f' class="bar" style="--share:{max(0.0, float(cell)):.1f}%"' if i == bar else ""
            text = f"{cell:.2f}" if isinstance(cell, float) else escape_markup(str(cell))
            cells.append(f"<td{attributes}>{text}</td>")
        lines.append("".join(cells))
    return f'<div class="scroll"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'
