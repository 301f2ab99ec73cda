"""Classification scores: accuracy, F1 by class and macro-averaged, loss and calibration."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.calibration import calibration_error
from grunlp.metrics.corpus_metric import Metric, MetricScores, mean_metric, ratio_of_sums

_MAX_CONFUSION_CLASSES = 12


class ClassificationScores(MetricScores):
    """Scores of classified examples.

    Args:
        classes: names of the K classes.
        gold: class of each example; a class that is not in `classes` always counts as missed.
        log_probs: (examples, K) log probabilities of the classes.
    """

    def __init__(self, classes: Sequence[str], gold: Sequence[str], log_probs: NDArray[np.float64]) -> None:
        if not len(gold):
            raise ValueError("no example to score")
        self.classes = [*classes, *sorted(set(gold) - set(classes))]
        ids = {name: i for i, name in enumerate(self.classes)}
        self.gold = np.array([ids[name] for name in gold])
        self.predicted, self.log_probs = log_probs.argmax(axis=1), log_probs

    @property
    def confusion_matrix(self) -> NDArray[np.int64]:
        """(K, K) number of examples by gold class (rows) and predicted class (columns)."""
        matrix = np.zeros((len(self.classes),) * 2, dtype=np.int64)
        np.add.at(matrix, (self.gold, self.predicted), 1)
        return matrix

    def compute_metrics(self) -> dict[str, Metric]:
        """Compute accuracy, macro F1, F1 of each class and loss."""
        correct = 100.0 * (self.gold == self.predicted)
        known = self.gold < self.log_probs.shape[1]
        nll = -self.log_probs[np.arange(len(self.gold)), np.where(known, self.gold, 0)]
        metrics = {
            "accuracy": mean_metric(correct, "% of examples classified correctly"),
            "macro F1": Metric(self._counts(range(len(self.classes))), _mean_f1, "mean of the F1 of all classes"),
        }
        for i, name in enumerate(self.classes[:_MAX_CONFUSION_CLASSES]):
            metrics[f"F1 {name}"] = Metric(self._counts([i]), _mean_f1, f"{int((self.gold == i).sum())} examples")
        counts = np.stack([np.where(known, nll, 0.0), known.astype(float)], axis=1)
        metrics["loss"] = Metric(counts, _ratio_or_nan, "mean negative log probability, nats", digits=4)
        return metrics

    def _counts(self, classes: Sequence[int] | range) -> NDArray[np.float64]:
        """Return for each class whether each example is a true positive, a false positive or a false negative.

        Returns:
            (examples, 3 x classes).
        """
        gold = self.gold[:, None] == np.array(classes)
        predicted = self.predicted[:, None] == np.array(classes)
        return np.concatenate([gold & predicted, predicted & ~gold, gold & ~predicted], axis=1).astype(float)

    def calibration_error(self) -> float:
        """Compute the calibration error of the probability of the predicted class, in percent."""
        return calibration_error(np.exp(self.log_probs.max(axis=1)).tolist(), (self.gold == self.predicted).tolist())

    def report(self) -> str:
        """Format one line per score, then the confusion matrix unless there are too many classes."""
        lines = super().report() + f"{'calibration error':28} {self.calibration_error():8.2f}\n"
        if len(self.classes) > _MAX_CONFUSION_CLASSES:
            return lines
        width = max(6, *(len(name) for name in self.classes))
        header = "  ".join(f"{name:>{width}}" for name in self.classes)
        rows = [f"\n{'gold, predicted':>{width}}  {header}"]
        for name, row in zip(self.classes, self.confusion_matrix, strict=True):
            rows.append(f"{name:>{width}}  " + "  ".join(f"{count:{width}d}" for count in row))
        return lines + "\n".join(rows) + "\n"


def _mean_f1(sums: NDArray[np.float64]) -> float:
    """Compute the mean F1 of the classes that occur, in percent; 0 if none occurs.

    Args:
        sums: (3 x classes) true positives, false positives and false negatives of each class.
    """
    tp, fp, fn = np.split(sums, 3)
    total = 2 * tp + fp + fn
    return float(np.mean(200 * tp[total > 0] / total[total > 0])) if total.any() else 0.0


def _ratio_or_nan(sums: NDArray[np.float64]) -> float:
    return ratio_of_sums(sums) if sums[1] else float("nan")
