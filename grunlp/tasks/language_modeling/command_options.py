"""Options of the commands for language modelling. Imports nothing heavy."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.decoding.options import SamplingOptions
from grunlp.tasks.command_options import EvaluateOptions, OutputFormat, PredictOptions


@dataclass
class LanguageModelingPredictOptions(SamplingOptions, PredictOptions):
    """Options of predict for language modelling."""

    input: str | None = option(
        None,
        "file, or - for standard input, each line a prompt to continue to the end of the line",
        content="path",
    )
    prompt: str | None = option(None, "beginning of the text; it can be typed without prompt= too", content="text")
    field: str | None = option(None, "field of JSON lines with the prompt; null: as in the training", content="text")
    output_format: OutputFormat = option(
        "auto", "json: one object for each prompt, with the log probability of the sampled text; auto: text"
    )
    length: int = option(500, "tokens to generate, at most", minimum=1, maximum=10**6)
    temperature: float = option(
        0.8, "below 1, probable tokens are sampled more often than the network predicts", minimum=1e-6, maximum=1e6
    )


@dataclass
class LanguageModelingEvaluateOptions(EvaluateOptions):
    """Options of evaluate for language modelling."""

    field: str | None = option(None, "field of JSON lines with the text; null: as in the training", content="text")
    dynamic_rate: float = option(
        0.0, "learning rate of dynamic evaluation (Krause et al. 2018), 0.1 say; 0: none", minimum=0.0, maximum=1e3
    )
    dynamic_decay: float = option(
        0.002, "fraction of the way back to the trained weights after each segment", minimum=0.0, maximum=1.0
    )
    dynamic_length: int = option(50, "tokens of a segment", minimum=1, maximum=10**6)
