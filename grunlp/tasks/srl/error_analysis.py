"""What a role labeller gets wrong: scores of parts of the data, confusions, and what each kind of fix would mend.

Arguments are spans here: `(label, start, end)`, the predicate left out, a continuation `C-X` a span of its own.
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
    """One gold predicate and what was predicted for it.

    frequency: how often its lemma was a predicate in training; None where that is not known.
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
    """The spans of a frame without its predicate."""
    return {span for span in tags_to_spans(tags) if span.label.removeprefix("C-") != PREDICATE_LABEL}


@dataclass
class ErrorAnalysis:
    """Collects predicates; answers with counts.

    Attributes:
        total: of all arguments.
        by_group: "distance from the predicate", "sentence length", "predicate frequency", "role" → part → its tally. A
            gold span belongs to the part of its own distance, a wrongly predicted one to its own.
        confusion: (gold label, predicted label) of spans with the same borders → count; "" on one side where the other
            has no span with these borders.
        after_fix: name of a fix → the tally after it and all fixes before it.
    """

    total: SpanCounts = field(default_factory=SpanCounts)
    by_group: dict[str, dict[str, SpanCounts]] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    after_fix: dict[str, SpanCounts] = field(default_factory=dict)

    def add(self, example: PredicateExample) -> None:
        """One predicate."""
        gold, predicted = example.argument_pair
        self.total = self.total + count_matches(gold, predicted)
        length, frequency = len(example.words), example.frequency
        self._add("sentence length", _bucket(length, (10, 20, 30, 40, 60)), count_matches(gold, predicted))
        if frequency is not None:
            name = _bucket(frequency, (0, 1, 10, 100, 1000)).replace("0 to 0", "unseen in training")
            self._add("predicate frequency", name, count_matches(gold, predicted))
        for span in gold | predicted:
            one = count_matches(gold & {span}, predicted & {span})
            away = max(span.start - example.gold["index"], example.gold["index"] - span.end + 1, 0)
            self._add("distance from the predicate", _bucket(away, (1, 2, 4, 8, 16)), one)
            self._add("role", span.label, one)
        borders = {(span.start, span.end): span.label for span in predicted}
        for span in gold:
            self.confusion[span.label, borders.pop((span.start, span.end), "")] += 1
        for label in borders.values():
            self.confusion["", label] += 1
        for name, fix in ORACLE_TRANSFORMATIONS.items():
            predicted = fix(gold, predicted)
            self.after_fix[name] = self.after_fix.get(name, SpanCounts()) + count_matches(gold, predicted)

    def _add(self, grouping: str, group: str, one: SpanCounts) -> None:
        tallies = self.by_group.setdefault(grouping, {})
        tallies[group] = tallies.get(group, SpanCounts()) + one

    def oracle_gains(self) -> list[tuple[str, float, float]]:
        """For each fix in order: its name, the F1 after it, and how much of the way to 100 it goes (%)."""
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
    """Spans with the borders of a gold one get its label."""
    labels = {(span.start, span.end): span.label for span in gold}
    return {span._replace(label=labels.get((span.start, span.end), span.label)) for span in predicted}


def move_core(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """A numbered role that both have once, at places that do not overlap, goes to its gold place."""
    moved = set(predicted)
    for span in sorted(predicted - gold):
        gold_ones = [other for other in gold if other.label == span.label]
        own = [other for other in predicted if other.label == span.label]
        core = span.label.startswith("ARG") and not span.label.startswith("ARGM")
        if core and len(gold_ones) == len(own) == 1 and not any(_overlap(other, gold_ones[0]) for other in moved):
            moved = moved - {span} | {gold_ones[0]}
    return moved


def merge_spans(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Two spans that make up a gold one, with at most one word between them, become it."""
    merged = set(predicted)
    for target in sorted(gold - predicted):
        inside = _spans_within(target, merged)
        if _form_span(inside, target):
            merged = merged - set(inside) | {target}
    return merged


def split(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """A span that covers two gold ones, with at most one word between them, becomes these."""
    parted = set(predicted)
    for span in sorted(predicted - gold):
        inside = _spans_within(span, gold)
        if _form_span(inside, span):
            parted = parted - {span} | set(inside)
    return parted


def _spans_within(outer: Span, spans: SpanSet) -> list[Span]:
    inside = [span for span in spans if outer.start <= span.start and span.end <= outer.end]
    return sorted(inside, key=lambda span: span.start)


def _form_span(pair: list[Span], target: Span) -> bool:
    """Whether two spans reach from end to end of a third, at most one word between them."""
    ends = len(pair) == 2 and (pair[0].start, pair[1].end) == (target.start, target.end)
    return ends and pair[1].start - pair[0].end <= 1


def fix_boundary(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """A span that overlaps a gold one of its label gets its borders."""
    fixed = set(predicted)
    for span in sorted(predicted - gold):
        for target in sorted(gold - fixed):
            if target.label == span.label and _overlap(span, target) and span in fixed:
                fixed = fixed - {span} | {target}
    return fixed


def drop_arg(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Spans that overlap no gold one go."""
    return {span for span in predicted if any(_overlap(span, other) for other in gold)}


def add_arg(gold: SpanSet, predicted: SpanSet) -> SpanSet:
    """Gold spans that overlap no predicted one come in."""
    return predicted | {span for span in gold if not any(_overlap(span, other) for other in predicted)}


# The oracle transformations of He et al. 2017, §4.1, in their order: each is applied to what the ones before it left.
ORACLE_TRANSFORMATIONS: dict[str, Callable[[SpanSet, SpanSet], SpanSet]] = {
    "right label": fix_label,
    "moved argument": move_core,
    "merged spans": merge_spans,
    "split span": split,
    "right borders": fix_boundary,
    "dropped argument": drop_arg,
    "added argument": add_arg,
}


def worst_examples(examples: Iterable[PredicateExample], count: int) -> list[PredicateExample]:
    """The predicates with the most wrong and missing arguments, shorter sentences first among equals."""

    def faults(case: PredicateExample) -> tuple[int, int]:
        gold, predicted = case.argument_pair
        return -len(gold ^ predicted), len(case.words)

    return sorted(examples, key=faults)[:count]
