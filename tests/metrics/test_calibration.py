import random

import pytest

from grunlp.metrics.calibration import calibration_error


def test_against_the_definition() -> None:
    """Σ over bins of their share of all answers times |accuracy - mean probability|."""
    draw = random.Random(1)
    probabilities = [draw.random() for _ in range(200)] + [0.0, 0.1, 0.3, 1.0]
    right = [draw.random() < 0.5 for _ in probabilities]
    expected = 0.0
    for b in range(10):
        inside = [i for i, p in enumerate(probabilities) if b <= 10 * p < b + 1 or (b == 9 and p == 1)]
        accuracy = sum(right[i] for i in inside) / len(inside)
        confidence = sum(probabilities[i] for i in inside) / len(inside)
        expected += len(inside) / len(probabilities) * abs(accuracy - confidence)
    assert calibration_error(probabilities, right) == pytest.approx(100 * expected)


def test_simple_cases() -> None:
    assert calibration_error([1.0, 1.0, 0.0], [True, True, False]) == 0
    assert calibration_error([0.9] * 10, [True] * 9 + [False]) == pytest.approx(0)
    assert calibration_error([0.9] * 10, [True, False] * 5) == pytest.approx(40)
