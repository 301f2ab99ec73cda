"""The Diebold-Mariano test of equal forecast accuracy (Diebold and Mariano 1995)."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.significance import student_two_sided


class DieboldMariano(NamedTuple):
    """The result of a Diebold-Mariano test.

    Attributes:
        statistic: negative if the first forecaster has the smaller loss; None for too few forecasts.
        p: two-sided p-value; None for too few forecasts.
    """

    statistic: float | None
    p: float | None


def diebold_mariano(first: NDArray[np.float64], second: NDArray[np.float64], horizon: int) -> DieboldMariano:
    """Test whether two sequences of losses have the same mean.

    Forecasts H steps ahead share H - 1 steps with their neighbours, so the variance of the mean difference includes the
    autocovariances up to lag H - 1 (Diebold and Mariano 1995, eq. 1), or, if that sum is not positive, with Bartlett
    weights (Newey and West 1987). The statistic is corrected for small samples and compared with Student's t (Harvey,
    Leybourne and Newbold 1997, eq. 9).

    Args:
        first: (n,) losses of the first forecaster, in order of time.
        second: (n,) losses of the second forecaster for the same forecasts.
        horizon: H, number of steps ahead.
    """
    difference = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    n = len(difference)
    correction = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n if n else 0.0
    if n < max(3, horizon + 1) or correction <= 0:
        return DieboldMariano(None, None)
    mean = float(difference.mean())
    centred = difference - mean
    covariances = np.array([centred[lag:] @ centred[: n - lag] / n for lag in range(horizon)])
    variance = covariances[0] + 2 * covariances[1:].sum()
    if variance <= 0:
        variance = covariances[0] + 2 * ((1 - np.arange(1, horizon) / horizon) * covariances[1:]).sum()
    if variance <= 1e-12 * mean**2 or variance == 0:  # the difference is constant
        return DieboldMariano(0.0, 1.0) if mean == 0 else DieboldMariano(math.copysign(math.inf, mean), 0.0)
    statistic = mean / math.sqrt(variance / n) * math.sqrt(correction)
    return DieboldMariano(statistic, student_two_sided(statistic, n - 1))
