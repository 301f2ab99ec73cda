"""Scores of classes: accuracy, F1 of each and their mean, the loss, calibration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.calibration import calibration_error as expected_error
from grunlp.metrics.corpus_metric import Metric, MetricScores, mean_metric, ratio_of_sums

_MAX_CONFUSION_CLASSES = 12  # classes in a table of confusions


class ClassificationScores(MetricScores):
    """Scores of classified examples.

    Args:
        classes: of the K classes.
        gold: the class of each example; one that is not among `classes` can only be missed.
        log_probs: (examples, K) log probabilities of the classes.
    """

    def __init__(self, classes: Sequence[str], gold: Sequence[str], log_probs: NDArray[np.float64]) -> None:
        if not len(gold):
            raise ValueError("no example to score")
        self.classes = [*classes, *sorted(set(gold) - set(classes))]
        ids = {name: i for i, name in enumerate(self.classes)}
        self.gold = np.array([ids[name] for name in gold])
        self.found, self.log_probs = log_probs.argmax(axis=1), log_probs

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """(K, K) examples of each gold class (rows) that were taken for each class."""
        table = np.zeros((len(self.classes),) * 2, dtype=np.int64)
        np.add.at(table, (self.gold, self.found), 1)
        return table

    def compute_metrics(self) -> dict[str, Metric]:
        """By name, in the order of tables."""
        right = 100.0 * (self.gold == self.found)
        known = self.gold < self.log_probs.shape[1]
        nats = -self.log_probs[np.arange(len(self.gold)), np.where(known, self.gold, 0)]
        measures = {
            "accuracy": mean_metric(right, "share of right ones, %"),
            "macro F1": Metric(self._counts(range(len(self.classes))), _mean_f1, "mean of the F1 of all classes"),
        }
        for i, name in enumerate(self.classes[:_MAX_CONFUSION_CLASSES]):
            measures[f"F1 {name}"] = Metric(self._counts([i]), _mean_f1, f"{int((self.gold == i).sum())} examples")
        counts = np.stack([np.where(known, nats, 0.0), known.astype(float)], axis=1)
        measures["loss"] = Metric(counts, _safe_ratio, "mean negative log probability, nats", digits=4)
        return measures

    def _counts(self, classes: Sequence[int] | range) -> NDArray[np.float64]:
        """(examples, 3 x classes) whether each was right, wrongly found and missed, of each class."""
        gold = self.gold[:, None] == np.array(classes)
        found = self.found[:, None] == np.array(classes)
        return np.concatenate([gold & found, found & ~gold, gold & ~found], axis=1).astype(float)

    def calibration_error(self) -> float:
        """Of the probability of the class found, in percent."""
        return expected_error(np.exp(self.log_probs.max(axis=1)).tolist(), (self.gold == self.found).tolist())

    def report(self) -> str:
        """A line a score; how often which class was taken for which, where they are few."""
        lines = super().report() + f"{'calibration error':28} {self.calibration_error():8.2f}\n"
        if len(self.classes) > _MAX_CONFUSION_CLASSES:
            return lines
        width = max(6, *(len(name) for name in self.classes))
        rows = [f"\n{'gold, found':>{width}}  " + "  ".join(f"{name:>{width}}" for name in self.classes)]
        for name, row in zip(self.classes, self.confusion_matrix, strict=True):
            rows.append(f"{name:>{width}}  " + "  ".join(f"{count:{width}d}" for count in row))
        return lines + "\n".join(rows) + "\n"


def _mean_f1(sums: NDArray[np.float64]) -> float:
    """In percent, from the sums of right, wrongly found and missed ones of each class, over those that occur; 0 where
    none does."""
    right, excess, missed = np.split(sums, 3)
    whole = 2 * right + excess + missed
    return float(np.mean(200 * right[whole > 0] / whole[whole > 0])) if whole.any() else 0.0


def _safe_ratio(sums: NDArray[np.float64]) -> float:
    return ratio_of_sums(sums) if sums[1] else float("nan")
