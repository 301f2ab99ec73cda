"""Words with labelled spans over and under them, and arcs from a predicate to its arguments: SVG in pure text.

Every place is an attribute and every colour a class, so that the drawing also stands in pages whose policy forbids
styles of their own.
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

_GAP = 8.0  # pixels: between words, and around the drawing
_LINE = 26.0  # the height of the words
_LABEL_HEIGHT = 18.0  # of a label
_LEVEL_HEIGHT = 8.0  # from an arc to the next around it
_SPACE = 10.0  # between two lanes
_BOLD_WIDTH_FACTOR = 1.1  # of the width of a label, which is bold
_LONGEST = 40  # characters of a word or label that are shown


class ArcRow(NamedTuple):
    """One labelling of the words: spans in a row, and what they belong to.

    Args:
        spans: that do not overlap.
        predicate: the index of the word that arcs run from; None draws none.
        title: stands at the predicate, its sense for example.
        errors: spans that are shown as such: span → the class of its fault, "wrong" or "missing".
        name: what the lane is called by scripts, that show and hide it.
    """

    spans: Sequence[Span]
    predicate: int | None = None
    title: str = ""
    errors: Mapping[Span, str] = {}
    name: str = ""


def render_arcs(words: Sequence[str], above: Sequence[ArcRow], below: Sequence[ArcRow]) -> str:
    """An `<svg>` of words with lanes above and below them, the nearest first. Right-to-left text runs so.

    A group of the class `lane` has its `data-name` and `data-height`, in pixels.
    """
    shown = [truncate(word, _LONGEST) for word in words]
    slots, whole = _word_extents(shown, [*above, *below])
    if is_right_to_left(words):
        slots = [(whole - right, whole - left) for left, right in slots]
    top = sum(map(_height, above)) + (_SPACE if above else 0)
    height = top + _LINE + sum(map(_height, below)) + _SPACE
    parts = [
        f'<svg class="arcs" xmlns="http://www.w3.org/2000/svg" role="img" width="{whole:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {whole:.0f} {height:.0f}"><title>{escape_markup(" ".join(words))}</title>'
    ]
    predicates = {lane.predicate: lane.name for lane in (*below, *above) if lane.predicate is not None}
    for i, (word, slot) in enumerate(zip(shown, slots, strict=True)):
        kind = (
            f'class="word predicate" data-name="{escape_markup(predicates[i])}"' if i in predicates else 'class="word"'
        )
        parts.append(_text(kind, slot, top + 18, word))
    y = top
    for lane in above:
        parts.append(_render_row(lane, slots, y, -1))
        y -= _height(lane)
    y = top + _LINE
    for lane in below:
        parts.append(_render_row(lane, slots, y, 1))
        y += _height(lane)
    return "".join([*parts, "</svg>"])


def _word_extents(words: Sequence[str], rows: Sequence[ArcRow]) -> tuple[list[tuple[float, float]], float]:
    """The left and right end of the place of each word, wide enough for it and the labels over it; the whole width."""
    widths = [text_width(word) for word in words]
    for lane in rows:
        for label, start, end in [*lane.spans, *_predicate(lane)]:
            needed = _BOLD_WIDTH_FACTOR * text_width(truncate(label, _LONGEST), LABEL_FONT_SIZE) + _GAP
            missing = needed - sum(widths[start:end]) - _GAP * (end - start - 1)
            for i in range(start, end) if missing > 0 else ():
                widths[i] += missing / (end - start)
    slots, x = [], _GAP
    for one in widths:
        slots.append((x, x + one))
        x += one + _GAP
    return slots, x


def _predicate(row: ArcRow) -> list[Span]:
    return [] if row.predicate is None else [Span(row.title, row.predicate, row.predicate + 1)]


def _height(row: ArcRow) -> float:
    return _LABEL_HEIGHT + _LEVEL_HEIGHT * max(_arc_heights(row), default=0) + _SPACE


def _arc_heights(row: ArcRow) -> list[int]:
    """How far out the arc of each span runs: 1 next to the predicate, and counted on each side of it."""
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
    """A group of labels next to `edge`, and arcs beyond them. direction: 1 downwards, -1 upwards."""
    parts = [f'<g class="lane" data-name="{escape_markup(row.name)}" data-height="{_height(row):.0f}">']
    y = edge + 4 if direction > 0 else edge - 4 - _LABEL_HEIGHT
    base = y + (_LABEL_HEIGHT if direction > 0 else 0)
    for span, level in zip(row.spans, _arc_heights(row), strict=True):
        place = _extent(extents, span)
        kind = f"{label_color(span.label)} {row.errors.get(span, '')}".strip()
        parts.append(f'<g class="span {kind}">')
        if row.predicate is not None:
            one, other = sum(place) / 2, sum(extents[row.predicate]) / 2
            parts.append(_arc(one, other, base, base + direction * (_LEVEL_HEIGHT * level + 2)))
        parts.append(f"{_label_box('pill', place, y, span.label)}</g>")
    for span in _predicate(row):
        parts.append(_label_box("pill sense", _extent(extents, span), y, span.label))
    return "".join([*parts, "</g>"])


def _extent(extents: Sequence[tuple[float, float]], span: Span) -> tuple[float, float]:
    ends = [end for slot in extents[span.start : span.end] for end in slot]
    return min(ends) - 2, max(ends) + 2


def _label_box(attributes: str, extent: tuple[float, float], y: float, label: str) -> str:
    box = f'x="{extent[0]:.1f}" y="{y:.1f}" width="{extent[1] - extent[0]:.1f}" height="{_LABEL_HEIGHT:.0f}" rx="5"'
    text = _text('class="label"', extent, y + 13, truncate(label, _LONGEST))
    return f'<rect class="{attributes}" {box}/>{text}'


def _arc(one: float, other: float, base: float, far: float) -> str:
    """From the middle of an argument to that of the predicate, where it is a little apart from those of other sides."""
    turn, lift = (5 if other > one else -5), (4 if far > base else -4)
    other -= turn
    path = f"M{one:.1f} {base:.1f}V{far - lift:.1f}Q{one:.1f} {far:.1f} {one + turn:.1f} {far:.1f}"
    path += f"H{other - turn:.1f}Q{other:.1f} {far:.1f} {other:.1f} {far - lift:.1f}V{base:.1f}"
    return f'<path d="{path}"/>'


def _text(attributes: str, extent: tuple[float, float], y: float, text: str) -> str:
    return f'<text {attributes} x="{sum(extent) / 2:.1f}" y="{y:.1f}">{escape_markup(text)}</text>'
