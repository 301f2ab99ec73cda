"""Calibration of predicted probabilities."""

from collections.abc import Sequence

import numpy as np

NUM_BINS = 10


def calibration_error(probabilities: Sequence[float], correct: Sequence[bool]) -> float:
    """Compute the expected calibration error in percent (Guo et al. 2017, eq. 3, ten bins of equal width).

    It is the mean distance, over the bins, between mean probability and accuracy.

    Args:
        probabilities: predicted probability of each answer; at least one.
        correct: whether each answer is correct.
    """
    values, hits = np.asarray(probabilities, dtype=float), np.asarray(correct, dtype=float)
    bins = np.minimum((values * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = [abs(float((values - hits)[bins == b].sum())) for b in range(NUM_BINS)]
    return 100 * sum(gaps) / len(values)
