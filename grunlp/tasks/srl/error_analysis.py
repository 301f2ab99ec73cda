"""What a role labeller gets wrong: scores of parts of the data, confusions, and what each kind of fix would mend.

Arguments are spans here: `(label, start, end)`, the predicate left out, a continuation `C-X` a span of its own.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from grunlp.data.examples import Frame
from grunlp.data.tags import PREDICATE, Span, tags_to_spans
from grunlp.metrics.span_counts import Tags, Tally, tally

Spans = set[Span]


class Case(NamedTuple):
    """One gold predicate and what was predicted for it.

    frequency: how often its lemma was a predicate in training; None where that is not known.
    """

    words: Sequence[str]
    gold: Frame
    predicted: Frame
    frequency: int | None

    @property
    def spans(self) -> tuple[Spans, Spans]:
        """The gold and the predicted arguments."""
        return arguments(self.gold["tags"]), arguments(self.predicted["tags"])


def arguments(tags: Tags) -> Spans:
    """The spans of a frame without its predicate."""
    return {span for span in tags_to_spans(tags) if span.label.removeprefix("C-") != PREDICATE}


@dataclass
class ErrorAnalysis:
    """Collects predicates; answers with counts.

    Attributes:
        total: of all arguments.
        parts: "distance from the predicate", "sentence length", "predicate frequency", "role" → part → its tally. A
            gold span belongs to the part of its own distance, a wrongly predicted one to its own.
        confusion: (gold label, predicted label) of spans with the same borders → count; "" on one side where the other
            has no span with these borders.
        fixed: name of a fix → the tally after it and all fixes before it.
    """

    total: Tally = field(default_factory=Tally)
    parts: dict[str, dict[str, Tally]] = field(default_factory=dict)
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    fixed: dict[str, Tally] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        """One predicate."""
        gold, predicted = case.spans
        self.total = self.total + tally(gold, predicted)
        length, frequency = len(case.words), case.frequency
        self._add("sentence length", _bucket(length, (10, 20, 30, 40, 60)), tally(gold, predicted))
        if frequency is not None:
            name = _bucket(frequency, (0, 1, 10, 100, 1000)).replace("0 to 0", "unseen in training")
            self._add("predicate frequency", name, tally(gold, predicted))
        for span in gold | predicted:
            one = tally(gold & {span}, predicted & {span})
            away = max(span.start - case.gold["index"], case.gold["index"] - span.end + 1, 0)
            self._add("distance from the predicate", _bucket(away, (1, 2, 4, 8, 16)), one)
            self._add("role", span.label, one)
        borders = {(span.start, span.end): span.label for span in predicted}
        for span in gold:
            self.confusion[span.label, borders.pop((span.start, span.end), "")] += 1
        for label in borders.values():
            self.confusion["", label] += 1
        for name, fix in FIXES.items():
            predicted = fix(gold, predicted)
            self.fixed[name] = self.fixed.get(name, Tally()) + tally(gold, predicted)

    def _add(self, kind: str, part: str, one: Tally) -> None:
        tallies = self.parts.setdefault(kind, {})
        tallies[part] = tallies.get(part, Tally()) + one

    def gains(self) -> list[tuple[str, float, float]]:
        """For each fix in order: its name, the F1 after it, and how much of the way to 100 it goes (%)."""
        rows, before = [], self.total.f1
        for name, after in self.fixed.items():
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


def relabel(gold: Spans, predicted: Spans) -> Spans:
    """Spans with the borders of a gold one get its label."""
    labels = {(span.start, span.end): span.label for span in gold}
    return {span._replace(label=labels.get((span.start, span.end), span.label)) for span in predicted}


def move(gold: Spans, predicted: Spans) -> Spans:
    """A numbered role that both have once, at places that do not overlap, goes to its gold place."""
    moved = set(predicted)
    for span in sorted(predicted - gold):
        gold_ones = [other for other in gold if other.label == span.label]
        own = [other for other in predicted if other.label == span.label]
        core = span.label.startswith("ARG") and not span.label.startswith("ARGM")
        if core and len(gold_ones) == len(own) == 1 and not any(_overlap(other, gold_ones[0]) for other in moved):
            moved = moved - {span} | {gold_ones[0]}
    return moved


def merge(gold: Spans, predicted: Spans) -> Spans:
    """Two spans that make up a gold one, with at most one word between them, become it."""
    merged = set(predicted)
    for target in sorted(gold - predicted):
        inside = _within(target, merged)
        if _make_up(inside, target):
            merged = merged - set(inside) | {target}
    return merged


def split(gold: Spans, predicted: Spans) -> Spans:
    """A span that covers two gold ones, with at most one word between them, becomes these."""
    parted = set(predicted)
    for span in sorted(predicted - gold):
        inside = _within(span, gold)
        if _make_up(inside, span):
            parted = parted - {span} | set(inside)
    return parted


def _within(whole: Span, spans: Spans) -> list[Span]:
    inside = [span for span in spans if whole.start <= span.start and span.end <= whole.end]
    return sorted(inside, key=lambda span: span.start)


def _make_up(parts: list[Span], whole: Span) -> bool:
    """Whether two spans reach from end to end of a third, at most one word between them."""
    ends = len(parts) == 2 and (parts[0].start, parts[1].end) == (whole.start, whole.end)
    return ends and parts[1].start - parts[0].end <= 1


def fix_borders(gold: Spans, predicted: Spans) -> Spans:
    """A span that overlaps a gold one of its label gets its borders."""
    fixed = set(predicted)
    for span in sorted(predicted - gold):
        for target in sorted(gold - fixed):
            if target.label == span.label and _overlap(span, target) and span in fixed:
                fixed = fixed - {span} | {target}
    return fixed


def drop(gold: Spans, predicted: Spans) -> Spans:
    """Spans that overlap no gold one go."""
    return {span for span in predicted if any(_overlap(span, other) for other in gold)}


def add(gold: Spans, predicted: Spans) -> Spans:
    """Gold spans that overlap no predicted one come in."""
    return predicted | {span for span in gold if not any(_overlap(span, other) for other in predicted)}


# The oracle transformations of He et al. 2017, §4.1, in their order: each is applied to what the ones before it left.
FIXES: dict[str, Callable[[Spans, Spans], Spans]] = {
    "right label": relabel,
    "moved argument": move,
    "merged spans": merge,
    "split span": split,
    "right borders": fix_borders,
    "dropped argument": drop,
    "added argument": add,
}


def worst(cases: Iterable[Case], count: int) -> list[Case]:
    """The predicates with the most wrong and missing arguments, shorter sentences first among equals."""

    def faults(case: Case) -> tuple[int, int]:
        gold, predicted = case.spans
        return -len(gold ^ predicted), len(case.words)

    return sorted(cases, key=faults)[:count]
