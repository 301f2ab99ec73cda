"""Everything a role labelling is scored by: three countings, their intervals, legality, perfect propositions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from grunlp.data.bio import illegal_positions
from grunlp.data.example import Example
from grunlp.errors import GrunlpError
from grunlp.metrics.intervals import Intervals, bootstrap_intervals, group_by_document
from grunlp.metrics.report import format_conlleval, format_srl_eval
from grunlp.metrics.spans import Counts, Tags, count_conlleval, count_seqeval, count_srl

TITLES = {"srl-eval": "srl-eval", "conlleval": "conlleval, V counted", "seqeval": "seqeval strict, V counted"}
COUNTINGS = {"srl-eval": count_srl, "conlleval": count_conlleval, "seqeval": count_seqeval}


@dataclass
class SRLScores:
    """Collects sentences; answers with tables.

    Attributes:
        documents: the document of each sentence, for the intervals.
        counts: for each counting the counts of each sentence.
        illegal_output: tags of the predictions that break BIO; 0 for everything decoded here.
        illegal_argmax: those a plain argmax would have made; None when unknown (scored files).
    """

    documents: list[str] = field(default_factory=list)
    counts: dict[str, list[Counts]] = field(default_factory=lambda: {name: [] for name in COUNTINGS})
    illegal_output: int = 0
    illegal_argmax: int | None = None

    def add(self, document: str, gold: Sequence[Tags], predicted: Sequence[Tags]) -> None:
        """One sentence: a tag sequence for each predicate, gold and predicted in the same order."""
        self.documents.append(document)
        for name, count in COUNTINGS.items():
            self.counts[name].append(count(gold, predicted))
        self.illegal_output += sum(len(illegal_positions(tags)) for tags in predicted)

    def add_argmax(self, argmax: Iterable[Tags]) -> None:
        """The unconstrained answers for the same sentence."""
        self.illegal_argmax = (self.illegal_argmax or 0) + sum(len(illegal_positions(tags)) for tags in argmax)

    def total(self, counting: str) -> Counts:
        """The sum over all sentences in one counting."""
        return sum(self.counts[counting], Counts())

    def intervals(self, counting: str) -> Intervals:
        """95 % bootstrap intervals of precision, recall and F1 over documents, or sentences where there are none."""
        groups = group_by_document(self.documents, self.counts[counting])
        return bootstrap_intervals([group.overall for group in groups])

    def as_dict(self) -> dict[str, Any]:
        """The contents of `metrics.json`. Scores in percent."""
        result: dict[str, Any] = {}
        for name in COUNTINGS:
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
                    label: {"corr": t.corr, "excess": t.excess, "missed": t.missed, "f1": t.f1}
                    for label, t in sorted({**total.labels, **total.apart}.items())
                },
            }
        total = self.total("srl-eval")
        result["srl-eval"]["perfect"] = total.perfect_percentage
        result |= {"sentences": total.sentences, "predicates": total.sequences, "tokens": self.total("seqeval").tokens}
        result |= {"illegal_tags": self.illegal_output, "illegal_tags_of_argmax": self.illegal_argmax}
        return result

    def report(self) -> str:
        """The tables of srl-eval and conlleval, and one line a counting with its interval."""
        lines = [
            format_srl_eval(self.total("srl-eval")).rstrip(),
            "",
            format_conlleval(self.total("conlleval")).rstrip(),
            "",
        ]
        for name in COUNTINGS:
            intervals, overall = self.intervals(name), self.total(name).overall
            low, high = intervals.f1
            lines.append(f"{TITLES[name]:27} F1 {overall.f1:6.2f}   95 % interval {low:.2f} to {high:.2f}")
        argmax = "" if self.illegal_argmax is None else f"; a plain argmax would have made {self.illegal_argmax}"
        lines.append(f"{self.illegal_output} illegal tags in the output{argmax}")
        return "\n".join(lines)


def score_files(gold: Iterable[Example], predicted: Iterable[Example]) -> SRLScores:
    """Score predictions that were made elsewhere.

    Args:
        gold, predicted: the same sentences with the same predicates, in the same order.

    Raises:
        GrunlpError: they are not; the message names the first sentence that differs.
    """
    scores = SRLScores()
    for number, (one, other) in enumerate(zip_longest(gold, predicted), start=1):
        if one is None or other is None:
            side = "gold" if one is None else "predicted"
            raise GrunlpError(
                f"{side} ends before sentence {number}", "both must hold the same sentences", "Align them."
            )
        if one["words"] != other["words"]:
            there = f"gold: {' '.join(one['words'][:8])} ...; predicted: {' '.join(other['words'][:8])} ..."
            raise GrunlpError(f"sentence {number} differs in its words", there, "Align the files.")
        indices, others = ([frame["index"] for frame in example["frames"]] for example in (one, other))
        if indices != others:
            there = f"gold has predicates at tokens {indices}, predicted at {others} (counted from 0)"
            raise GrunlpError(f"sentence {number} differs in its predicates", there, "Label the given predicates.")
        scores.add(one["document"], [f["tags"] for f in one["frames"]], [f["tags"] for f in other["frames"]])
    return scores
