"""What every scoring has in common: counts a sentence in several countings, with intervals over documents."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from grunlp.metrics.bootstrap import ScoreIntervals, bootstrap_intervals, group_by_document
from grunlp.metrics.corpus_metric import Metric
from grunlp.metrics.significance import counts_matrix, f1_from_counts
from grunlp.metrics.span_counts import EvalCounts, SpanCounts


@dataclass
class SpanScores(ABC):
    """Collects sentences; answers with tables.

    Attributes:
        TITLES: what each counting is called in tables, in their order.
        ACCURACIES: those in which as many are guessed as there are, so that F1 is the share that is right.
        documents: the document of each sentence, for the intervals.
        counts: for each counting the counts of each sentence. Missing where nothing of the kind was added.
    """

    TITLES: ClassVar[Mapping[str, str]]
    ACCURACIES: ClassVar[frozenset[str]]

    documents: list[str] = field(default_factory=list)
    counts: dict[str, list[EvalCounts]] = field(default_factory=dict)

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """The contents of `metrics.json`. Scores in percent."""

    @abstractmethod
    def report(self) -> str:
        """Tables for people."""

    def schemes(self) -> list[str]:
        """Those that have counted anything."""
        return [name for name in self.TITLES if name in self.counts]

    def total(self, scheme: str) -> EvalCounts:
        """The sum over all sentences in one counting."""
        return sum(self.counts[scheme], EvalCounts())

    def by_document(self, scheme: str) -> list[SpanCounts]:
        """The tally of each document, or sentence where there are none."""
        return [group.overall for group in group_by_document(self.documents, self.counts[scheme])]

    def intervals(self, scheme: str) -> ScoreIntervals:
        """95 % bootstrap intervals of precision, recall and F1 over those groups."""
        return bootstrap_intervals(self.by_document(scheme))

    @property
    def metrics(self) -> dict[str, Metric]:
        """F1 of each counting scheme, as scores of texts have metrics."""
        return {scheme: self.f1_metric(scheme) for scheme in self.schemes()}

    def f1_metric(self, scheme: str) -> Metric:
        """F1 of a counting by those groups, as scores of texts have it."""
        return Metric(counts_matrix(self.by_document(scheme)), f1_from_counts, self.TITLES[scheme])

    def _schemes_as_dict(self) -> dict[str, Any]:
        """Precision, recall and F1 of each counting, with intervals and labels."""
        result: dict[str, Any] = {}
        for name in self.schemes():
            total, intervals = self.total(name), self.intervals(name)
            overall = total.overall
            result[name] = {
                "precision": overall.precision,
                "recall": overall.recall,
                "f1": overall.f1,
                "f1_interval": list(intervals.f1),
                "precision_interval": list(intervals.precision),
                "recall_interval": list(intervals.recall),
                "labels": {
                    label: {"corr": t.tp, "excess": t.fp, "missed": t.fn, "f1": t.f1}
                    for label, t in sorted({**total.labels, **total.excluded_labels}.items())
                },
            }
        return result

    def _summary_lines(self) -> list[str]:
        """One line a counting with its interval."""
        lines = []
        for name in self.schemes():
            intervals, overall = self.intervals(name), self.total(name).overall
            low, high = intervals.f1
            what = "%" if name in self.ACCURACIES else "F1"
            lines.append(f"{self.TITLES[name]:28} {what:2} {overall.f1:6.2f}   95 % interval {low:.2f} to {high:.2f}")
        return lines
