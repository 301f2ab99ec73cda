"""Base class of span scores: counts per sentence in several schemes, with intervals over documents."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isclose
from typing import Any, ClassVar

from grunlp.metrics.bootstrap import ScoreIntervals, bootstrap_intervals, group_by_document
from grunlp.metrics.corpus_metric import Metric
from grunlp.metrics.seqeval_library import PrecisionRecallF1, score_with_seqeval
from grunlp.metrics.significance import counts_matrix, f1_from_counts
from grunlp.metrics.span_counts import EvalCounts, SpanCounts, Tags, seqeval_counts
from grunlp.utils.errors import UserError

SEQEVAL = "seqeval"


@dataclass
class SpanScores(ABC):
    """Scores of tag sequences, collected one sentence at a time; reports are made after the last one.

    The overall figures of the scheme "seqeval" come from the seqeval library, called once on the whole split; its
    intervals and labels come from `seqeval_counts`, whose overall figures must be equal.

    Attributes:
        TITLES: title of each scheme in tables, in their order.
        ACCURACIES: schemes with as many predicted as gold items, where F1 equals accuracy.
        documents: the document of each sentence, for the intervals.
        counts: the counts of each sentence by scheme. A scheme without counts is missing.
        tag_sequences: gold and predicted tags of every sequence counted by `add_seqeval`.
    """

    TITLES: ClassVar[Mapping[str, str]]
    ACCURACIES: ClassVar[frozenset[str]]

    documents: list[str] = field(default_factory=list)
    counts: dict[str, list[EvalCounts]] = field(default_factory=dict)
    tag_sequences: list[tuple[Tags, Tags]] = field(default_factory=list)

    @abstractmethod
    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `metrics.json`, with scores in percent."""

    @abstractmethod
    def report(self) -> str:
        """Return the scores as `metrics.json` stores them, in percent."""

    def add_seqeval(self, gold: Sequence[Tags], predicted: Sequence[Tags]) -> None:
        """Count the tag sequences of one sentence in the scheme "seqeval"."""
        self.counts.setdefault(SEQEVAL, []).append(seqeval_counts(gold, predicted))
        self.tag_sequences += zip(gold, predicted, strict=True)

    def schemes(self) -> list[str]:
        """List the schemes that have counts."""
        return [name for name in self.TITLES if name in self.counts]

    def total(self, scheme: str) -> EvalCounts:
        """Sum the counts of all sentences in one scheme."""
        return sum(self.counts[scheme], EvalCounts())

    def overall(self, scheme: str) -> PrecisionRecallF1:
        """Compute the overall scores in one scheme.

        Raises:
            UserError: the seqeval library and `seqeval_counts` disagree.
        """
        if scheme == SEQEVAL:
            return self._seqeval
        counts = self.total(scheme).overall
        return PrecisionRecallF1(counts.precision, counts.recall, counts.f1)

    @cached_property
    def _seqeval(self) -> PrecisionRecallF1:
        library = score_with_seqeval(*([pair[side] for pair in self.tag_sequences] for side in (0, 1)))
        counts = self.total(SEQEVAL).overall
        for name, figure, counted in zip(
            library._fields, library, (counts.precision, counts.recall, counts.f1), strict=True
        ):
            if not isclose(figure, counted, abs_tol=1e-6):
                raise UserError(
                    f"seqeval strict: {name} differs between seqeval and grunlp",
                    f"the seqeval library gives {figure:.6f}, grunlp's own count {counted:.6f}",
                    "Please report this: one of the two counts these tags incorrectly.",
                )
        return library

    def by_document(self, scheme: str) -> list[SpanCounts]:
        """Sum the counts of each document, or return those of each sentence if documents are unknown."""
        return [group.overall for group in group_by_document(self.documents, self.counts[scheme])]

    def intervals(self, scheme: str) -> ScoreIntervals:
        """Compute 95 % bootstrap intervals of precision, recall and F1 over documents."""
        return bootstrap_intervals(self.by_document(scheme))

    @property
    def metrics(self) -> dict[str, Metric]:
        """F1 of each counting scheme, in the form of a corpus metric."""
        return {scheme: self.f1_metric(scheme) for scheme in self.schemes()}

    def f1_metric(self, scheme: str) -> Metric:
        """Return F1 in one scheme as a corpus metric."""
        return Metric(counts_matrix(self.by_document(scheme)), f1_from_counts, self.TITLES[scheme])

    def _schemes_as_dict(self) -> dict[str, Any]:
        """Return precision, recall and F1 in each scheme, with intervals and labels."""
        result: dict[str, Any] = {}
        for name in self.schemes():
            total, overall, intervals = self.total(name), self.overall(name), self.intervals(name)
            result[name] = {
                **overall._asdict(),
                "f1_interval": list(intervals.f1),
                "precision_interval": list(intervals.precision),
                "recall_interval": list(intervals.recall),
                "labels": {
                    label: {"corr": counts.tp, "excess": counts.fp, "missed": counts.fn, "f1": counts.f1}
                    for label, counts in sorted({**total.labels, **total.excluded_labels}.items())
                },
            }
        return result

    def _summary_lines(self) -> list[str]:
        """Format one line per scheme with its interval."""
        lines = []
        for name in self.schemes():
            (low, high), f1 = self.intervals(name).f1, self.overall(name).f1
            unit = "%" if name in self.ACCURACIES else "F1"
            lines.append(f"{self.TITLES[name]:28} {unit:2} {f1:6.2f}   95 % interval {low:.2f} to {high:.2f}")
        return lines
