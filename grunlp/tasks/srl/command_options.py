"""Options of the commands for semantic role labelling. This module imports no heavy library."""

from dataclasses import dataclass
from typing import Literal

from grunlp.configuration.options import option
from grunlp.tasks.command_options import BatchedEvaluateOptions, TextPredictOptions


@dataclass
class SRLPredictOptions(TextPredictOptions):
    """Options of predict for semantic role labelling."""

    format: str | None = option(
        None, "raw, or a format that `grunlp-data check` names; null: detected from the first lines"
    )
    predicates: Literal["auto", "gold", "detect"] = option(
        "auto", "gold: label those of the input; detect: detect them; auto: detect them where the input marks none"
    )
    batch_tokens: int = option(3000, "tokens in a batch; fewer need less memory", minimum=1, maximum=10**9)


@dataclass
class SRLEvaluateOptions(BatchedEvaluateOptions):
    """Options of evaluate for semantic role labelling."""

    gold: str | None = option(None, "file of gold frames, without a model; needs predicted=", content="path")
    predicted: str | None = option(
        None,
        "the same sentences with predicted frames, in any format. Predicates count as given where all are the gold "
        "ones, else as detected",
        content="path",
    )
    words: str | None = option(
        None, "words of CoNLL-2005 props that come without them, of gold= and predicted= or input=", content="path"
    )
    report: str | None = option(
        None,
        "new HTML file: scores by role, distance, length and frequency, the effect of each kind of correction, "
        "confusions, and the worst sentences with gold and predicted frames",
        content="path",
    )
