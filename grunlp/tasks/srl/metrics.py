"""Everything a role labelling is scored by: three countings, senses, predicates found, intervals, legality."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.propbank.rolesets import RolesetInventory
from grunlp.data.tags import OUTSIDE, invalid_transitions
from grunlp.metrics.conll_report import format_conlleval, format_srl_eval
from grunlp.metrics.span_counts import (
    EvalCounts,
    SpanCounts,
    Tags,
    conlleval_counts,
    count_matches,
    seqeval_counts,
    srl_eval_counts,
)
from grunlp.metrics.span_scores import SpanScores
from grunlp.tasks.srl.error_analysis import PredicateExample
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

SCHEMES = {"srl-eval": srl_eval_counts, "conlleval": conlleval_counts, "seqeval": seqeval_counts}


@dataclass
class SRLScores(SpanScores):
    """Collects sentences; answers with tables.

    Attributes:
        counts: those of SCHEMES and "senses" are of given predicates,
            "usual-senses" is what the most frequent sense of each lemma would have got; "predicates" are those found,
            "found" counts their roles as srl-eval does, "found-right-sense" none where the roleset is wrong (as
            PriMeSRL-Eval, Jindal et al. 2023, argues).
        examples: the gold predicates that have a prediction, for a closer look.
        senses: which of "gold" and "predicted" frames name rolesets.
        illegal_output: tags of the predictions that break BIO; 0 for everything decoded here.
        illegal_before_viterbi: those a plain argmax would have made; None when unknown (scored files).
    """

    TITLES = MappingProxyType(
        {
            "srl-eval": "srl-eval",
            "conlleval": "conlleval, V counted",
            "seqeval": "seqeval strict, V counted",
            "senses": "senses",
            "usual-senses": "most frequent senses",
            "predicates": "predicates found",
            "found": "roles of predicates found",
            "found-right-sense": "the same, under right senses",
        }
    )
    ACCURACIES = frozenset({"senses", "usual-senses"})

    examples: list[PredicateExample] = field(default_factory=list)
    senses: set[str] = field(default_factory=set)
    illegal_output: int = 0
    illegal_before_viterbi: int | None = None

    def add(
        self,
        example: SRLExample,
        gold_predicate_frames: Sequence[Frame] | None,
        found: Sequence[Frame] | None,
        rolesets: RolesetInventory | None,
    ) -> None:
        """One sentence; every sentence with the same parts.

        Args:
            example: with its gold frames.
            gold_predicate_frames: frames predicted for the same predicates, in the same order.
            found: frames predicted for predicates that had to be found.
            rolesets: those the labeller has seen in training, where that is known.
        """
        gold = example["frames"]
        self.documents.append(example["document"])
        counts: dict[str, EvalCounts] = {}
        if gold_predicate_frames is not None:
            ones, others = [frame["tags"] for frame in gold], [frame["tags"] for frame in gold_predicate_frames]
            counts |= {name: count(ones, others) for name, count in SCHEMES.items()}
            counts["senses"] = _count_senses(gold, [frame["roleset"] for frame in gold_predicate_frames])
        if rolesets is not None:
            usual = [rolesets.most_frequent(example["words"][frame["index"]]) for frame in gold]
            counts["usual-senses"] = _count_senses(gold, usual)
        if found is not None:
            counts |= _count_end_to_end(gold, found)
        for name, count in counts.items():
            self.counts.setdefault(name, []).append(count)
        predicted = (*(gold_predicate_frames or ()), *(found or ()))
        for side, frames in (("gold", gold), ("predicted", predicted)):
            if any(frame["roleset"] for frame in frames):
                self.senses.add(side)
        self.examples += [
            PredicateExample(example["words"], one, other, rolesets.frequency(one["lemma"]) if rolesets else None)
            for one in gold
            for other in gold_predicate_frames or found or ()
            if one["index"] == other["index"]
        ]
        self.illegal_output += sum(len(invalid_transitions(frame["tags"])) for frame in predicted)

    def add_argmax(self, argmax: Iterable[Tags]) -> None:
        """The unconstrained answers for the predicates given."""
        self.illegal_before_viterbi = (self.illegal_before_viterbi or 0) + sum(
            len(invalid_transitions(tags)) for tags in argmax
        )

    def schemes(self) -> list[str]:
        """Those that have counted anything: of senses none where neither gold nor predictions name rolesets."""
        silent = set() if self.senses == {"gold", "predicted"} else {"senses", "found-right-sense"}
        silent |= set() if "gold" in self.senses else {"usual-senses"}
        return [name for name in super().schemes() if name not in silent]

    def as_dict(self) -> dict[str, Any]:
        """The contents of `metrics.json`. Scores in percent."""
        result = self._schemes_as_dict()
        if "srl-eval" in self.counts:
            total = self.total("srl-eval")
            result["srl-eval"]["perfect"] = total.perfect_percentage
            result |= {"given_predicates": total.sequences, "tokens": self.total("seqeval").tokens}
        result |= {"sentences": len(self.documents)}
        result |= {"illegal_tags": self.illegal_output, "illegal_tags_of_argmax": self.illegal_before_viterbi}
        return result

    def report(self) -> str:
        """The tables of srl-eval and conlleval, and one line a counting with its interval."""
        lines = []
        if "srl-eval" in self.counts:
            lines += [format_srl_eval(self.total("srl-eval")).rstrip(), ""]
            lines += [format_conlleval(self.total("conlleval")).rstrip(), ""]
        lines += self._summary_lines()
        argmax = (
            ""
            if self.illegal_before_viterbi is None
            else f"; a plain argmax would have made {self.illegal_before_viterbi}"
        )
        lines.append(f"{self.illegal_output} illegal tags in the output{argmax}")
        return "\n".join(lines)


def _count_senses(gold: Sequence[Frame], rolesets: Sequence[str]) -> EvalCounts:
    """Right and wrong rolesets, of the gold frames that name one."""
    pairs = [(frame["roleset"], roleset) for frame, roleset in zip(gold, rolesets, strict=True) if frame["roleset"]]
    right = sum(one == other for one, other in pairs)
    wrong = len(pairs) - right
    return EvalCounts(labels={"sense": SpanCounts(right, wrong, wrong)}, sentences=1, sequences=len(pairs))


def _count_end_to_end(gold: Sequence[Frame], found: Sequence[Frame]) -> dict[str, EvalCounts]:
    """Predicates and their roles where predicates had to be found."""
    ones, others = ({frame["index"]: frame for frame in frames} for frames in (gold, found))
    both = sorted(ones.keys() & others.keys())
    missed = [ones[index] for index in sorted(ones.keys() - others.keys())]
    excess = [others[index] for index in sorted(others.keys() - ones.keys())]
    right = [index for index in both if ones[index]["roleset"] in ("", others[index]["roleset"])]
    wrong = [index for index in both if index not in right]
    counts = {"predicates": EvalCounts(labels={"predicate": count_matches(ones.keys(), others.keys())}, sentences=1)}
    counts["found"] = _count_unaligned([(ones[i], others[i]) for i in both], missed, excess)
    missed, excess = missed + [ones[i] for i in wrong], excess + [others[i] for i in wrong]
    counts["found-right-sense"] = _count_unaligned([(ones[i], others[i]) for i in right], missed, excess)
    return counts


def _count_unaligned(
    pairs: Sequence[tuple[Frame, Frame]], missed: Sequence[Frame], excess: Sequence[Frame]
) -> EvalCounts:
    """srl-eval's counting of frames that match in pairs, and of those that have no partner."""
    ones = [one["tags"] for one, _ in pairs] + [frame["tags"] for frame in missed]
    others = [other["tags"] for _, other in pairs] + [[OUTSIDE] * len(frame["tags"]) for frame in missed]
    return srl_eval_counts(
        ones + [[OUTSIDE] * len(frame["tags"]) for frame in excess], others + [frame["tags"] for frame in excess]
    )


def score_files(gold: Iterable[SRLExample], predicted: Iterable[SRLExample]) -> SRLScores:
    """Score predictions that were made elsewhere.

    Args:
        gold, predicted: the same sentences in the same order. Where a predicate of any sentence differs, predicates
            are taken as found, else as given.

    Raises:
        UserError: other sentences; the message names the first that differs.
    """
    pairs: list[tuple[SRLExample, SRLExample]] = []
    for number, (one, other) in enumerate(zip_longest(gold, predicted), start=1):
        if one is None or other is None:
            side = "gold" if one is None else "predicted"
            raise UserError(f"{side} ends before sentence {number}", "both must hold the same sentences", "Align them.")
        if one["words"] != other["words"]:
            there = f"gold: {' '.join(one['words'][:8])} ...; predicted: {' '.join(other['words'][:8])} ..."
            raise UserError(f"sentence {number} differs in its words", there, "Align the files.")
        pairs.append((one, other))
    indices = [[[frame["index"] for frame in example["frames"]] for example in pair] for pair in pairs]
    differing = next((number for number, (one, other) in enumerate(indices, start=1) if one != other), None)
    given = differing is None
    if not given:
        log.warning("sentence %d differs in its predicates: predicates count as found, not as given", differing)
    scores = SRLScores()
    for one, other in pairs:
        frames = other["frames"]
        scores.add(one, frames if given else None, None if given else frames, None)
    return scores
