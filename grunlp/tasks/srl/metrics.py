"""Role labelling scores: spans in three schemes, senses, end-to-end predicates, intervals and tag legality."""

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
    srl_eval_counts,
)
from grunlp.metrics.span_scores import SpanScores
from grunlp.tasks.srl.error_analysis import PredicateExample
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

SCHEMES = {"srl-eval": srl_eval_counts, "conlleval": conlleval_counts}


@dataclass
class SRLScores(SpanScores):
    """Scores of role labelling, collected one sentence at a time.

    Attributes:
        counts: "srl-eval", "conlleval", "seqeval" and "senses" are counts for gold predicates; "usual-senses" is the
            most-frequent-sense baseline; "predicates" counts detected predicates; "found" counts their roles as
            srl-eval does; "found-right-sense" counts the roles of a predicate with the wrong roleset as wrong
            (PriMeSRL-Eval, Jindal et al. 2023).
        examples: the gold predicates that have a prediction, for error analysis.
        senses: which of "gold" and "predicted" frames have rolesets.
        illegal_output: number of tags in the predictions that violate BIO; always 0 for tags decoded by grunlp.
        illegal_before_viterbi: number of such tags by plain argmax; None if unknown (scored files).
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
        detected_frames: Sequence[Frame] | None,
        rolesets: RolesetInventory | None,
    ) -> None:
        """Count one sentence. If an argument is None, it must be None for all sentences.

        Args:
            example: sentence with its gold frames.
            gold_predicate_frames: frames predicted for the gold predicates, in the same order.
            detected_frames: frames predicted for detected predicates.
            rolesets: rolesets seen in training, if known.
        """
        gold = example["frames"]
        self.documents.append(example["document"])
        counts: dict[str, EvalCounts] = {}
        if gold_predicate_frames is not None:
            gold_tags = [frame["tags"] for frame in gold]
            predicted_tags = [frame["tags"] for frame in gold_predicate_frames]
            counts |= {name: count(gold_tags, predicted_tags) for name, count in SCHEMES.items()}
            self.add_seqeval(gold_tags, predicted_tags)
            counts["senses"] = _count_senses(gold, [frame["roleset"] for frame in gold_predicate_frames])
        if rolesets is not None:
            most_frequent = [rolesets.most_frequent(example["words"][frame["index"]]) for frame in gold]
            counts["usual-senses"] = _count_senses(gold, most_frequent)
        if detected_frames is not None:
            counts |= _count_end_to_end(gold, detected_frames)
        for name, count in counts.items():
            self.counts.setdefault(name, []).append(count)
        predicted = (*(gold_predicate_frames or ()), *(detected_frames or ()))
        for side, frames in (("gold", gold), ("predicted", predicted)):
            if any(frame["roleset"] for frame in frames):
                self.senses.add(side)
        self.examples += [
            PredicateExample(
                example["words"],
                gold_frame,
                predicted_frame,
                rolesets.frequency(gold_frame["lemma"]) if rolesets else None,
            )
            for gold_frame in gold
            for predicted_frame in gold_predicate_frames or detected_frames or ()
            if gold_frame["index"] == predicted_frame["index"]
        ]
        self.illegal_output += sum(len(invalid_transitions(frame["tags"])) for frame in predicted)

    def add_argmax(self, argmax: Iterable[Tags]) -> None:
        """Count illegal tags in the unconstrained predictions for gold predicates."""
        illegal = sum(len(invalid_transitions(tags)) for tags in argmax)
        self.illegal_before_viterbi = (self.illegal_before_viterbi or 0) + illegal

    def schemes(self) -> list[str]:
        """List the schemes that have counts; schemes of senses only if gold and predictions have rolesets."""
        hidden = set() if self.senses == {"gold", "predicted"} else {"senses", "found-right-sense"}
        hidden |= set() if "gold" in self.senses else {"usual-senses"}
        return [name for name in super().schemes() if name not in hidden]

    def as_dict(self) -> dict[str, Any]:
        """Return the contents of `metrics.json`, with scores in percent."""
        result = self._schemes_as_dict()
        if "srl-eval" in self.counts:
            total = self.total("srl-eval")
            result["srl-eval"]["perfect"] = total.perfect_percentage
            result |= {"given_predicates": total.sequences, "tokens": total.tokens}
        result |= {"sentences": len(self.documents)}
        result |= {"illegal_tags": self.illegal_output, "illegal_tags_of_argmax": self.illegal_before_viterbi}
        return result

    def report(self) -> str:
        """Format the tables of srl-eval and conlleval, and one line per scheme with its interval."""
        lines = []
        if "srl-eval" in self.counts:
            lines += [format_srl_eval(self.total("srl-eval")).rstrip(), ""]
            lines += [format_conlleval(self.total("conlleval")).rstrip(), ""]
        lines += self._summary_lines()
        illegal = self.illegal_before_viterbi
        argmax = "" if illegal is None else f"; a plain argmax would have made {illegal}"
        lines.append(f"{self.illegal_output} illegal tags in the output{argmax}")
        return "\n".join(lines)


def _count_senses(gold: Sequence[Frame], rolesets: Sequence[str]) -> EvalCounts:
    """Count correct and wrong rolesets of the gold frames that have one."""
    pairs = [(frame["roleset"], roleset) for frame, roleset in zip(gold, rolesets, strict=True) if frame["roleset"]]
    correct = sum(gold_roleset == roleset for gold_roleset, roleset in pairs)
    wrong = len(pairs) - correct
    return EvalCounts(labels={"sense": SpanCounts(correct, wrong, wrong)}, sentences=1, sequences=len(pairs))


def _count_end_to_end(gold: Sequence[Frame], detected: Sequence[Frame]) -> dict[str, EvalCounts]:
    """Count detected predicates and their roles."""
    gold_frames, frames = ({frame["index"]: frame for frame in side} for side in (gold, detected))
    shared = sorted(gold_frames.keys() & frames.keys())
    missed = [gold_frames[index] for index in sorted(gold_frames.keys() - frames.keys())]
    excess = [frames[index] for index in sorted(frames.keys() - gold_frames.keys())]
    correct = [index for index in shared if gold_frames[index]["roleset"] in ("", frames[index]["roleset"])]
    wrong = [index for index in shared if index not in correct]
    predicates = count_matches(gold_frames.keys(), frames.keys())
    counts = {"predicates": EvalCounts(labels={"predicate": predicates}, sentences=1)}
    counts["found"] = _count_unaligned([(gold_frames[i], frames[i]) for i in shared], missed, excess)
    missed, excess = missed + [gold_frames[i] for i in wrong], excess + [frames[i] for i in wrong]
    counts["found-right-sense"] = _count_unaligned([(gold_frames[i], frames[i]) for i in correct], missed, excess)
    return counts


def _count_unaligned(
    pairs: Sequence[tuple[Frame, Frame]], missed: Sequence[Frame], excess: Sequence[Frame]
) -> EvalCounts:
    """Count, as srl-eval does, the arguments of matching frames and of frames without a counterpart."""
    gold = [gold_frame["tags"] for gold_frame, _ in pairs] + [frame["tags"] for frame in missed]
    predicted = [frame["tags"] for _, frame in pairs] + [[OUTSIDE] * len(frame["tags"]) for frame in missed]
    gold += [[OUTSIDE] * len(frame["tags"]) for frame in excess]
    predicted += [frame["tags"] for frame in excess]
    return srl_eval_counts(gold, predicted)


def score_files(gold: Iterable[SRLExample], predicted: Iterable[SRLExample]) -> SRLScores:
    """Score the predictions of another system.

    Args:
        gold: gold sentences.
        predicted: the same sentences in the same order. If the predicates of any sentence differ, all predicates count
            as detected, otherwise as gold predicates.

    Raises:
        UserError: the sentences differ; the message names the first difference.
    """
    pairs: list[tuple[SRLExample, SRLExample]] = []
    for number, (one, other) in enumerate(zip_longest(gold, predicted), start=1):
        if one is None or other is None:
            side = "gold" if one is None else "predicted"
            raise UserError(
                f"{side} ends before sentence {number}", "both must have the same sentences", "Align the files."
            )
        if one["words"] != other["words"]:
            details = f"gold: {' '.join(one['words'][:8])} ...; predicted: {' '.join(other['words'][:8])} ..."
            raise UserError(f"sentence {number} differs in its words", details, "Align the files.")
        pairs.append((one, other))
    indices = [[[frame["index"] for frame in example["frames"]] for example in pair] for pair in pairs]
    differing = next((number for number, (one, other) in enumerate(indices, start=1) if one != other), None)
    if differing is not None:
        log.warning("the predicates of sentence %d differ: all predicates are scored as detected", differing)
    scores, same_predicates = SRLScores(), differing is None
    for one, other in pairs:
        frames = other["frames"]
        scores.add(one, frames if same_predicates else None, None if same_predicates else frames, None)
    return scores
