"""Labelled spans counted in three ways: as srl-eval, as conlleval and as seqeval in strict IOB2 count them.

Each `count_*` takes the gold and the predicted tag sequences of **one sentence** (one sequence a predicate, or a single
one in plain tagging) and returns `EvalCounts`. Counts are additive: those of a corpus are the sum over its sentences,
so a
bootstrap can draw documents without counting anything twice.

    total = sum((srl_eval_counts(gold, predicted) for gold, predicted in sentences), Counts())
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
    """Spans found and right (`tp`), found but wrong (`fp`), and not found (`fn`). Scores are in percent."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: "SpanCounts") -> "SpanCounts":
        return SpanCounts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Share of the found spans that are right; 0 when none was found."""
        return percentage(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the gold spans that were found; 0 when there is none."""
        return percentage(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 when both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class EvalCounts:
    """What one counting found in one sentence or, summed, in many.

    Attributes:
        labels: a tally for each label that occurs in gold or prediction.
        excluded_labels: tallies kept out of `overall` (the predicate itself, `V`, in srl-eval's counting).
        sentences, sequences: how many sentences, and how many tag sequences in them (predicates, in role labelling).
        perfect: sequences in which every span that belongs to `overall` is right and none is missing.
        tokens, correct_tokens: tokens over all sequences, and those whose predicted tag equals the gold one.
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
        """The tally over all labels that are not kept apart (micro-average)."""
        return sum(self.labels.values(), SpanCounts())

    @property
    def perfect_percentage(self) -> float:
        """Percentage of tag sequences without a fault."""
        return percentage(self.perfect, self.sequences)

    @property
    def accuracy(self) -> float:
        """Percentage of tokens whose tag is right."""
        return percentage(self.correct_tokens, self.tokens)


def count_matches(gold: Set[Any], predicted: Set[Any]) -> SpanCounts:
    """Count things that are right when they are equal."""
    return SpanCounts(len(gold & predicted), len(predicted - gold), len(gold - predicted))


def percentage(part: int, whole: int) -> float:
    """`part` of `whole` in percent; 0 when `whole` is 0, as the official programs have it."""
    # Not 100 * (part / whole): the quotient's rounding could move a tie such as 0.125 to the other side.
    return 100 * part / whole if whole else 0.0


def srl_eval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Counting of srl-eval.pl, the program of the CoNLL-2005 shared task (Carreras and Màrquez 2005, §2.1).

    `V` is counted apart; pieces `C-X` belong to the argument `X` before them, see `srl_arguments`. An argument is right
    when its role and all its pieces are. Tags need not be legal: an `I-X` that continues nothing opens a span.

    Args:
        gold, predicted: the tag sequences of one sentence, one a predicate, in the same order. A predicate for which
            nothing was predicted is given a sequence of `O`: all its arguments are then missed, as in srl-eval.

    Raises:
        ValueError: a differing number of sequences or tokens, or a tag that is no BIO tag.
    """
    return _count_items(srl_arguments, gold, predicted, excluded_label=PREDICATE_LABEL)


def conlleval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Counting of conlleval, the program of the CoNLL-2000 and later shared tasks (Tjong Kim Sang and Buchholz 2000).

    A chunk is a label with its extent. An `I-X` after `O`, or after a tag of another label, starts a chunk: illegal
    sequences count for what they seem to mean. Arguments and errors as for `srl_eval_counts`; no label is kept apart.
    """
    return _count_items(tags_to_spans, gold, predicted)


def seqeval_counts(gold: Sequence[Tags], predicted: Sequence[Tags]) -> EvalCounts:
    """Counting of the seqeval library with `mode="strict", scheme=IOB2`.

    A span starts at `B-X` alone; an `I-X` that continues nothing belongs to no span, so illegal sequences earn
    nothing for it. Arguments and errors as for `srl_eval_counts`; no label is kept apart.
    """
    return _count_items(strict_spans, gold, predicted)


def srl_arguments(tags: Tags) -> list[tuple[str, tuple[Span, ...]]]:
    """Arguments of one predicate as srl-eval reads them: a role with its pieces, usually one.

    A `C-X` is a further piece of the latest `X`, wherever that stands before it; without one it is itself an argument
    `X`, which later `C-X` continue. Two adjacent pieces do not equal one span over both.
    """
    latest: dict[str, list[Span]] = {}  # the pieces of the last argument of each role
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
    """Spans that start with `B-X` and go on over the `I-X` of the same label; any other `I-X` is passed over."""
    spans: list[Span] = []
    for i, tag in enumerate(tags):
        prefix, label = split_tag(tag)
        if prefix == "B":
            spans.append(Span(label, i, i + 1))
        elif prefix == "I" and spans and spans[-1].end == i and spans[-1].label == label:
            spans[-1] = Span(label, spans[-1].start, i + 1)
    return spans


# An item is compared whole; its first part is its label. Items of one sequence are distinct, for no two start together.
_ItemExtractor = Callable[[Tags], Iterable[tuple[Any, ...]]]


def _count_items(
    items: _ItemExtractor, gold: Sequence[Tags], predicted: Sequence[Tags], excluded_label: str = ""
) -> EvalCounts:
    """Counts of one sentence, an item being what `items` makes of a tag sequence."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold but {len(predicted)} predicted tag sequences for one sentence")
    tallies: dict[str, SpanCounts] = {}
    perfect = tokens = correct_tokens = 0
    for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
        if len(gold_tags) != len(predicted_tags):
            raise ValueError(f"{len(gold_tags)} gold but {len(predicted_tags)} predicted tags for one sentence")
        wanted, found = set(items(gold_tags)), set(items(predicted_tags))
        for outcome, tally in (
            (wanted & found, SpanCounts(tp=1)),
            (found - wanted, SpanCounts(fp=1)),
            (wanted - found, SpanCounts(fn=1)),
        ):
            for item in outcome:
                tallies[item[0]] = tallies.get(item[0], SpanCounts()) + tally
        perfect += all(item[0] == excluded_label for item in wanted ^ found)
        tokens += len(gold_tags)
        correct_tokens += sum(g == p for g, p in zip(gold_tags, predicted_tags, strict=True))
    kept_apart = {excluded_label: tallies.pop(excluded_label)} if excluded_label in tallies else {}
    return EvalCounts(tallies, kept_apart, 1, len(gold), perfect, tokens, correct_tokens)


def _add_label_counts(one: Mapping[str, SpanCounts], other: Mapping[str, SpanCounts]) -> dict[str, SpanCounts]:
    return {**one, **{label: one.get(label, SpanCounts()) + tally for label, tally in other.items()}}
