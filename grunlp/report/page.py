"""The frame that every page shares: one HTML file with its style inside, light and dark, for any width."""

from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --paper: #fff; --soft: #667085; --line: #d9dee7; --blue: #2f6fde;
  --wrong: #c2410c; --missing: #7c3aed; --bar: #cfe0ff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14171c; --soft: #98a2b3; --line: #333b47;
  --blue: #7aa7ff; --wrong: #fb923c; --missing: #c4b5fd; --bar: #24406e; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 68rem;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.2rem; } .soft { color: var(--soft); }
table { border-collapse: collapse; margin: .6rem 0; } th, td { padding: .2rem .7rem; text-align: right;
  border-bottom: 1px solid var(--line); white-space: nowrap; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 600; }
.scroll { overflow-x: auto; }
.bar { background: linear-gradient(to right, var(--bar) var(--share), transparent var(--share)); }
td.hot { background: color-mix(in srgb, var(--wrong) var(--share), transparent); }
figure { margin: 1.4rem 0; overflow-x: auto; } figcaption { color: var(--soft); }
table.map td { width: 1.1rem; min-width: 1.1rem; height: 1.1rem; padding: 0; border: 1px solid var(--line);
  background: color-mix(in srgb, var(--blue) var(--share, 0%), transparent); }
table.map th { text-align: right; padding: 0 .4rem; border: 0; font: 12px ui-monospace, monospace; }
table.map th.up { height: 5.5rem; vertical-align: bottom; padding: 0; }
table.map th.up span { writing-mode: vertical-rl; transform: rotate(180deg); }
svg.arcs { display: block; } svg.arcs text { font: 13.5px ui-monospace, monospace; fill: var(--ink); }
svg.arcs .predicate { font-weight: 700; fill: var(--blue); } svg.arcs path { fill: none; stroke: var(--soft); }
svg.arcs .role { font-size: 11px; text-anchor: middle; } svg.arcs .bracket { stroke-width: 3; }
svg.arcs .wrong path { stroke: var(--wrong); } svg.arcs .wrong .role { fill: var(--wrong); }
svg.arcs .missing path { stroke: var(--missing); } svg.arcs .missing .role { fill: var(--missing); }
"""


def page(title: str, body: Iterable[str]) -> str:
    """A whole document. `body`: HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>'
        f"<body><h1>{escape(title)}</h1>\n{chr(10).join(body)}\n</body></html>\n"
    )


def section(title: str, explanation: str, *parts: str) -> str:
    """A heading, a sentence that says how to read what follows, and HTML."""
    return f'<section><h2>{escape(title)}</h2><p class="soft">{escape(explanation)}</p>{"".join(parts)}</section>'


def table(header: Sequence[str], rows: Iterable[Sequence[str | float | int]], bar: int | None = None) -> str:
    """A table; numbers with a point get two digits behind it.

    Args:
        header: names of the columns.
        rows: their cells.
        bar: a column of percentages that are drawn as bars, too.
    """
    lines = ["".join(f"<th>{escape(name)}</th>" for name in header)]
    for row in rows:
        cells = []
        for i, cell in enumerate(row):
            share = f' class="bar" style="--share:{max(0.0, float(cell)):.1f}%"' if i == bar else ""
            cells.append(f"<td{share}>{f'{cell:.2f}' if isinstance(cell, float) else escape(str(cell))}</td>")
        lines.append("".join(cells))
    return f'<div class="scroll"><table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'
