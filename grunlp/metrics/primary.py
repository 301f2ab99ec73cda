"""The one score by which trainings of a recipe are compared, and the measure behind it."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from grunlp.metrics.corpus_metric import Measure, MeasuredScores
from grunlp.metrics.span_scores import Scores
from grunlp.utils.errors import GrunlpError


class Primary(NamedTuple):
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
PRIMARY: dict[str, tuple[Primary, ...]] = {
    "srl": (Primary("srl-eval", "F1"),),
    "finetune": (Primary("srl-eval", "F1"),),
    "tag": (Primary("conlleval", "F1"), Primary("accuracy", "accuracy")),
    "translate": (Primary("bleu", "BLEU"), Primary("rougeL", "ROUGE-L")),
    "summarize": (Primary("rougeL", "ROUGE-L"), Primary("bleu", "BLEU")),
    "lm": (Primary("nats_per_character", "nats a character", "min", 4),),
    "classify": (Primary("accuracy", "accuracy"),),
    "forecast": (Primary("mse", "MSE", "min", 4),),
}


def require_score(recipe: str) -> None:
    """Raise GrunlpError unless trainings of the recipe can be compared."""
    if recipe not in PRIMARY:
        there = f"there are: {', '.join(PRIMARY)}"
        raise GrunlpError(f"recipe={recipe} has no score to compare by", there, "Type recipe=tag, for example.")


def primary_of(recipe: str, names: Iterable[str]) -> Primary:
    """The score of the recipe among those that a split has. names: theirs."""
    names = list(names)
    require_score(recipe)
    for primary in PRIMARY[recipe]:
        if primary.key in names:
            return primary
    there = f"its splits have: {', '.join(names)}"
    raise GrunlpError(f"no score of recipe={recipe}", there, f"It needs {PRIMARY[recipe][0].key}: train anew.")


def measure_of(scores: Scores | MeasuredScores, key: str) -> Measure:
    """The counts of each group of examples behind a score, and how a score is made of their sums."""
    return scores.measures[key] if isinstance(scores, MeasuredScores) else scores.measure(key)


def names_of(scores: Scores | MeasuredScores) -> list[str]:
    """The scores that were counted."""
    return list(scores.measures) if isinstance(scores, MeasuredScores) else scores.countings()
