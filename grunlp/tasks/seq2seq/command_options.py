"""Options of the commands for translation and summarisation. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.decoding.options import SamplingOptions, SearchOptions
from grunlp.tasks.command_options import BatchedEvaluateOptions, TextPredictOptions


@dataclass
class Seq2SeqPredictOptions(SamplingOptions, SearchOptions, TextPredictOptions):
    """Options of predict for translation and summarisation; the search defaults to that of the training."""

    source: str | None = option(
        None,
        "column of a table by name or number from 0, or field of JSON, with the source; null: as in the training",
        content="text",
    )
    prefix: str | None = option(None, "beginning of each text", content="text")
    required: str | None = option(
        None,
        "words or phrases that each text must contain, separated by |; they may be the beginning of longer words",
        content="text",
    )
    forbidden: str | None = option(
        None,
        "words or phrases that no text may contain at the beginning of a word, separated by |, in any segmentation",
        content="text",
    )
    sample: bool = option(False, "sample texts instead of searching for the most probable ones")
    batch_tokens: int = option(
        3000, "source tokens in a batch; smaller values need less memory", minimum=1, maximum=10**9
    )


@dataclass
class Seq2SeqEvaluateOptions(SearchOptions, BatchedEvaluateOptions):
    """Options of evaluate for translation and summarisation."""

    batch_tokens: int = option(
        3000, "source tokens in a batch; smaller values need less memory", minimum=1, maximum=10**9
    )
    input_target: str | None = option(None, "separate file of the targets of input=", content="path")
    source: str | None = option(
        None,
        "column by name or by number from 0, or JSON field, of the sources; null: that of the training",
        content="text",
    )
    target: str | None = option(
        None,
        "column by name or by number from 0, or JSON field, of the targets; null: that of the training",
        content="text",
    )
    references: str | None = option(
        None, "JSON field with further correct targets; null: that of the training", content="text"
    )
    report: str | None = option(None, "new HTML file: examples with their attention", content="path")
