"""Toy time series whose class says which of two events comes first."""

from collections.abc import Iterator

import numpy as np

from grunlp.data.examples import LabeledSeries

_SIZES = {"train": 800, "dev": 200, "test": 200}
_NUM_STEPS, _NUM_FEATURES = 100, 128
_EVENT_HEIGHT, _EVENT_LENGTH = 1.5, 5


def wave_sequences(split: str) -> Iterator[LabeledSeries]:
    """Yield noise (100 steps, 128 features) with two events, each a direction in the feature space for five steps.

    The class says whether the event of the first kind is "before" or "after" the other. The series are always the same.
    """
    directions = np.random.default_rng(0).choice([-1.0, 1.0], size=(2, _NUM_FEATURES))
    random = np.random.default_rng([1, list(_SIZES).index(split)])
    for number in range(_SIZES[split]):
        early, late = (
            np.sort(random.choice(np.arange(2, _NUM_STEPS // _EVENT_LENGTH), size=2, replace=False)) * _EVENT_LENGTH
        )
        before = bool(random.integers(2))
        values = random.normal(size=(_NUM_STEPS, _NUM_FEATURES))
        for start, direction in ((early, directions[0 if before else 1]), (late, directions[1 if before else 0])):
            values[start : start + _EVENT_LENGTH] += _EVENT_HEIGHT * direction
        flat = values.astype(np.float32).ravel().tolist()
        yield LabeledSeries(
            id=f"{split}-{number}", label="before" if before else "after", steps=_NUM_STEPS, values=flat
        )
