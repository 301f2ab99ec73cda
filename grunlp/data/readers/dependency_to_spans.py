"""Spans from dependency trees, for corpora that label only the head word of an argument."""

import re
from collections.abc import Iterable, Sequence

from grunlp.data.tags import PREDICATE_LABEL, Span

_SINGLE_TOKEN_LABELS = (PREDICATE_LABEL, f"C-{PREDICATE_LABEL}")  # these labels belong to a word, never to a phrase


def subtree_spans(labels: dict[int, str], predicate: int, heads: Sequence[int]) -> list[Span]:
    """Return the spans of a frame whose roles are annotated on head words.

    Each token belongs to its nearest ancestor (itself included) that is a labelled head or the predicate; a span is the
    contiguous run of tokens around the head that belong to it. So spans never overlap and never contain the predicate,
    and an argument that governs the predicate ("the *jurists* retiring today") loses its clause. V and C-V remain
    single words; the predicate becomes V if no token has that label.

    Args:
        labels: role of each head, by token.
        predicate: token of the predicate.
        heads: head of each token, -1 for a root; no cycles.
    """
    if PREDICATE_LABEL not in labels.values():
        labels = labels | {predicate: PREDICATE_LABEL}
    marked = labels.keys() | {predicate}
    owner = [_nearest_labelled_ancestor(i, marked, heads) for i in range(len(heads))]
    spans = []
    for head, label in sorted(labels.items()):
        start, end = head, head + 1
        while label not in _SINGLE_TOKEN_LABELS and start > 0 and owner[start - 1] == head:
            start -= 1
        while label not in _SINGLE_TOKEN_LABELS and end < len(heads) and owner[end] == head:
            end += 1
        spans.append(Span(label, start, end))
    return spans


def _nearest_labelled_ancestor(token: int, marked: set[int], heads: Sequence[int]) -> int:
    while token >= 0 and token not in marked:
        token = heads[token]
    return token


def remove_overlaps(spans: Iterable[Span], length: int) -> list[Span]:
    """Return spans that do not overlap.

    V has priority, then shorter spans. A longer span is cut to its longest run of free tokens, or dropped if it has
    none.
    """
    kept: list[Span] = []
    free = ["1"] * length
    for label, start, end in sorted(spans, key=lambda span: (span.label != PREDICATE_LABEL, span.end - span.start)):
        runs = re.finditer("1+", "".join(free[start:end]))
        longest = max(runs, key=lambda run: run.end() - run.start(), default=None)
        if longest:
            kept.append(Span(label, start + longest.start(), start + longest.end()))
            free[kept[-1].start : kept[-1].end] = "0" * (kept[-1].end - kept[-1].start)
    return kept
