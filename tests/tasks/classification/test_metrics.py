"""Scores of classes against hand counts."""

import numpy as np
import pytest

from grunlp.tasks.classification.metrics import ClassificationScores

PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])


def test_counts_by_hand() -> None:
    scores = ClassificationScores(["a", "b", "c"], ["a", "b", "b", "c"], np.log(PROBS))
    assert scores.confusion_matrix.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]
    values = {name: measure.value for name, measure in scores.metrics.items()}
    f1 = [200 * 1 / 3, 200 * 1 / 3, 100.0]
    assert values["accuracy"] == pytest.approx(75.0)
    assert [values[f"F1 {name}"] for name in "abc"] == pytest.approx(f1)
    assert values["macro F1"] == pytest.approx(np.mean(f1))
    assert values["loss"] == pytest.approx(-np.mean(np.log([0.7, 0.8, 0.3, 0.6])))
    assert "gold, predicted" in scores.report() and "calibration error" in scores.report()


def test_a_class_that_training_never_saw_is_always_missed() -> None:
    scores = ClassificationScores(
        ["a", "b"], ["a", "z"], np.log(PROBS[:2, :2] / PROBS[:2, :2].sum(axis=1, keepdims=True))
    )
    assert scores.classes == ["a", "b", "z"] and scores.metrics["accuracy"].value == 50.0
    assert scores.metrics["F1 z"].value == 0.0 and scores.metrics["macro F1"].value == pytest.approx(100 / 3)
    assert scores.metrics["loss"].value == pytest.approx(-np.log(0.7 / 0.9))


def test_a_class_that_a_resample_has_not_counts_nowhere() -> None:
    names = [str(i) for i in range(8)]
    gold = names * 2
    right = np.log(np.eye(8)[[int(name) for name in gold]] * 0.9 + 0.1 / 8)
    macro = ClassificationScores(names, gold, right).metrics["macro F1"]
    assert macro.value == 100.0 and macro.interval == (100.0, 100.0)


def test_nothing_to_score() -> None:
    with pytest.raises(ValueError, match="no example"):
        ClassificationScores(["a", "b"], [], np.zeros((0, 2)))
