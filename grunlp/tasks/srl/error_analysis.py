"""Error analysis of role labelling: scores by group, confusions, and gains of oracle transformations.

Here, arguments are spans `(label, start, end)`, without the predicate; a continuation `C-X` is a separate span.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from grunlp.data.examples import Frame
from grunlp.data.tags import PREDICATE_LABEL, Span, tags_to_spans
from grunlp.metrics.span_counts import SpanCounts, Tags, count_matches

SpanSet = set[Span]


class PredicateExample(NamedTuple):
    """A gold predicate with its prediction.

    Attributes:
        words: words of the sentence.
        gold: gold frame.
        predicted: predicted frame.
        frequency: number of times the lemma was a predicate in training; None if unknown.
    """

    words: Sequence[str]
    gold: Frame
    predicted: Frame
    frequency: int | None

    @property
    def argument_pair(self) -> tuple[SpanSet, SpanSet]:
        """The gold and the predicted arguments."""
        return argument_spans(self.gold["tags"]), argument_spans(self.predicted["tags"])


def argument_spans(tags: Tags) -> SpanSet:
    """Return the spans of a frame without its predicate."""
    return {span for span in tags_to_spans(tags) if span.label.removeprefix("C-") != PREDICATE_LABEL}


@dataclass
class ErrorAnalysis:
    """Error counts, collected one predicate at a time.

    Attributes:
        total: counts of all arguments.
        by_group: counts by grouping ("distance from the predicate", "sentence length", "predicate frequency", "role")
            and group. The distance of a span, gold or wrongly predicted, is its own.
        confusion: counts of (gold label, predicted label) of spans with equal boundaries; "" on one side if it has no
            span with these boundaries.
        after_fix: counts after each transformation, applied after all previous ones.
    """

    total: SpanCounts = field(default_factory=SpanCounts)
    by_group: dict[str, dict[str, SpanCounts]] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    after_fix: dict[str, SpanCounts] = field(default_factory=dict)

    def add(self, example: PredicateExample) -> None:
        """Count one predicate."""
        gold, predicted = example.argument_pair
        counts = count_matches(gold, predicted)
        self.total = self.total + counts
        self._add("sentence length", _bucket(len(example.words), (10, 20, 30, 40, 60)), counts)
        if example.frequency is not None:
            group = _bucket(example.frequency, (0, 1, 10, 100, 1000)).replace("0 to 0", "unseen in training")
            self._add("predicate frequency", group, counts)
        for span in gold | predicted:
            span_counts = count_matches(gold & {span}, predicted & {span})
            distance = max(span.start - example.gold["index"], example.gold["index"] - span.end + 1, 0)
            self._add("distance from the predicate", _bucket(distance, (1, 2, 4, 8, 16)), span_counts)
            self._add("role", span.label, span_counts)
        labels = {(span.start, span.end): span.label for span in predicted}
        for span in gold:
            self.confusion[span.label, labels.pop((span.start, span.end), "")] += 1
        for label in labels.values():
            self.confusion["", label] += 1
        for name, transform in ORACLE_TRANSFORMATIONS.items():
            predicted = transform(gold, predicted)
            self.after_fix[name] = self.after_fix.get(name, SpanCounts()) + count_matches(gold, predicted)

    def _add(self, grouping: str, group: str, counts: SpanCounts) -> None:
        groups = self.by_group.setdefault(grouping, {})
        groups[group] = groups.get(group, SpanCounts()) + counts

    def oracle_gains(self) -> list[tuple[str, float, float]]:
        """List the name of each transformation, the F1 after it, and its share of the gap to 100 in percent."""
        rows, before = [], self.total.f1
        for name, after in self.after_fix.items():
            gap = 100 - self.total.f1
            rows.append((name, after.f1, 100 * (after.f1 - before) / gap if gap else 0.0))
            before = after.f1
        return rows


def _bucket(value: int, limits: Sequence[int]) -> str:
    low = 0
    for limit in limits:
        if value <= limit:
            return f"{low} to {limit}" if low < limit or not limit else str(limit)
        low = limit + 1
    return f"more than {limits[-1]}"


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def fix_label(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Change the label of spans with the boundaries of a gold span to that of the gold span."""
    labels = {(span.start, span.end): span.label for span in gold}
    return {span._replace(label=labels.get((span.start, span.end), span.label)) for span in predicted}


def move_core(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Move a core role that occurs once on both sides, without overlap, to its gold position."""
    moved = set(predicted)
    for span in sorted(predicted - gold):
        gold_spans = [other for other in gold if other.label == span.label]
        predicted_spans = [other for other in predicted if other.label == span.label]
        if not span.label.startswith("ARG") or span.label.startswith("ARGM"):
            continue
        if len(gold_spans) == len(predicted_spans) == 1 and not any(_overlap(s, gold_spans[0]) for s in moved):
            moved = moved - {span} | {gold_spans[0]}
    return moved


def merge_spans(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Merge two spans that form a gold span, with at most one word between them."""
    merged = set(predicted)
    for target in sorted(gold - predicted):
        inner = _spans_within(target, merged)
        if _form_span(inner, target):
            merged = merged - set(inner) | {target}
    return merged


def split_span(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Split a span that covers two gold spans with at most one word between them."""
    split = set(predicted)
    for span in sorted(predicted - gold):
        inner = _spans_within(span, gold)
        if _form_span(inner, span):
            split = split - {span} | set(inner)
    return split


def _spans_within(outer: Span, spans: SpanSet) -> list[Span]:
    inner = [span for span in spans if outer.start <= span.start and span.end <= outer.end]
    return sorted(inner, key=lambda span: span.start)


def _form_span(pair: list[Span], target: Span) -> bool:
    """Check whether two spans cover a third completely, with at most one word between them."""
    covers = len(pair) == 2 and (pair[0].start, pair[1].end) == (target.start, target.end)
    return covers and pair[1].start - pair[0].end <= 1


def fix_boundary(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Change the boundaries of a span that overlaps a gold span with the same label to those of the gold span."""
    fixed = set(predicted)
    for span in sorted(predicted - gold):
        for target in sorted(gold - fixed):
            if target.label == span.label and _overlap(span, target) and span in fixed:
                fixed = fixed - {span} | {target}
    return fixed


def drop_arg(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Drop spans that overlap no gold span."""
    return {span for span in predicted if any(_overlap(span, other) for other in gold)}


def add_arg(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Add gold spans that overlap no predicted span."""
    return predicted | {span for span in gold if not any(_overlap(span, other) for other in predicted)}


# The oracle transformations of He et al. 2017, §4.1, in their order; each is applied to the result of those before it.
ORACLE_TRANSFORMATIONS: dict[str, Callable[[SpanSet, SpanSet], SpanSet]] = {
    "fix label": fix_label,
    "move core argument": move_core,
    "merge spans": merge_spans,
    "split span": split_span,
    "fix boundary": fix_boundary,
    "drop argument": drop_arg,
    "add argument": add_arg,
}


def worst_examples(examples: Iterable[PredicateExample], count: int) -> list[PredicateExample]:
    """Return the predicates with the most wrong and missing arguments.

    Of equal ones, those in shorter sentences first.
    """

    def sort_key(example: PredicateExample) -> tuple[int, int]:
        gold, predicted = example.argument_pair
        return -len(gold ^ predicted), len(example.words)

    return sorted(examples, key=sort_key)[:count]
