"""What kind of network a run is of, and the module that answers the commands for it. Imports nothing heavy."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from torch import nn

    from grunlp.metrics.corpus_metric import MetricScores
    from grunlp.metrics.span_scores import SpanScores

# By recipe. Runs of other recipes label words; the commands themselves answer for them, and `label_commands`.
_COMMAND_MODULES = {
    "translate": "seq2seq",
    "summarize": "seq2seq",
    "lm": "language_modeling",
    "classify": "classification",
    "forecast": "forecasting",
}


class EvaluationResult(NamedTuple):
    """A split that a run was scored on.

    num_examples: how many it has.
    seconds: that the run took for them, counting included.
    """

    scores: "SpanScores | MetricScores"
    num_examples: int
    seconds: float


class TaskSpec(Protocol):
    """What there is for runs of every kind: these modules have it, and `label_commands`."""

    def evaluate_split(self, run: str, split: str) -> EvaluationResult:
        """Score a run on a split of its own data, as `python -m grunlp.evaluate` does."""

    def build_model(self, run: str, config: "DictConfig") -> "nn.Module":
        """The untrained network of a configuration, with the vocabulary of a run."""


class TaskCommands(TaskSpec, Protocol):
    """What each of these modules has."""

    def predict(self, text: str | None, arguments: list[str]) -> int:
        """`python -m grunlp.predict`: text, if one was typed, and the words that are key=value."""

    def evaluate(self, arguments: list[str]) -> int:
        """`python -m grunlp.evaluate`."""

    def compare(self, runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
        """`python -m grunlp.compare` of two runs: rows as `grunlp.metrics.comparison` makes them."""


def run_argument(arguments: Sequence[str]) -> str | None:
    """The run that `run=DIR`, or the first of several between commas, names."""
    folders = [argument.partition("=")[2].partition(",")[0] for argument in arguments if argument.startswith("run=")]
    return folders[-1] if folders else None


def task_of(run: str | Path | None) -> str | None:
    """The module for a run; None: there is none, or it labels words, or no run lies there, of which the loader will
    complain."""
    file = Path(run) / "config.yaml" if run is not None else None
    if file is None or not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((module for recipe, module in _COMMAND_MODULES.items() if f"recipe: {recipe}" in lines), None)


def spec_of(task: str) -> TaskCommands:
    """The module of that name."""
    return cast(TaskCommands, import_module(f"grunlp.tasks.{task}.commands"))


def spec_for_run(run: str) -> TaskSpec:
    """The module that scores a run."""
    return cast(TaskSpec, import_module(f"grunlp.tasks.{task_of(run) or 'srl'}.commands"))
