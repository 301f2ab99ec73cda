"""What kind of network a run is of, and the module that answers the commands for it. Imports nothing heavy."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

if TYPE_CHECKING:
    from omegaconf import DictConfig
    from torch import nn

    from grunlp.metrics.corpus_metric import MeasuredScores
    from grunlp.metrics.span_scores import Scores

# By recipe. Runs of other recipes label words; the commands themselves answer for them, and `label_commands`.
_MODULES = {
    "translate": "seq2seq",
    "summarize": "seq2seq",
    "lm": "language_modeling",
    "classify": "classification",
    "forecast": "forecasting",
}


class Scored(NamedTuple):
    """A split that a run was scored on.

    examples: how many it has.
    seconds: that the run took for them, counting included.
    """

    scores: "Scores | MeasuredScores"
    examples: int
    seconds: float


class Kind(Protocol):
    """What there is for runs of every kind: these modules have it, and `label_commands`."""

    def score_split(self, run: str, split: str) -> Scored:
        """Score a run on a split of its own data, as `python -m grunlp.evaluate` does."""

    def build(self, run: str, config: "DictConfig") -> "nn.Module":
        """The untrained network of a configuration, with the vocabulary of a run."""


class Commands(Kind, Protocol):
    """What each of these modules has."""

    def predict(self, text: str | None, arguments: list[str]) -> int:
        """`python -m grunlp.predict`: text, if one was typed, and the words that are key=value."""

    def evaluate(self, arguments: list[str]) -> int:
        """`python -m grunlp.evaluate`."""

    def compare(self, runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
        """`python -m grunlp.compare` of two runs: rows as `grunlp.metrics.comparison` makes them."""


def named_run(arguments: Sequence[str]) -> str | None:
    """The run that `run=DIR`, or the first of several between commas, names."""
    folders = [argument.partition("=")[2].partition(",")[0] for argument in arguments if argument.startswith("run=")]
    return folders[-1] if folders else None


def module_of(run: str | Path | None) -> str | None:
    """The module for a run; None: there is none, or it labels words, or no run lies there, of which the loader will
    complain."""
    file = Path(run) / "config.yaml" if run is not None else None
    if file is None or not file.is_file():
        return None
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((module for recipe, module in _MODULES.items() if f"recipe: {recipe}" in lines), None)


def commands(module: str) -> Commands:
    """The module of that name."""
    return cast(Commands, import_module(f"grunlp.tasks.{module}.commands"))


def kind_of(run: str) -> Kind:
    """The module that scores a run."""
    return cast(Kind, import_module(f"grunlp.tasks.{module_of(run) or 'srl'}.commands"))
