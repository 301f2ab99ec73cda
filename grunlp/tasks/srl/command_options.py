"""Options of the commands for semantic role labelling. This module imports no heavy library."""

from dataclasses import dataclass
from typing import Literal

from grunlp.configuration.options import option
from grunlp.tasks.command_options import BatchedEvaluateOptions, TextPredictOptions


@dataclass
class SRLPredictOptions(TextPredictOptions):
    """Options of predict for semantic role labelling."""

    format: str | None = option(
        None, "raw, or a format that `grunlp-data check` reads; null: detected from the first lines"
    )
    predicates: Literal["auto", "gold", "detect"] = option(
        "auto",
        "predicates to label; gold: those of the input; detect: detected ones; auto: detected if the input has none",
    )
    batch_tokens: int = option(3000, "tokens in a batch; smaller values need less memory", minimum=1, maximum=10**9)


@dataclass
class SRLEvaluateOptions(BatchedEvaluateOptions):
    """Options of evaluate for semantic role labelling."""

    gold: str | None = option(None, "file of gold frames, without a model; needs predicted=", content="path")
    predicted: str | None = option(
        None,
        "the same sentences with predicted frames, in any format. Predicates count as given if all are the gold "
        "ones, otherwise as detected",
        content="path",
    )
    words: str | None = option(
        None, "separate file of the words of CoNLL-2005 props, for gold= and predicted=, or for input=", content="path"
    )
    report: str | None = option(
        None,
        "new HTML file: scores by role, distance, length and frequency, the effect of each kind of correction, "
        "confusions, and the worst sentences with gold and predicted frames",
        content="path",
    )
