"""Toy series: hourly values with a trend, a daily and a weekly season."""

import numpy as np

from grunlp.data.toy.time_series import NOISE, seasonal_series_rows


def test_hours_are_consecutive_and_the_series_deterministic() -> None:
    rows = list(seasonal_series_rows())
    times = np.array([time for time, _ in rows], dtype="datetime64[h]")
    assert len(rows) == 24 * 7 * 20 and set(np.diff(times).astype(int)) == {1}
    assert rows == list(seasonal_series_rows())


def test_seasons_and_trend_explain_all_but_the_noise() -> None:
    values = np.array([value for _, value in seasonal_series_rows()])
    hours = np.arange(len(values))
    week = np.eye(168)[hours % 168]
    design = np.column_stack([week, hours])
    residuals = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    assert 0.8 * NOISE < residuals.std() < 1.1 * NOISE
