"""Options of the commands for tagging. This module imports no heavy library."""

from dataclasses import dataclass
from typing import Literal

from grunlp.configuration.options import option
from grunlp.tasks.command_options import BatchedEvaluateOptions, TextPredictOptions


@dataclass
class TaggingPredictOptions(TextPredictOptions):
    """Options of predict for tagging."""

    format: str | None = option(
        None,
        "raw, tags (words in columns, as in training), or a format that `grunlp-data check` reads; null: detected "
        "from the first lines",
    )
    nbest: int = option(
        0,
        "number of tag sequences to return with their probabilities; 0: only the best, without a probability",
        minimum=0,
        maximum=1000,
    )
    tag_scheme: Literal["iob2", "iob1", "bioes"] = option("iob2", "scheme of span tags in the output")
    batch_tokens: int = option(3000, "tokens in a batch; smaller values need less memory", minimum=1, maximum=10**9)


@dataclass
class TaggingEvaluateOptions(BatchedEvaluateOptions):
    """Options of evaluate for tagging."""

    gold: str | None = option(None, "file of gold tags, without a model; needs predicted=", content="path")
    predicted: str | None = option(None, "the same sentences with predicted tags, in any format", content="path")
