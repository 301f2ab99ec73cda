"""Counts of labelled spans in three schemes: srl-eval, conlleval and seqeval in strict IOB2 mode.

Each `*_counts` function takes the gold and predicted tag sequences of **one sentence** (one sequence per predicate,
or a single sequence in plain tagging) and returns `EvalCounts`. Counts are additive: the counts of a corpus are the
sum over its sentences, so a bootstrap can resample documents without counting anything twice.

    total = sum((srl_eval_counts(gold, predicted) for gold, predicted in sentences), EvalCounts())
    total.overall.f1

Percentages are computed in the order of operations of the official programs, so that the last printed digit agrees.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from grunlp.data.tags import PREDICATE_LABEL, Span, split_tag, tags_to_spans

Tags = Sequence[str]
CONTINUATION = "C-"


@dataclass(frozen=True)
class SpanCounts:
    """True positives, false positives and false negatives, with scores in percent."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "SpanCounts") -> "SpanCounts":
        return SpanCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the predicted spans that are correct; 0 without predicted spans."""
        return percentage(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the gold spans that were predicted; 0 without gold spans."""
        return percentage(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 when both are 0."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class EvalCounts:
    """Counts of one scheme for one sentence or, summed, for many.

    Attributes:
        labels: counts of each label that occurs in gold or prediction.
        excluded_labels: counts excluded from `overall` (the predicate itself, `V`, in srl-eval).
        sentences: number of sentences.
        sequences: number of tag sequences in the sentences (predicates, in role labelling).
        perfect: number of sequences in which every span that counts in `overall` is correct and none is missing.
        tokens: number of tokens in all sequences.
        correct_tokens: number of tokens whose predicted tag equals the gold tag.
    """

    labels: Mapping[str, SpanCounts] = field(default_factory=dict)
    excluded_labels: Mapping[str, SpanCounts] = field(default_factory=dict)
    sentences: int = 0
    sequences: int = 0
    perfect: int = 0
    tokens: int = 0
    correct_tokens: int = 0

    def __add__(self, other: "EvalCounts") -> "EvalCounts":
        return EvalCounts(
            labels=_add_label_counts(self.labels, other.labels),
            excluded_labels=_add_label_counts(self.excluded_labels, other.excluded_labels),
            sentences=self.sentences + other.sentences,
            sequences=self.sequences + other.sequences,
            perfect=self.perfect + other.perfect,
            tokens=self.tokens + other.tokens,
            correct_tokens=self.correct_tokens + other.correct_tokens,
        )

    @property
    def overall(self) -> SpanCounts:
        """Counts summed over all labels that are not excluded (micro-average)."""
        return sum(self.labels.values(), SpanCounts())

    @property
    def perfect_percentage(self) -> float:
        """Percentage of tag sequences without an error."""
        return percentage(self.perfect, self.sequences)

    @property
    def accuracy(self) -> float:
        """Percentage of tokens with the correct tag."""
        return percentage(self.correct_tokens, self.tokens)


def count_matches(gold: Set[Any], predicted: Set[Any]) -> SpanCounts:
    """Count items that are correct when they are equal."""
    return SpanCounts(len(gold & predicted), len(predicted - gold), len(gold - predicted))


def percentage(part: int, whole: int) -> float:
    """Compute `part` of `whole` in percent; 0 when `whole` is 0, as in the official programs."""
    # Not 100 * (part / whole): rounding the quotient could move a tie such as 0.125 to the other side.
    return 100 * part / whole if whole else 0.0


def srl_eval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Count as srl-eval.pl does, the program of the CoNLL-2005 shared task (Carreras and Màrquez 2005, §2.1).

    `V` is excluded from the overall score; `C-X` spans belong to the argument `X` before them, see `srl_arguments`. An
    argument is correct when its role and all its spans are. Tags need not be legal: an `I-X` that does not continue a
    span opens one.

    Args:
        gold: the tag sequences of one sentence, one per predicate.
        predicted: predicted tag sequences, in the same order. Pass a sequence of `O` for a predicate that was not
            predicted: all its arguments then count as missed, as in srl-eval.

    Raises:
        ValueError: the numbers of sequences or tokens differ, or a tag is not a BIO tag.
    """
    return _count_items(srl_arguments, gold, predicted, excluded_label=PREDICATE_LABEL)


def conlleval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Count as conlleval does, the program of the CoNLL-2000 and later shared tasks (Tjong Kim Sang and Buchholz 2000).

    A chunk is a span with its label. An `I-X` after `O`, or after a tag with another label, starts a chunk, so illegal
    sequences are repaired. No label is excluded. Arguments and errors are those of `srl_eval_counts`.
    """
    return _count_items(tags_to_spans, gold, predicted)


def seqeval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Count as the seqeval library does with `mode="strict", scheme=IOB2`.

    Only `B-X` starts a span; an `I-X` that does not continue a span is ignored, so that illegal sequences gain nothing
    from it. No label is excluded. Arguments and errors are those of `srl_eval_counts`.
    """
    return _count_items(strict_spans, gold, predicted)


def srl_arguments(tags: Tags) -> list[tuple[str, tuple[Span, ...]]]:
    """Extract the arguments of one predicate as srl-eval does: a role with its spans, usually one.

    A `C-X` continues the latest `X` before it; without one it is an argument `X` of its own, which later `C-X`
    continue. Two adjacent spans of an argument do not equal one span over both.
    """
    latest: dict[str, list[Span]] = {}  # the spans of the last argument of each role
    arguments: list[tuple[str, list[Span]]] = []
    for span in tags_to_spans(tags):
        role = span.label.removeprefix(CONTINUATION)
        piece = Span(role, span.start, span.end)
        if role != span.label and role in latest:
            latest[role].append(piece)
        else:
            latest[role] = [piece]
            arguments.append((role, latest[role]))
    return [(role, tuple(pieces)) for role, pieces in arguments]


def strict_spans(tags: Tags) -> list[Span]:
    """Extract spans that start with `B-X` and continue over `I-X` of the same label; skip any other `I-X`."""
    spans: list[Span] = []
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "B":
            spans.append(Span(label, i, i + 1))
        elif prefix == "I" and spans and spans[-1].end == i and spans[-1].label == label:
            spans[-1] = Span(label, spans[-1].start, i + 1)
    return spans


# Items are compared as a whole; their first element is the label. Items of one sequence are distinct, because no two
# have the same start.
_ItemExtractor = Callable[[Tags], Iterable[tuple[Any, ...]]]


def _count_items(
    extract_items: _ItemExtractor, gold: Sequence[Tags], predicted: Sequence[Tags], excluded_label: str = ""
) -> EvalCounts:
    """Count the items that `extract_items` finds in the tag sequences of one sentence."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold but {len(predicted)} predicted tag sequences for one sentence")
    labels: dict[str, SpanCounts] = {}
    perfect = tokens = correct_tokens = 0
    for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
        if len(gold_tags) != len(predicted_tags):
            raise ValueError(f"{len(gold_tags)} gold but {len(predicted_tags)} predicted tags for one sentence")
        gold_items, predicted_items = set(extract_items(gold_tags)), set(extract_items(predicted_tags))
        for items, counts in (
            (gold_items & predicted_items, SpanCounts(tp=1)),
            (predicted_items - gold_items, SpanCounts(fp=1)),
            (gold_items - predicted_items, SpanCounts(fn=1)),
        ):
            for item in items:
                labels[item[0]] = labels.get(item[0], SpanCounts()) + counts
        perfect += all(item[0] == excluded_label for item in gold_items ^ predicted_items)
        tokens += len(gold_tags)
        correct_tokens += sum(g == p for g, p in zip(gold_tags, predicted_tags, strict=True))
    excluded = {excluded_label: labels.pop(excluded_label)} if excluded_label in labels else {}
    return EvalCounts(labels, excluded, 1, len(gold), perfect, tokens, correct_tokens)


def _add_label_counts(one: Mapping[str, SpanCounts], other: Mapping[str, SpanCounts]) -> dict[str, SpanCounts]:
    return {**one, **{label: one.get(label, SpanCounts()) + counts for label, counts in other.items()}}
