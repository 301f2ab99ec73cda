"""The specification of a task: everything that the commands, the server and the studies need to know about it.

Each task has one instance, `SPEC` in `grunlp/tasks/<task>/__init__.py`, which `grunlp.tasks.spec_of` returns. The
module of a specification imports no heavy library; its methods import those they need.
"""

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from grunlp.configuration.output_paths import require_new_file
from grunlp.metrics.evaluation import EvaluationResult, PrimaryMetric, Scores, time_evaluation
from grunlp.tasks.command_options import BatchedEvaluateOptions, CompareOptions, EvaluateOptions, PredictOptions
from grunlp.tasks.model_card import CardText, metric_table, write_model_card
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from torch import nn

    from grunlp.exporting.exporter import ModelExporter
    from grunlp.tasks.line_input import LineFormat, LineReader
    from grunlp.tasks.predictor import Predictor, Record

TrainedT = TypeVar("TrainedT")
PredictT = TypeVar("PredictT", bound=PredictOptions)
EvaluateT = TypeVar("EvaluateT", bound=EvaluateOptions)


class PageText(NamedTuple):
    """The texts of the demo page for a task.

    Attributes:
        noun: the unit of predictions, such as "sentence".
        hint: instructions for getting a prediction.
        label: label of the text field.
        examples: texts to try.
        live: whether predictions are updated while the user types.
        streams: whether the page shows a text while it is generated.
    """

    noun: str = "text"
    hint: str = "Enter shows the prediction; Shift+Enter starts a new line."
    label: str = "Text"
    examples: tuple[str, ...] = ()
    live: bool = False
    streams: bool = False


class TrainingTask:
    """A task whose recipes train models that other models start from, and that make no predictions themselves.

    Attributes:
        name: the name of its folder in `grunlp/tasks`.
        primary_metrics: for each recipe the metrics by which trainings are compared, in order of preference; the first
            one that a split has is used.
    """

    name: ClassVar[str]
    primary_metrics: ClassVar[Mapping[str, Sequence[PrimaryMetric]]] = {}


class TaskSpec(TrainingTask, ABC, Generic[TrainedT, PredictT, EvaluateT]):
    """A task whose models predict: how they are loaded, used, evaluated, compared, exported and described.

    A trained model, `TrainedT`, is whatever the task needs: usually the path of the run, its configuration, a collator
    or tokenizer, and the network in evaluation mode.

    Attributes:
        description: one line on what a model predicts, for the server's list of models.
        page: texts of the server's demo page.
        dataset_notes: notes on each named data set for readers of a model card.
        predict_options, evaluate_options: options classes of the commands.
    """

    description: ClassVar[str]
    page: ClassVar[PageText] = PageText()
    dataset_notes: ClassVar[Mapping[str, str]] = {}
    predict_options: type[PredictT]
    evaluate_options: type[EvaluateT]

    @abstractmethod
    def load_trained(self, path: Path) -> TrainedT:
        """Load a run folder; the network is in evaluation mode, on the CPU.

        Raises:
            UserError: the folder is not a finished run, or its files do not belong together.
        """

    @abstractmethod
    def build_model(self, run: Path, config: "DictConfig") -> "nn.Module":
        """Build the untrained network of a configuration with the vocabulary of a run."""

    @abstractmethod
    def make_predictor(self, trained: TrainedT) -> "Predictor[Any, Any]":
        """Make the predictor of a trained model."""

    @abstractmethod
    def open_split(self, trained: TrainedT, split: str) -> Any:
        """Open a split of the data set that a model was trained on; the result has a length.

        Raises:
            UserError: the data have no such split, or no longer exist.
        """

    @abstractmethod
    def score(self, trained: TrainedT, examples: Any, options: EvaluateT | None = None) -> Scores:
        """Predict examples and score the predictions.

        Args:
            trained: the model.
            examples: the examples that `open_split` or `open_input` returned.
            options: options of the command `evaluate`; None: those of the training.
        """

    @abstractmethod
    def make_exporter(self, trained: TrainedT) -> "ModelExporter":
        """Make the exporter of a trained model."""

    @abstractmethod
    def predict(self, text: str | None, options: PredictT) -> int:
        """Run `python -m grunlp.predict` for a text, or for the input that `options` name. Returns the exit status."""

    @abstractmethod
    def card_text(self, recipe: str) -> CardText:
        """Return the parts of a model card that are about models of a recipe."""

    # The methods below have defaults for a task that maps a text to a record and is scored by metrics.

    def load_run(self, run: str) -> TrainedT:
        """Load the run in the option `run=`."""
        return self.load_trained(Path(run))

    def option_defaults(self, run: str) -> Mapping[str, Any]:
        """Return those defaults of `predict` and `evaluate` that come from the training of a run."""
        return {}

    def open_input(self, trained: TrainedT, options: EvaluateT) -> Any:
        """Open the file of labelled examples in `options.input`; the result is like that of `open_split`."""
        raise UserError(f"input={options.input}", "this task can only evaluate splits", "Type split=dev or split=test")

    def evaluate_split(self, run: Path, split: str) -> EvaluationResult:
        """Evaluate a run on a split of its data, with the options of its training."""
        trained = self.load_trained(run)
        return self.evaluate_examples(trained, self.open_checked_split(trained, run, split))

    def open_checked_split(self, trained: TrainedT, run: str | Path, split: str, strict: bool = False) -> Any:
        """Open a split, and compare its files with those of the training.

        Args:
            trained: the model.
            run: its folder, or several, separated by commas.
            split: the split.
            strict: raise UserError where a file has changed since the training, instead of a warning.
        """
        from grunlp.data.input_manifest import compare_inputs
        from grunlp.runs.layout import DATA_MANIFEST, reject_special_inputs

        folder = Path(str(run).partition(",")[0])
        reject_special_inputs(folder)
        with compare_inputs(folder / DATA_MANIFEST, strict):
            return self.open_split(trained, split)

    def evaluate_examples(self, trained: TrainedT, examples: Any) -> EvaluationResult:
        """Evaluate a trained model on examples, with the options of its training, and measure the time."""
        return time_evaluation(lambda: self.score(trained, examples), len(examples))

    def evaluate(self, options: EvaluateT) -> int:
        """Run `python -m grunlp.evaluate`: score a trained model and print the scores. Returns the exit status."""
        if options.run is None:
            raise UserError("no model to evaluate", "evaluate needs a run folder", "Type run=FOLDER, or see --help.")
        if options.input and options.split:
            raise UserError("split= with input=", "only one of the two can be evaluated", "Omit one of the two.")
        self.check_evaluate_options(options)
        require_new_file("metrics", options.metrics)
        trained, split = self.load_run(options.run), options.split or "test"
        if options.input:
            examples = self.open_input(trained, options)
        else:
            examples = self.open_checked_split(trained, options.run, split, options.strict)
        scores = self.score(trained, examples, options)
        print(scores.report().rstrip("\n"))
        stores = self._stores_scores(trained, options)
        self.write_reports(trained, examples, scores, options, split if stores else None)
        if options.metrics:
            write_file_atomically(Path(options.metrics), json.dumps(scores.as_dict(), indent=2), follow_symlinks=True)
        elif stores:
            from grunlp.runs.layout import write_metrics

            write_metrics(Path(options.run), split, scores.as_dict())
        return 0

    def check_evaluate_options(self, options: EvaluateT) -> None:
        """Raise UserError for options of `evaluate` that contradict each other, before any file is read."""

    def _stores_scores(self, trained: TrainedT, options: EvaluateT) -> bool:
        """Check whether the scores are stored in the run folder; if they unexpectedly are not, print why."""
        if options.input or options.metrics:
            return False
        reason = self.reason_not_to_store(trained, options)
        if reason:
            print(f"the scores are not stored in the run folder: {reason}; metrics=FILE stores them", file=sys.stderr)
        return not reason

    def reason_not_to_store(self, trained: TrainedT, options: EvaluateT) -> str | None:
        """Return why the scores of a split with these options are not stored in the run folder.

        None if they are stored.
        """
        return "the bundled model belongs to the installation" if options.run == "default" else None

    def write_reports(
        self, trained: TrainedT, examples: Any, scores: Any, options: EvaluateT, split: str | None
    ) -> None:
        """Write the other results of an evaluation.

        `split` is the split whose scores are stored in the run folder, if any.
        """

    def compare(self, runs: Sequence[str], options: CompareOptions) -> dict[str, dict[str, Any]]:
        """Compare two trained models on the same examples.

        Returns:
            rows like those of `grunlp.metrics.comparison.compare_metrics`; none if the models have no score in common.
        """
        first, second = (self.load_run(run) for run in runs)
        second = self.make_comparable(first, second)
        evaluate_options = [self._comparison_options(run, options) for run in runs]
        if options.input:
            examples = self.open_input(first, evaluate_options[0])
        else:
            examples = self.open_checked_split(first, runs[0], options.split or "test", options.strict)
        scores = map(self.score, (first, second), (examples, examples), evaluate_options)
        return self.compare_scores(*scores)

    def _comparison_options(self, run: str, options: CompareOptions) -> EvaluateT:
        """Return the options for evaluating one of the models that are compared."""
        evaluate_options = self.evaluate_options(run=run, input=options.input, **self.option_defaults(run))
        if options.batch_tokens and isinstance(evaluate_options, BatchedEvaluateOptions):
            evaluate_options.batch_tokens = options.batch_tokens
        return evaluate_options

    def make_comparable(self, first: TrainedT, second: TrainedT) -> TrainedT:
        """Return the second of two trained models, adapted so that it can be compared with the first.

        Raises:
            UserError: the models make different kinds of predictions.
        """
        return second

    def compare_scores(self, first: Any, second: Any) -> dict[str, dict[str, Any]]:
        """Compare two scorings of the same examples."""
        from grunlp.metrics.comparison import compare_metrics

        return compare_metrics(first, second)

    def scores_file(self, path: str) -> bool:
        """Return whether this task scores a file of right answers, as this one, against a file of predictions."""
        return False

    def compare_files(self, files: Sequence[str], gold: str) -> dict[str, dict[str, Any]]:
        """Compare two files of predictions, given a file of gold answers; the rows are like those of `compare`."""
        raise UserError(
            f"gold={gold}",
            "gold= is only for comparing files of frames or tags",
            "Type input=FILE to compare two models.",
        )

    def detect_line_format(self, predictor: Any, path: Path) -> "LineFormat":
        """Detect the format of the lines of a file, which sharded prediction reads independently.

        Raises:
            UserError: models of this task, or files of this format, are not read line by line.
        """
        raise UserError(
            f"{predictor.path}: a model of the task {self.name}",
            "its input is not read line by line",
            "Type python -m grunlp.predict",
        )

    def line_reader(self, predictor: Any, path: str, line_format: "LineFormat") -> "LineReader":
        """Make the reader of the lines of a file, given the format that `detect_line_format` returned."""
        raise NotImplementedError

    def render(self, predictor: Any, record: "Record") -> str:
        """Render a record as an HTML fragment."""
        return f'<figure class="text"><pre>{escape(json.dumps(record, ensure_ascii=False, indent=2))}</pre></figure>'

    def render_answer(self, predictor: Any, text: str, records: "Sequence[Record]") -> Iterator[str]:
        """Yield the parts of an HTML fragment that renders all records of a text."""
        return (self.render(predictor, record) for record in records)

    def summarize(self, records: "Sequence[Record]") -> str:
        """Describe the records of a text in a few words, for the demo page."""
        return f"{len(records)} {self.page.noun}{'' if len(records) == 1 else 's'}"

    def card_scores(self, recipe: str, metrics: Mapping[str, Any]) -> list[str]:
        """Return the lines with the scores of a run for its model card, given the contents of `metrics.json`."""
        return [*metric_table(metrics), "", "Intervals are by bootstrap over examples."]

    def write_card(self, run: Path, extra: Sequence[str] = ()) -> None:
        """Write the model card of a finished run. `extra` are further paragraphs on its data."""
        from grunlp.runs.layout import read_metrics
        from grunlp.tasks.config import read_config

        config, metrics = read_config(run), read_metrics(run)
        scores = self.card_scores(config.recipe, metrics)
        write_model_card(run, config, metrics, self.card_text(config.recipe), self.dataset_notes, scores, extra)

    def hidden_size_multiple(self, model: Mapping[str, Any]) -> int:
        """Return the number that must divide hidden sizes. `model` is the group of the configuration."""
        return 1
