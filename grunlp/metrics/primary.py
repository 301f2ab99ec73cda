"""The one score by which trainings of a recipe are compared, and the measure behind it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from grunlp.metrics.corpus_metric import Metric, MetricScores
from grunlp.metrics.span_scores import SpanScores
from grunlp.utils.errors import UserError


class PrimaryMetric(NamedTuple):
    """A score.

    key: its name in a split of `metrics.json`.
    title: in tables.
    direction: whether the highest or the lowest is best.
    digits: behind the point, in tables.
    """

    key: str
    title: str
    direction: Literal["max", "min"] = "max"
    digits: int = 2

    @property
    def sign(self) -> int:
        """1, or -1 where low scores are good: times the score, more is better."""
        return 1 if self.direction == "max" else -1

    def read(self, split: Mapping[str, Any]) -> float:
        """The score in a split of `metrics.json`."""
        entry = split[self.key]
        return float(entry["f1"] if "f1" in entry else entry["score"])


# By recipe. The first that a split has is taken.
PRIMARY_METRICS: dict[str, tuple[PrimaryMetric, ...]] = {
    "srl": (PrimaryMetric("srl-eval", "F1"),),
    "finetune": (PrimaryMetric("srl-eval", "F1"),),
    "tag": (PrimaryMetric("conlleval", "F1"), PrimaryMetric("accuracy", "accuracy")),
    "translate": (PrimaryMetric("bleu", "BLEU"), PrimaryMetric("rougeL", "ROUGE-L")),
    "summarize": (PrimaryMetric("rougeL", "ROUGE-L"), PrimaryMetric("bleu", "BLEU")),
    "lm": (PrimaryMetric("nats_per_character", "nats a character", "min", 4),),
    "classify": (PrimaryMetric("accuracy", "accuracy"),),
    "forecast": (PrimaryMetric("mse", "MSE", "min", 4),),
}


def require_primary_metric(recipe: str) -> None:
    """Raise UserError unless trainings of the recipe can be compared."""
    if recipe not in PRIMARY_METRICS:
        there = f"there are: {', '.join(PRIMARY_METRICS)}"
        raise UserError(f"recipe={recipe} has no score to compare by", there, "Type recipe=tag, for example.")


def select_primary_metric(recipe: str, names: Iterable[str]) -> PrimaryMetric:
    """The score of the recipe among those that a split has. names: theirs."""
    names = list(names)
    require_primary_metric(recipe)
    for primary in PRIMARY_METRICS[recipe]:
        if primary.key in names:
            return primary
    there = f"its splits have: {', '.join(names)}"
    raise UserError(f"no score of recipe={recipe}", there, f"It needs {PRIMARY_METRICS[recipe][0].key}: train anew.")


def metric_for(scores: SpanScores | MetricScores, key: str) -> Metric:
    """The counts of each group of examples behind a score, and how a score is made of their sums."""
    return scores.metrics[key] if isinstance(scores, MetricScores) else scores.f1_metric(key)


def metric_keys(scores: SpanScores | MetricScores) -> list[str]:
    """The scores that were counted."""
    return list(scores.metrics) if isinstance(scores, MetricScores) else scores.schemes()
