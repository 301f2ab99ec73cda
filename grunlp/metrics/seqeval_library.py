"""The score of tag sequences by the seqeval library itself."""

from collections.abc import Sequence
from typing import NamedTuple

from grunlp.metrics.span_counts import Tags


class PrecisionRecallF1(NamedTuple):
    """Precision, recall and F1, in percent."""

    precision: float
    recall: float
    f1: float


def score_with_seqeval(gold: Sequence[Tags], predicted: Sequence[Tags]) -> PrecisionRecallF1:
    """Score IOB2 tag sequences with the seqeval library in strict mode (micro-average).

    Args:
        gold: gold tag sequences of the whole split.
        predicted: predicted tag sequences, in the same order.
    """
    if not gold:  # seqeval rejects an empty list
        return PrecisionRecallF1(0.0, 0.0, 0.0)
    from seqeval.metrics.v1 import precision_recall_fscore_support  # v1 is `mode="strict"`
    from seqeval.scheme import IOB2

    scores = precision_recall_fscore_support(
        [list(tags) for tags in gold],
        [list(tags) for tags in predicted],
        average="micro",
        scheme=IOB2,
        zero_division=0,
    )
    return PrecisionRecallF1(*(100 * float(score) for score in scores[:3]))
