"""Options that the commands predict, evaluate and compare have for every task. This module imports no heavy library."""

from dataclasses import dataclass
from typing import Literal

from grunlp.configuration.options import option

OutputFormat = Literal["auto", "text", "json"]
Split = Literal["train", "dev", "test"]


@dataclass
class PredictOptions:
    """Options of `python -m grunlp.predict` for every task."""

    run: str = option("default", "run folder; default: the bundled model (English)", content="run")
    output: str = option("-", "new file to write, or - for standard output", content="path")
    html_report: str | None = option(
        None, "new HTML file that shows at most the first 1,000 predictions", content="path"
    )


@dataclass
class TextPredictOptions(PredictOptions):
    """Options of tasks that read texts, from the command line or a file, and can print their predictions as JSON."""

    input: str = option("-", "file to read, or - for standard input; alternatively, type a text", content="path")
    output_format: OutputFormat = option(
        "auto", "json: one object on each line; text: readable text; auto: text in a terminal, otherwise json"
    )


@dataclass
class EvaluateOptions:
    """Options of `python -m grunlp.evaluate` for every task."""

    run: str | None = option(None, "run folder, or default for the bundled model", content="run")
    split: Split | None = option(None, "split of the data set that the model was trained on; null: test")
    input: str | None = option(None, "file with gold labels, instead of a split", content="path")
    metrics: str | None = option(
        None, "new JSON file for the scores; null: metrics.json in the run folder, for a split", content="path"
    )
    strict: bool = option(False, "refuse a split whose files have changed since the training, instead of a warning")


@dataclass
class BatchedEvaluateOptions(EvaluateOptions):
    """Options of tasks that evaluate in batches of tokens."""

    batch_tokens: int = option(8000, "tokens in a batch; smaller values need less memory", minimum=1, maximum=10**9)


@dataclass
class CompareOptions:
    """Options of `python -m grunlp.compare` for two trained models, or two files of predictions."""

    split: Split | None = option(None, "split of the data set that the first model was trained on; null: test")
    input: str | None = option(None, "file with gold labels, instead of a split", content="path")
    gold: str | None = option(None, "file of gold frames or tags, to compare two files of predictions", content="path")
    metrics: str | None = option(None, "new JSON file for the comparison", content="path")
    strict: bool = option(False, "refuse a split whose files have changed since the training, instead of a warning")
    batch_tokens: int | None = option(
        None, "tokens in a batch, for tasks that have them; null: the default of evaluate", minimum=1, maximum=10**9
    )
