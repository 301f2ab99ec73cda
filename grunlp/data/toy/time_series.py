"""A toy time series with known components: a trend, a daily and a weekly season, and noise."""

from collections.abc import Iterator

import numpy as np

_NUM_HOURS = 24 * 7 * 20
NOISE = 0.3  # standard deviation of the noise, the lower bound of the RMSE of any forecast


def seasonal_series_rows() -> Iterator[tuple[str, float]]:
    """Yield hours and their values, which are always the same."""
    noise = np.random.default_rng(40).normal(scale=NOISE, size=_NUM_HOURS)
    start = np.datetime64("2024-01-01T00", "h")  # a Monday
    for hour in range(_NUM_HOURS):
        day = np.sin(2 * np.pi * hour / 24)
        week = 1.5 if hour // 24 % 7 >= 5 else 0.0
        time = str(start + hour).replace("T", " ") + ":00"
        yield time, round(float(10 + hour / 500 + 2 * day * (1 - week / 3) + week + noise[hour]), 4)
