"""Tags, spans and brackets: three notations for the labelled spans of a sentence, and conversions between them.

* tags: one IOB2 tag for each token, `B-ARG0`, `I-ARG0`, `O`. Also called BIO.
* spans: `Span(label, start, end)`, token offsets, `end` exclusive.
* brackets: one CoNLL-2005 cell for each token, `(ARG0*`, `*`, `*)`, `(V*)`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"
PREDICATE_LABEL = "V"

_CELL = re.compile(r"^(?:\((?P<open>[^()*\s]+))?\*(?P<close>\))?$")


class Span(NamedTuple):
    """A labelled range of tokens `start <= i < end`."""

    label: str
    start: int
    end: int


def split_tag(tag: str) -> tuple[str, str]:
    """Split `B-ARGM-TMP` into `("B", "ARGM-TMP")` and `O` into `("O", "")`. Raises ValueError for any other form."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, label = tag.partition("-")
    if prefix not in ("B", "I") or not dash or not label:
        raise ValueError(f"{tag!r} is not a BIO tag: expected O, B-LABEL or I-LABEL")
    return prefix, label


def invalid_transitions(tags: Sequence[str]) -> list[int]:
    """Return the positions of `I-X` tags that do not continue a `B-X` or `I-X`; none if the tags are valid IOB2."""
    bad, before = [], ""
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "I" and label != before:
            bad.append(i)
        before = label
    return bad


def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Convert tags to spans, in order. An `I-X` that does not continue a span begins one, as in conlleval."""
    spans: list[Span] = []
    label, start = "", 0
    for i, tag in enumerate(tags):
        prefix, current = split_tag(tag)
        if label and (prefix != "I" or current != label):
            spans.append(Span(label, start, i))
            label = ""
        if current and not label:
            label, start = current, i
    if label:
        spans.append(Span(label, start, len(tags)))
    return spans


def spans_to_tags(spans: Iterable[Span], length: int) -> list[str]:
    """Convert spans to `length` tags. Raises ValueError if spans overlap, are empty or exceed the sentence."""
    tags = [OUTSIDE] * length
    for label, start, end in spans:
        if not 0 <= start < end <= length:
            raise ValueError(f"span {label} {start}:{end} does not fit a sentence of {length} tokens")
        if any(tag != OUTSIDE for tag in tags[start:end]):
            raise ValueError(f"span {label} {start}:{end} overlaps another span")
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def brackets_to_spans(cells: Sequence[str]) -> list[Span]:
    """Convert one CoNLL-2005 column to spans.

    Raises:
        ValueError: a bracket is not closed, not opened or nested, or a cell has another form; the message contains the
            zero-based index of the cell.
    """
    spans: list[Span] = []
    label, start = "", 0
    for i, cell in enumerate(cells):
        match = _CELL.match(cell)
        if match is None:
            raise ValueError(f"cell {i}: {cell!r} is not a bracket cell: expected * or (LABEL* or *) or (LABEL*)")
        if match["open"]:
            if label:
                raise ValueError(f"cell {i}: ({match['open']} opens inside ({label}, open since cell {start}")
            label, start = match["open"], i
        if match["close"]:
            if not label:
                raise ValueError(f"cell {i}: ) closes nothing")
            spans.append(Span(label, start, i + 1))
            label = ""
    if label:
        raise ValueError(f"cell {start}: ({label} is never closed")
    return spans


def spans_to_brackets(spans: Iterable[Span], length: int) -> list[str]:
    """Convert spans to a CoNLL-2005 column of `length` cells. Raises ValueError as `spans_to_tags` does."""
    spans = list(spans)
    spans_to_tags(spans, length)  # checks the spans
    cells = ["*"] * length
    for label, start, end in spans:
        cells[start] = f"({label}" + cells[start]
        cells[end - 1] += ")"
    return cells


def tags_to_brackets(tags: Sequence[str]) -> list[str]:
    """Convert tags to a CoNLL-2005 column."""
    return spans_to_brackets(tags_to_spans(tags), len(tags))


def brackets_to_tags(cells: Sequence[str]) -> list[str]:
    """Convert a CoNLL-2005 column to tags. Raises ValueError as `brackets_to_spans` does."""
    return spans_to_tags(brackets_to_spans(cells), len(cells))
