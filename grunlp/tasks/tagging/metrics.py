"""What a tagging is scored by: spans in two countings, or the share of right tags."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from grunlp.data.tags import invalid_transitions
from grunlp.metrics.conll_report import format_conlleval
from grunlp.metrics.span_counts import EvalCounts, SpanCounts, Tags, conlleval_counts, seqeval_counts
from grunlp.metrics.span_scores import SpanScores


@dataclass
class TagScores(SpanScores):
    """Collects sentences; answers with tables.

    Attributes:
        spans: whether tags are IOB2, and spans are counted; otherwise tags are.
        counts: of spans "conlleval" and "seqeval"; of plain tags "accuracy".
        illegal_output: tags of the predictions that break IOB2; 0 for everything decoded here.
        illegal_before_viterbi: those a plain argmax would have made.
    """

    TITLES = MappingProxyType({"conlleval": "conlleval", "seqeval": "seqeval strict", "accuracy": "right tags"})
    ACCURACIES = frozenset({"accuracy"})

    spans: bool = True
    illegal_output: int = 0
    illegal_before_viterbi: int = 0

    def add(self, document: str, gold: Tags, predicted: Tags, argmax: Tags) -> None:
        """One sentence: its document, and three tags a word."""
        self.documents.append(document)
        if not self.spans:
            self.counts.setdefault("accuracy", []).append(_count_tags(gold, predicted))
            return
        for name, count in (("conlleval", conlleval_counts), ("seqeval", seqeval_counts)):
            self.counts.setdefault(name, []).append(count([gold], [predicted]))
        self.illegal_output += len(invalid_transitions(predicted))
        self.illegal_before_viterbi += len(invalid_transitions(argmax))

    def as_dict(self) -> dict[str, Any]:
        """The contents of `metrics.json`. Scores in percent."""
        tokens = self.total(self.schemes()[0]).tokens if self.documents else 0
        result = self._schemes_as_dict() | {"sentences": len(self.documents), "tokens": tokens}
        if self.spans:
            result |= {"illegal_tags": self.illegal_output, "illegal_tags_of_argmax": self.illegal_before_viterbi}
        return result

    def report(self) -> str:
        """The table of conlleval, or one line a tag, and one line a counting with its interval."""
        if not self.spans:
            labels = sorted(self.total("accuracy").labels.items())
            rows = [f"{t:>10}  {n.precision:6.2f}  {n.recall:6.2f}  {n.f1:6.2f}  {n.tp + n.fn:6}" for t, n in labels]
            return "\n".join([f"{'tag':>10}   prec.    rec.      F1   words", *rows, "", *self._summary_lines()])
        last = f"{self.illegal_output} illegal tags in the output; "
        last += f"a plain argmax would have made {self.illegal_before_viterbi}"
        return "\n".join([format_conlleval(self.total("conlleval")).rstrip(), "", *self._summary_lines(), last])


def _count_tags(gold: Sequence[str], predicted: Sequence[str]) -> EvalCounts:
    """A tally for each tag; all of them together count each word once."""
    right = Counter(one for one, other in zip(gold, predicted, strict=True) if one == other)
    ones, others = Counter(gold), Counter(predicted)
    labels = {
        tag: SpanCounts(right[tag], others[tag] - right[tag], ones[tag] - right[tag])
        for tag in sorted({*ones, *others})
    }
    return EvalCounts(
        labels=labels,
        sentences=1,
        sequences=1,
        perfect=int(right.total() == len(gold)),
        tokens=len(gold),
        correct_tokens=right.total(),
    )
