"""Tagging scores: spans in two schemes, or the accuracy of tags."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from grunlp.data.tags import invalid_transitions
from grunlp.metrics.conll_report import format_conlleval
from grunlp.metrics.span_counts import EvalCounts, SpanCounts, Tags, conlleval_counts
from grunlp.metrics.span_scores import SpanScores


@dataclass
class TagScores(SpanScores):
    """Scores of tags, collected one sentence at a time.

    Attributes:
        spans: whether the tags are IOB2, so that spans are scored; otherwise each tag is scored.
        illegal_output: number of tags in the predictions that violate IOB2; always 0 for tags decoded by grunlp.
        illegal_before_viterbi: number of such tags by plain argmax.
    """

    TITLES = MappingProxyType({"conlleval": "conlleval", "seqeval": "seqeval strict", "accuracy": "right tags"})
    ACCURACIES = frozenset({"accuracy"})

    spans: bool = True
    illegal_output: int = 0
    illegal_before_viterbi: int = 0

    def add(self, document: str, gold: Tags, predicted: Tags, argmax: Tags) -> None:
        """Count one sentence, with its gold, predicted and unconstrained tags."""
        self.documents.append(document)
        if not self.spans:
            self.counts.setdefault("accuracy", []).append(_count_tags(gold, predicted))
            return
        self.counts.setdefault("conlleval", []).append(conlleval_counts([gold], [predicted]))
        self.add_seqeval([gold], [predicted])
        self.illegal_output += len(invalid_transitions(predicted))
        self.illegal_before_viterbi += len(invalid_transitions(argmax))

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `metrics.json`, with scores in percent."""
        tokens = self.total(self.schemes()[0]).tokens if self.documents else 0
        result = self._schemes_as_dict() | {"sentences": len(self.documents), "tokens": tokens}
        if self.spans:
            result |= {"illegal_tags": self.illegal_output, "illegal_tags_of_argmax": self.illegal_before_viterbi}
        return result

    def report(self) -> str:
        """Format the table of conlleval, or one line for each tag; then one line for each scheme with its interval."""
        if not self.spans:
            labels = sorted(self.total("accuracy").labels.items())
            rows = [f"{t:>10}  {n.precision:6.2f}  {n.recall:6.2f}  {n.f1:6.2f}  {n.tp + n.fn:6}" for t, n in labels]
            return "\n".join([f"{'tag':>10}   prec.    rec.      F1   words", *rows, "", *self._summary_lines()])
        last = f"{self.illegal_output} illegal tags in the output; "
        last += f"a plain argmax would have made {self.illegal_before_viterbi}"
        return "\n".join([format_conlleval(self.total("conlleval")).rstrip(), "", *self._summary_lines(), last])


def _count_tags(gold: Sequence[str], predicted: Sequence[str]) -> EvalCounts:
    """Count each tag; the sum over all tags counts each word once."""
    correct = Counter(tag for tag, other in zip(gold, predicted, strict=True) if tag == other)
    in_gold, in_predicted = Counter(gold), Counter(predicted)
    labels = {
        tag: SpanCounts(correct[tag], in_predicted[tag] - correct[tag], in_gold[tag] - correct[tag])
        for tag in sorted({*in_gold, *in_predicted})
    }
    return EvalCounts(
        labels=labels,
        sentences=1,
        sequences=1,
        perfect=int(correct.total() == len(gold)),
        tokens=len(gold),
        correct_tokens=correct.total(),
    )
