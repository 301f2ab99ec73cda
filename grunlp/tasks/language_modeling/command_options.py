"""Options of the commands for language modelling. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.decoding.options import SamplingOptions
from grunlp.tasks.command_options import EvaluateOptions, OutputFormat, PredictOptions


@dataclass
class LanguageModelingPredictOptions(SamplingOptions, PredictOptions):
    """Options of predict for language modelling."""

    input: str | None = option(
        None,
        "file with a prompt on each line, or - for standard input; each is continued to the end of the line",
        content="path",
    )
    prompt: str | None = option(None, "beginning of the text; prompt= can be omitted", content="text")
    field: str | None = option(None, "field of JSON lines with the prompt; null: that of the training", content="text")
    output_format: OutputFormat = option(
        "auto", "json: one object for each prompt, with the log probability of the sampled text; auto: text"
    )
    length: int = option(500, "largest number of tokens to generate", minimum=1, maximum=10**6)
    temperature: float = option(
        0.8, "sampling temperature; below 1, probable tokens are sampled more often", minimum=1e-6, maximum=1e6
    )


@dataclass
class LanguageModelingEvaluateOptions(EvaluateOptions):
    """Options of evaluate for language modelling."""

    field: str | None = option(None, "field of JSON lines with the text; null: as in the training", content="text")
    dynamic_rate: float = option(
        0.0,
        "learning rate of dynamic evaluation (Krause et al. 2018), for example 0.1; 0: static evaluation",
        minimum=0.0,
        maximum=1e3,
    )
    dynamic_decay: float = option(
        0.002,
        "dynamic evaluation: fraction by which the weights return to the trained ones after each segment",
        minimum=0.0,
        maximum=1.0,
    )
    dynamic_length: int = option(50, "dynamic evaluation: tokens of a segment", minimum=1, maximum=10**6)
