"""A predicate and its arguments as arcs over, and another labelling's under, the words: SVG in pure text."""

from collections.abc import Sequence
from html import escape
from unicodedata import east_asian_width

from grunlp.data.bio import PREDICATE, Span, tags_to_spans

_CHARACTER, _GAP, _LEVEL, _LINE = 8.2, 10, 22, 18  # pixels: a character's width, between words, an arc's height, text


def draw_arcs(words: Sequence[str], index: int, above: Sequence[str], below: Sequence[str] | None = None) -> str:
    """An `<svg>` with arcs from a predicate to its arguments.

    Args:
        words: of the sentence.
        index: the predicate.
        above: its tags, drawn over the words.
        below: another labelling's, drawn under them; spans that are not in `above` are marked as wrong there, and those
            of `above` that are not here as missing.
    """
    places, x = [], float(_GAP)
    for word in words:
        places.append((x, x + _width(word)))
        x += _width(word) + _GAP
    upper, lower = _spans(above), _spans(below or [])
    top = _LEVEL * len(upper) + 2 * _LINE
    height = top + (_LEVEL * len(lower) + 2 * _LINE if below is not None else _LINE)
    parts = [
        f'<svg class="arcs" role="img" width="{x:.0f}" height="{height}" viewBox="0 0 {x:.0f} {height}">',
        f"<title>{escape(' '.join(words))}</title>",
    ]
    for i, (word, (start, end)) in enumerate(zip(words, places, strict=True)):
        kind = ' class="predicate"' if i == index else ""
        fit = f'textLength="{end - start:.1f}" lengthAdjust="spacingAndGlyphs"'  # the font may be another
        parts.append(f'<text{kind} x="{start:.1f}" y="{top}" {fit}>{escape(word)}</text>')
    for level, span in enumerate(upper, start=1):
        missing = below is not None and span not in lower
        parts.append(_arc(span, places, index, top - _LINE + 2, -level, " missing" if missing else ""))
    for level, span in enumerate(lower, start=1):
        parts.append(_arc(span, places, index, top + 6, level, "" if span in upper else " wrong"))
    return "".join([*parts, "</svg>"])


def _spans(tags: Sequence[str]) -> list[Span]:
    """The arguments, nearest to the predicate's arcs first."""
    spans = [span for span in tags_to_spans(tags) if span.label != PREDICATE]
    centre = next((span.start for span in tags_to_spans(tags) if span.label == PREDICATE), 0)
    return sorted(spans, key=lambda span: abs(span.start + span.end - 1 - 2 * centre))


def _arc(span: Span, places: list[tuple[float, float]], index: int, base: float, level: int, fault: str) -> str:
    """A bracket along the words of an argument, and an arc from its middle to the predicate, with the role on it.

    `level` counts lines of arcs away from `base`, upwards below 0.
    """
    left, right = places[span.start][0], places[span.end - 1][1]
    one, other = (left + right) / 2, sum(places[index]) / 2
    way, turn = (1 if level > 0 else -1), (6 if other > one else -6)
    far = base + _LEVEL * level
    path = f"M{one:.1f} {base:.1f}V{far - 6 * way:.1f}Q{one:.1f} {far:.1f} {one + turn:.1f} {far:.1f}"
    path += f"H{other - turn:.1f}Q{other:.1f} {far:.1f} {other:.1f} {far - 6 * way:.1f}V{base + 2 * way:.1f}"
    middle, line = (one + other) / 2, far + (12 if level > 0 else -4)
    return (
        f'<g class="arc{fault}"><path class="bracket" d="M{left:.1f} {base:.1f}H{right:.1f}"/><path d="{path}"/>'
        f'<text class="role" x="{middle:.1f}" y="{line:.1f}">{escape(span.label)}</text></g>'
    )


def _width(word: str) -> float:
    return _CHARACTER * sum(2 if east_asian_width(c) in "WF" else 1 for c in word)
