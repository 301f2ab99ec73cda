"""Tags, spans and brackets: three ways to write the labelled spans of one sentence, and the moves between them.

* tags: one IOB2 tag a token, `B-ARG0`, `I-ARG0`, `O`. Also called BIO.
* spans: `Span(label, start, end)`, token offsets, `end` exclusive.
* brackets: one CoNLL-2005 cell a token, `(ARG0*`, `*`, `*)`, `(V*)`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"
PREDICATE_LABEL = "V"

_CELL = re.compile(r"^(?:\((?P<open>[^()*\s]+))?\*(?P<close>\))?$")


class Span(NamedTuple):
    """A labelled run of tokens `start <= i < end`."""

    label: str
    start: int
    end: int


def split_tag(tag: str) -> tuple[str, str]:
    """`B-ARGM-TMP` → `("B", "ARGM-TMP")`; `O` → `("O", "")`. Raises ValueError for any other shape."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, label = tag.partition("-")
    if prefix not in ("B", "I") or not dash or not label:
        raise ValueError(f"{tag!r} is no BIO tag: expected O, B-LABEL or I-LABEL")
    return prefix, label


def invalid_transitions(tags: Sequence[str]) -> list[int]:
    """Positions whose `I-X` does not continue a `B-X` or `I-X`: empty exactly when the tags are legal IOB2."""
    bad, before = [], ""
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "I" and label != before:
            bad.append(i)
        before = label
    return bad


def tags_to_spans(tags: Sequence[str]) -> list[Span]:
    """Spans of a tag sequence, in order. An `I-X` that continues nothing opens a span, as conlleval reads it."""
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
    """Tags of `length` tokens. Raises ValueError when spans overlap, are empty or leave the sentence."""
    tags = [OUTSIDE] * length
    for label, start, end in spans:
        if not 0 <= start < end <= length:
            raise ValueError(f"span {label} {start}:{end} does not fit a sentence of {length} tokens")
        if any(tag != OUTSIDE for tag in tags[start:end]):
            raise ValueError(f"span {label} {start}:{end} overlaps another span")
        tags[start:end] = [f"B-{label}"] + [f"I-{label}"] * (end - start - 1)
    return tags


def brackets_to_spans(cells: Sequence[str]) -> list[Span]:
    """Spans of one CoNLL-2005 column. Raises ValueError, its text naming the zero-based cell, for a bracket that
    never closes, closes nothing, opens inside another, or a cell of another shape."""
    spans: list[Span] = []
    label, start = "", 0
    for i, cell in enumerate(cells):
        match = _CELL.match(cell)
        if match is None:
            raise ValueError(f"cell {i}: {cell!r} is no bracket cell: expected * or (LABEL* or *) or (LABEL*)")
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
    """One CoNLL-2005 column of `length` cells. Raises ValueError as `spans_to_tags` does."""
    spans = list(spans)
    spans_to_tags(spans, length)  # for its checks
    cells = ["*"] * length
    for label, start, end in spans:
        cells[start] = f"({label}" + cells[start]
        cells[end - 1] += ")"
    return cells


def tags_to_brackets(tags: Sequence[str]) -> list[str]:
    """One CoNLL-2005 column for a tag sequence."""
    return spans_to_brackets(tags_to_spans(tags), len(tags))


def brackets_to_tags(cells: Sequence[str]) -> list[str]:
    """Tags of one CoNLL-2005 column. Raises ValueError as `brackets_to_spans` does."""
    return spans_to_tags(brackets_to_spans(cells), len(cells))
