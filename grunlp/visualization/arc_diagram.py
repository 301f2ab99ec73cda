"""Words with labelled spans over and under them, and arcs from a predicate to its arguments: SVG in pure text.

Every place is an attribute and every colour a class, so that the drawing also stands in pages whose policy forbids
styles of their own.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from grunlp.data.tags import Span
from grunlp.visualization.svg_text import LABEL, clean, colour, right_to_left, shorten, width

_GAP = 8.0  # pixels: between words, and around the drawing
_LINE = 26.0  # the height of the words
_PILL = 18.0  # of a label
_STEP = 8.0  # from an arc to the next around it
_SPACE = 10.0  # between two lanes
_BOLD = 1.1  # of the width of a label, which is bold
_LONGEST = 40  # characters of a word or label that are shown


class Lane(NamedTuple):
    """One labelling of the words: spans in a row, and what they belong to.

    Args:
        spans: that do not overlap.
        predicate: the index of the word that arcs run from; None draws none.
        title: stands at the predicate, its sense for example.
        faults: spans that are shown as such: span → the class of its fault, "wrong" or "missing".
        name: what the lane is called by scripts, that show and hide it.
    """

    spans: Sequence[Span]
    predicate: int | None = None
    title: str = ""
    faults: Mapping[Span, str] = {}
    name: str = ""


def draw_arcs(words: Sequence[str], above: Sequence[Lane], below: Sequence[Lane]) -> str:
    """An `<svg>` of words with lanes above and below them, the nearest first. Right-to-left text runs so.

    A group of the class `lane` has its `data-name` and `data-height`, in pixels.
    """
    shown = [shorten(word, _LONGEST) for word in words]
    slots, whole = _slots(shown, [*above, *below])
    if right_to_left(words):
        slots = [(whole - right, whole - left) for left, right in slots]
    top = sum(map(_height, above)) + (_SPACE if above else 0)
    height = top + _LINE + sum(map(_height, below)) + _SPACE
    parts = [
        f'<svg class="arcs" xmlns="http://www.w3.org/2000/svg" role="img" width="{whole:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {whole:.0f} {height:.0f}"><title>{clean(" ".join(words))}</title>'
    ]
    predicates = {lane.predicate: lane.name for lane in (*below, *above) if lane.predicate is not None}
    for i, (word, slot) in enumerate(zip(shown, slots, strict=True)):
        kind = f'class="word predicate" data-name="{clean(predicates[i])}"' if i in predicates else 'class="word"'
        parts.append(_text(kind, slot, top + 18, word))
    y = top
    for lane in above:
        parts.append(_lane(lane, slots, y, -1))
        y -= _height(lane)
    y = top + _LINE
    for lane in below:
        parts.append(_lane(lane, slots, y, 1))
        y += _height(lane)
    return "".join([*parts, "</svg>"])


def _slots(words: Sequence[str], lanes: Sequence[Lane]) -> tuple[list[tuple[float, float]], float]:
    """The left and right end of the place of each word, wide enough for it and the labels over it; the whole width."""
    widths = [width(word) for word in words]
    for lane in lanes:
        for label, start, end in [*lane.spans, *_predicate(lane)]:
            needed = _BOLD * width(shorten(label, _LONGEST), LABEL) + _GAP
            missing = needed - sum(widths[start:end]) - _GAP * (end - start - 1)
            for i in range(start, end) if missing > 0 else ():
                widths[i] += missing / (end - start)
    slots, x = [], _GAP
    for one in widths:
        slots.append((x, x + one))
        x += one + _GAP
    return slots, x


def _predicate(lane: Lane) -> list[Span]:
    return [] if lane.predicate is None else [Span(lane.title, lane.predicate, lane.predicate + 1)]


def _height(lane: Lane) -> float:
    return _PILL + _STEP * max(_levels(lane), default=0) + _SPACE


def _levels(lane: Lane) -> list[int]:
    """How far out the arc of each span runs: 1 next to the predicate, and counted on each side of it."""
    if lane.predicate is None:
        return [0] * len(lane.spans)
    before = [span for span in lane.spans if span.start < lane.predicate]
    return [
        sum(span.start <= other.start for other in before)
        if span in before
        else sum(lane.predicate <= other.start <= span.start for other in lane.spans)
        for span in lane.spans
    ]


def _lane(lane: Lane, slots: Sequence[tuple[float, float]], edge: float, way: int) -> str:
    """A group of labels next to `edge`, and arcs beyond them. way: 1 downwards, -1 upwards."""
    parts = [f'<g class="lane" data-name="{clean(lane.name)}" data-height="{_height(lane):.0f}">']
    y = edge + 4 if way > 0 else edge - 4 - _PILL
    base = y + (_PILL if way > 0 else 0)
    for span, level in zip(lane.spans, _levels(lane), strict=True):
        place = _extent(slots, span)
        kind = f"{colour(span.label)} {lane.faults.get(span, '')}".strip()
        parts.append(f'<g class="span {kind}">')
        if lane.predicate is not None:
            one, other = sum(place) / 2, sum(slots[lane.predicate]) / 2
            parts.append(_arc(one, other, base, base + way * (_STEP * level + 2)))
        parts.append(f"{_pill('pill', place, y, span.label)}</g>")
    for span in _predicate(lane):
        parts.append(_pill("pill sense", _extent(slots, span), y, span.label))
    return "".join([*parts, "</g>"])


def _extent(slots: Sequence[tuple[float, float]], span: Span) -> tuple[float, float]:
    ends = [end for slot in slots[span.start : span.end] for end in slot]
    return min(ends) - 2, max(ends) + 2


def _pill(kind: str, place: tuple[float, float], y: float, label: str) -> str:
    box = f'x="{place[0]:.1f}" y="{y:.1f}" width="{place[1] - place[0]:.1f}" height="{_PILL:.0f}" rx="5"'
    text = _text('class="label"', place, y + 13, shorten(label, _LONGEST))
    return f'<rect class="{kind}" {box}/>{text}'


def _arc(one: float, other: float, base: float, far: float) -> str:
    """From the middle of an argument to that of the predicate, where it is a little apart from those of other sides."""
    turn, lift = (5 if other > one else -5), (4 if far > base else -4)
    other -= turn
    path = f"M{one:.1f} {base:.1f}V{far - lift:.1f}Q{one:.1f} {far:.1f} {one + turn:.1f} {far:.1f}"
    path += f"H{other - turn:.1f}Q{other:.1f} {far:.1f} {other:.1f} {far - lift:.1f}V{base:.1f}"
    return f'<path d="{path}"/>'


def _text(kind: str, place: tuple[float, float], y: float, text: str) -> str:
    return f'<text {kind} x="{sum(place) / 2:.1f}" y="{y:.1f}">{clean(text)}</text>'
