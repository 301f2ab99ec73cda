"""Whether probabilities mean what they say."""

from collections.abc import Sequence

import numpy as np

NUM_BINS = 10


def calibration_error(probabilities: Sequence[float], correct: Sequence[bool]) -> float:
    """The expected calibration error, in percent: how far, over answers of like probability, the mean probability is
    from the share that is right (Guo et al. 2017, eq. 3, ten bins of equal width).

    Args:
        probabilities: of N answers, at least one.
        correct: whether each was right.
    """
    values, hits = np.asarray(probabilities, dtype=float), np.asarray(correct, dtype=float)
    bins = np.minimum((values * NUM_BINS).astype(int), NUM_BINS - 1)
    gaps = [abs(float((values - hits)[bins == b].sum())) for b in range(NUM_BINS)]
    return 100 * sum(gaps) / len(values)
