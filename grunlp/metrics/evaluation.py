"""The result of an evaluation, and the metric by which trained models are compared."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from grunlp.utils.errors import UserError

if TYPE_CHECKING:
    from grunlp.metrics.corpus_metric import Metric


class Scores(Protocol):
    """The scores of a model on some examples."""

    @property
    def metrics(self) -> Mapping[str, "Metric"]:
        """Each metric by its key in `metrics.json`, in the order of tables."""

    def as_dict(self) -> dict[str, Any]:
        """Return the scores of a split as `metrics.json` stores them."""

    def report(self) -> str:
        """Return the tables that `python -m grunlp.evaluate` prints."""


class EvaluationResult(NamedTuple):
    """The scores of a model on a split, and how long they took.

    Attributes:
        scores: the scores.
        num_examples: size of the split.
        seconds: time of predicting and counting.
    """

    scores: Scores
    num_examples: int
    seconds: float


def time_evaluation(score: Callable[[], Scores], num_examples: int) -> EvaluationResult:
    """Score examples and measure the time. `score` predicts and scores them."""
    started = time.perf_counter()
    scores = score()
    return EvaluationResult(scores, num_examples, time.perf_counter() - started)


class PrimaryMetric(NamedTuple):
    """The metric by which trainings of a recipe are compared.

    Attributes:
        key: its name in a split of `metrics.json`.
        title: its name in tables.
        direction: whether the highest or the lowest score is best.
        digits: digits after the decimal point in tables.
    """

    key: str
    title: str
    direction: Literal["max", "min"] = "max"
    digits: int = 2

    @property
    def sign(self) -> int:
        """1 if a higher score is better, otherwise -1."""
        return 1 if self.direction == "max" else -1

    def read(self, split: Mapping[str, Any]) -> float:
        """Read the score from a split of `metrics.json`."""
        entry = split[self.key]
        return float(entry["f1"] if "f1" in entry else entry["score"])


def select_primary_metric(primary_metrics: Sequence[PrimaryMetric], keys: Iterable[str]) -> PrimaryMetric:
    """Return the first of the primary metrics of a recipe that is available for a split.

    Args:
        primary_metrics: the primary metrics of the recipe, in order of preference.
        keys: the metrics of the split.

    Raises:
        UserError: the split has none of them.
    """
    keys = list(keys)
    for metric in primary_metrics:
        if metric.key in keys:
            return metric
    wanted = " or ".join(metric.key for metric in primary_metrics)
    raise UserError(f"no score {wanted}", f"there are: {', '.join(keys)}", "Evaluate the run again, or train again.")
