"""Options of the commands for classification. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.tasks.command_options import BatchedEvaluateOptions, TextPredictOptions


@dataclass
class ClassificationPredictOptions(TextPredictOptions):
    """Options of predict for classification."""

    source: str | None = option(
        None, "column or field of the text, or array of the measurements; null: each line is a text", content="text"
    )
    batch_tokens: int = option(
        8000, "tokens or steps in a batch; smaller values need less memory", minimum=1, maximum=10**9
    )


@dataclass
class ClassificationEvaluateOptions(BatchedEvaluateOptions):
    """Options of evaluate for classification."""

    source: str | None = option(
        None, "column, field or array of the examples of input=; null: that of the training", content="text"
    )
    label: str | None = option(
        None, "column, field or array of the classes of input=; null: that of the training", content="text"
    )
