"""Selection of a value by its scores over folds: the one-standard-error rule."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grunlp.metrics.evaluation import PrimaryMetric
from grunlp.tuning.search_space import Assignment, as_overrides
from grunlp.utils.errors import UserError

_FRACTION_NAMES = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 6: "a sixth", 8: "an eighth", 10: "a tenth"}


@dataclass
class TrialResult:
    """The trainings with one value of each key.

    Args:
        values: the value of each key.
        scores: the score of each finished fold, by its number.
        seconds: the training time of each fold.
        num_parameters: number of parameters of the network.
        pruned: whether the remaining folds were skipped, because this trial was worse than half of the others.
    """

    values: Assignment
    scores: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    num_parameters: int = 0
    pruned: bool = False

    @property
    def mean(self) -> float:
        """The mean score over folds."""
        return statistics.mean(self.scores.values())

    @property
    def standard_error(self) -> float:
        """The standard error of the mean, computed as if folds were independent; 0 for a single fold."""
        count = len(self.scores)
        if not math.isfinite(self.mean):
            return math.nan
        return statistics.stdev(self.scores.values()) / math.sqrt(count) if count > 1 else 0.0

    @property
    def text(self) -> str:
        """The values in the form of arguments of a training."""
        return " ".join(as_overrides(self.values))

    def as_dict(self) -> Mapping[str, Any]:
        """Return the row as `summary.json` stores it."""
        return {
            "values": dict(self.values),
            "mean": self.mean,
            "standard_error": self.standard_error,
            "scores": {str(fold): score for fold, score in sorted(self.scores.items())},
            "weights": self.num_parameters,
            "seconds": statistics.mean(self.seconds.values()),
            "pruned": self.pruned,
        }


def best_trial(rows: Sequence[TrialResult], sign: int) -> TrialResult:
    """Return the trial with the best mean among those with all folds. `sign` is `PrimaryMetric.sign`."""
    complete = [row for row in rows if not row.pruned and math.isfinite(row.mean)]
    if not complete:
        raise UserError(
            "no value has a score in all folds",
            "for each value, a training diverged or folds were skipped",
            "Try other values, for example a lower learning rate.",
        )
    return max(complete, key=lambda row: sign * row.mean)


def within_one_standard_error(rows: Sequence[TrialResult], sign: int) -> list[TrialResult]:
    """Return the best trial and all trials whose mean is within its standard error."""
    best = best_trial(rows, sign)
    return [row for row in rows if not row.pruned and sign * row.mean >= sign * best.mean - best.standard_error]


def one_standard_error_rule(rows: Sequence[TrialResult], sign: int) -> TrialResult:
    """Return the smallest network whose score is within one standard error of the best; of equally small ones the best.

    Breiman, Friedman, Olshen and Stone 1984, §3.4.3; Hastie, Tibshirani and Friedman 2009, §7.10.
    """
    return min(within_one_standard_error(rows, sign), key=lambda row: (row.num_parameters, -sign * row.mean))


def explain_choice(rows: Sequence[TrialResult], primary: PrimaryMetric) -> str:
    """Explain the selection in a sentence."""
    best, chosen = best_trial(rows, primary.sign), one_standard_error_rule(rows, primary.sign)
    n = primary.digits
    if chosen is best:
        same = len({row.num_parameters for row in rows if not row.pruned}) == 1
        reason = (
            "all have the same number of weights"
            if same
            else f"no smaller network is within {best.standard_error:.{n}f} of it"
        )
        return f"{chosen.text}: the best, {primary.title} {best.mean:.{n}f}; {reason}."
    within = abs(best.mean - chosen.mean)
    share = format_fraction(chosen.num_parameters / best.num_parameters)
    return (
        f"{chosen.text}: within {within:.{n}f} {primary.title} of {best.text}, the best, at {share} of the weights"
        f" (one standard error is {best.standard_error:.{n}f})."
    )


def format_fraction(value: float) -> str:
    """Format a fraction in words if a simple fraction is within 5 % of it, otherwise in percent."""
    for parts, word in _FRACTION_NAMES.items():
        if abs(value * parts - 1) < 0.05:
            return word
    return f"{100 * value:.0f} %"
