"""SVG diagrams of words with labelled spans above and below them, and arcs from a predicate to its arguments.

All positions are attributes and all colors classes, so that the diagram works in pages whose content security policy
forbids inline styles.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grunlp.data.tags import Span
from grunlp.visualization.svg_text import (
    LABEL_FONT_SIZE,
    escape_markup,
    is_right_to_left,
    label_color,
    text_width,
    truncate,
)

_GAP = 8.0  # pixels between words and around the diagram
_LINE = 26.0  # height of the words
_LABEL_HEIGHT = 18.0
_LEVEL_HEIGHT = 8.0  # distance of nested arcs
_SPACE = 10.0  # distance of rows
_BOLD_WIDTH_FACTOR = 1.1  # labels are bold
_MAX_CHARACTERS = 40  # of a word or label


class ArcRow(NamedTuple):
    """One labelling of the words: a row of spans and their predicate.

    Args:
        spans: spans that do not overlap.
        predicate: index of the word from which arcs start; None for no arcs.
        title: label of the predicate, such as its sense.
        errors: for each span that is highlighted as an error, its CSS class, "wrong" or "missing".
        name: identifier that scripts use to show and hide the row.
    """

    spans: Sequence[Span]
    predicate: int | None = None
    title: str = ""
    errors: Mapping[Span, str] = {}
    name: str = ""


def render_arcs(words: Sequence[str], above: Sequence[ArcRow], below: Sequence[ArcRow]) -> str:
    """Render an `<svg>` of words with rows above and below them, the nearest first.

    Right-to-left text is laid out from right to left. Each row is a group of the class `lane` with the attributes
    `data-name` and `data-height` (in pixels).
    """
    texts = [truncate(word, _MAX_CHARACTERS) for word in words]
    extents, width = _word_extents(texts, [*above, *below])
    if is_right_to_left(words):
        extents = [(width - right, width - left) for left, right in extents]
    top = sum(map(_height, above)) + (_SPACE if above else 0)
    height = top + _LINE + sum(map(_height, below)) + _SPACE
    parts = [
        f'<svg class="arcs" xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}"><title>{escape_markup(" ".join(words))}</title>'
    ]
    predicates = {row.predicate: row.name for row in (*below, *above) if row.predicate is not None}
    for i, (text, extent) in enumerate(zip(texts, extents, strict=True)):
        attributes = 'class="word"'
        if i in predicates:
            attributes = f'class="word predicate" data-name="{escape_markup(predicates[i])}"'
        parts.append(_text(attributes, extent, top + 18, text))
    y = top
    for row in above:
        parts.append(_render_row(row, extents, y, -1))
        y -= _height(row)
    y = top + _LINE
    for row in below:
        parts.append(_render_row(row, extents, y, 1))
        y += _height(row)
    return "".join([*parts, "</svg>"])


def _word_extents(words: Sequence[str], rows: Sequence[ArcRow]) -> tuple[list[tuple[float, float]], float]:
    """Compute the left and right end of each word, wide enough for its labels, and the width of the diagram."""
    widths = [text_width(word) for word in words]
    for row in rows:
        for label, start, end in [*row.spans, *_predicate(row)]:
            needed = _BOLD_WIDTH_FACTOR * text_width(truncate(label, _MAX_CHARACTERS), LABEL_FONT_SIZE) + _GAP
            missing = needed - sum(widths[start:end]) - _GAP * (end - start - 1)
            for i in range(start, end) if missing > 0 else ():
                widths[i] += missing / (end - start)
    extents, x = [], _GAP
    for width in widths:
        extents.append((x, x + width))
        x += width + _GAP
    return extents, x


def _predicate(row: ArcRow) -> list[Span]:
    return [] if row.predicate is None else [Span(row.title, row.predicate, row.predicate + 1)]


def _height(row: ArcRow) -> float:
    return _LABEL_HEIGHT + _LEVEL_HEIGHT * max(_arc_heights(row), default=0) + _SPACE


def _arc_heights(row: ArcRow) -> list[int]:
    """Compute the level of the arc of each span: 1 next to the predicate, counted separately on each side."""
    if row.predicate is None:
        return [0] * len(row.spans)
    before = [span for span in row.spans if span.start < row.predicate]
    return [
        sum(span.start <= other.start for other in before)
        if span in before
        else sum(row.predicate <= other.start <= span.start for other in row.spans)
        for span in row.spans
    ]


def _render_row(row: ArcRow, extents: Sequence[tuple[float, float]], edge: float, direction: int) -> str:
    """Render a group of labels next to `edge` with arcs beyond them; the direction is 1 downwards, -1 upwards."""
    parts = [f'<g class="lane" data-name="{escape_markup(row.name)}" data-height="{_height(row):.0f}">']
    y = edge + 4 if direction > 0 else edge - 4 - _LABEL_HEIGHT
    base = y + (_LABEL_HEIGHT if direction > 0 else 0)
    for span, level in zip(row.spans, _arc_heights(row), strict=True):
        extent = _extent(extents, span)
        css_class = f"{label_color(span.label)} {row.errors.get(span, '')}".strip()
        parts.append(f'<g class="span {css_class}">')
        if row.predicate is not None:
            argument_x, predicate_x = sum(extent) / 2, sum(extents[row.predicate]) / 2
            parts.append(_arc(argument_x, predicate_x, base, base + direction * (_LEVEL_HEIGHT * level + 2)))
        parts.append(f"{_label_box('pill', extent, y, span.label)}</g>")
    for span in _predicate(row):
        parts.append(_label_box("pill sense", _extent(extents, span), y, span.label))
    return "".join([*parts, "</g>"])


def _extent(extents: Sequence[tuple[float, float]], span: Span) -> tuple[float, float]:
    ends = [end for extent in extents[span.start : span.end] for end in extent]
    return min(ends) - 2, max(ends) + 2


def _label_box(css_class: str, extent: tuple[float, float], y: float, label: str) -> str:
    width = extent[1] - extent[0]
    box = f'x="{extent[0]:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_LABEL_HEIGHT:.0f}" rx="5"'
    text = _text('class="label"', extent, y + 13, truncate(label, _MAX_CHARACTERS))
    return f'<rect class="{css_class}" {box}/>{text}'


def _arc(argument_x: float, predicate_x: float, base: float, top: float) -> str:
    """Render an arc between the middles of argument and predicate; arcs of the two sides do not touch."""
    turn, lift = (5 if predicate_x > argument_x else -5), (4 if top > base else -4)
    end = predicate_x - turn
    path = f"M{argument_x:.1f} {base:.1f}V{top - lift:.1f}Q{argument_x:.1f} {top:.1f} {argument_x + turn:.1f} {top:.1f}"
    path += f"H{end - turn:.1f}Q{end:.1f} {top:.1f} {end:.1f} {top - lift:.1f}V{base:.1f}"
    return f'<path d="{path}"/>'


def _text(attributes: str, extent: tuple[float, float], y: float, text: str) -> str:
    return f'<text {attributes} x="{sum(extent) / 2:.1f}" y="{y:.1f}">{escape_markup(text)}</text>'
