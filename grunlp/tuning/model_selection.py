"""Which of several values to take, by their scores over folds."""

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
    """What was found at one value.

    Args:
        values: of each key.
        scores: of each fold that is done, by its number.
        num_parameters: of the network.
        seconds: of a training, for each fold.
        pruned: whether the other folds were not worth it.
    """

    values: Assignment
    scores: dict[int, float] = field(default_factory=dict)
    seconds: dict[int, float] = field(default_factory=dict)
    num_parameters: int = 0
    pruned: bool = False

    @property
    def mean(self) -> float:
        """Over folds."""
        return statistics.mean(self.scores.values())

    @property
    def standard_error(self) -> float:
        """The standard error of that mean, as if folds were independent; 0 of a single fold."""
        count = len(self.scores)
        if not math.isfinite(self.mean):
            return math.nan
        return statistics.stdev(self.scores.values()) / math.sqrt(count) if count > 1 else 0.0

    @property
    def text(self) -> str:
        """The values as they are typed."""
        return " ".join(as_overrides(self.values))

    def as_dict(self) -> Mapping[str, Any]:
        """For `summary.json`."""
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
    """The row with the best mean of those whose folds are all done. sign: `PrimaryMetric.sign`."""
    whole = [row for row in rows if not row.pruned and math.isfinite(row.mean)]
    if not whole:
        there = "a training diverged, or all were dropped, at every value"
        raise UserError("no value has a score in all folds", there, "Try other values, a lower rate say.")
    return max(whole, key=lambda row: sign * row.mean)


def within_one_standard_error(rows: Sequence[TrialResult], sign: int) -> list[TrialResult]:
    """The best row, and those whose mean is within one standard error, its own, of it."""
    best = best_trial(rows, sign)
    return [row for row in rows if not row.pruned and sign * row.mean >= sign * best.mean - best.standard_error]


def one_standard_error_rule(rows: Sequence[TrialResult], sign: int) -> TrialResult:
    """The one-standard-error rule: the smallest network whose score is within one standard error of the best.

    Breiman, Friedman, Olshen and Stone 1984, §3.4.3; Hastie, Tibshirani and Friedman 2009, §7.10. Of networks with as
    many weights the better one is taken.
    """
    return min(within_one_standard_error(rows, sign), key=lambda row: (row.num_parameters, -sign * row.mean))


def explain_choice(rows: Sequence[TrialResult], primary: PrimaryMetric) -> str:
    """The choice as a sentence for people."""
    best, chosen = best_trial(rows, primary.sign), one_standard_error_rule(rows, primary.sign)
    n = primary.digits
    if chosen is best:
        same = len({row.num_parameters for row in rows if not row.pruned}) == 1
        what = "all have as many weights" if same else f"no smaller network is within {best.standard_error:.{n}f} of it"
        return f"{chosen.text}: the best, {primary.title} {best.mean:.{n}f}; {what}."
    within = abs(best.mean - chosen.mean)
    share = format_fraction(chosen.num_parameters / best.num_parameters)
    return (
        f"{chosen.text}: within {within:.{n}f} {primary.title} of {best.text}, the best, at {share} of the weights"
        f" (one standard error is {best.standard_error:.{n}f})."
    )


def format_fraction(value: float) -> str:
    """In words where there is one that is right to a twentieth, else in percent."""
    for parts, word in _FRACTION_NAMES.items():
        if abs(value * parts - 1) < 0.05:
            return word
    return f"{100 * value:.0f} %"
