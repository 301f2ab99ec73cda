"""The Diebold-Mariano test: by hand, at its limits, and its rate of false alarms."""

import math

import numpy as np
import pytest

from grunlp.metrics.significance import student_two_sided
from grunlp.tasks.forecasting.diebold_mariano import diebold_mariano


def test_diebold_mariano_by_hand() -> None:
    """d = 1, 3, 2, 2, -1, 5: mean 2; centred -1, 1, 0, 0, -3, 3: γ0 = 20/6, γ1 = (-1 + 0 + 0 + 0 - 9)/6 = -10/6,
    γ2 = (0 + 0 + 0 + 0)/6 = 0. One step: V = γ0, correction (6 + 1 - 2)/6; two: V = γ0 + 2 γ1 = 0, so by falling
    weights γ0 + γ1, correction (6 + 1 - 4 + 2/6)/6."""
    first, second = np.array([2.0, 4, 3, 3, 0, 6]), np.ones(6)
    one = diebold_mariano(first, second, 1)
    assert one.statistic == pytest.approx(2 / math.sqrt(20 / 36) * math.sqrt(5 / 6))
    two = diebold_mariano(first, second, 2)
    assert two.statistic == pytest.approx(2 / math.sqrt(10 / 36) * math.sqrt((7 - 4 + 2 / 6) / 6))
    assert one.statistic is not None and one.p == pytest.approx(student_two_sided(one.statistic, 5))
    swapped = diebold_mariano(second, first, 1)
    assert swapped.statistic == pytest.approx(-one.statistic) and swapped.p == pytest.approx(one.p)


def test_diebold_mariano_of_degenerate_errors() -> None:
    same = np.ones(20)
    assert diebold_mariano(same, same, 3) == (0.0, 1.0)
    assert diebold_mariano(same, same + 1, 3) == (-math.inf, 0.0)
    assert diebold_mariano(same[:5], same[:5], 5) == (None, None), "fewer forecasts than it takes"


def test_false_alarm_rate_is_the_level() -> None:
    """Of two forecasters that are equally good, one in twenty is found better: moving sums, as horizons make them."""
    rng, found = np.random.default_rng(0), 0
    for _ in range(400):
        noise = rng.normal(size=(2, 203))
        losses = np.stack([np.convolve(row**2, np.ones(4), "valid") for row in noise])
        p = diebold_mariano(*losses, 4).p
        assert p is not None
        found += p < 0.05
    assert 8 <= found <= 36
