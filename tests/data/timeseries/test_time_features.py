"""Frequencies, seasons and what the calendar says."""

import numpy as np
import pandas as pd
import pytest

from grunlp.data.timeseries.time_features import (
    calendar_features,
    future_timestamps,
    get_seasonality,
    infer_frequency,
    is_frequency,
    require_frequency,
)
from grunlp.utils.errors import UserError


@pytest.mark.parametrize(
    ("frequency", "season"),
    [
        ("h", 24), ("2h", 12), ("15min", 96), ("D", 7), ("B", 5),
        ("W-SUN", 52), ("W-WED", 52), ("MS", 12), ("ME", 12), ("BME", 12), ("QS-JAN", 4), ("QE-NOV", 4), ("YS-JAN", 1),
    ],
)  # fmt: skip
def test_frequencies_are_found_with_and_without_gaps(frequency: str, season: int) -> None:
    times = pd.date_range("2021-01-01", periods=60, freq=frequency)
    assert infer_frequency(times) == frequency and get_seasonality(frequency) == season
    assert infer_frequency(times.delete([20, 21, 40])) == frequency
    np.testing.assert_array_equal(
        future_timestamps(times[49].to_datetime64(), frequency, 10, None), times[50:].to_numpy()
    )


def test_seasons_of_multiples() -> None:
    expected = {"2MS": 6, "2W-SUN": 26, "BQE-DEC": 4, "BYE-DEC": 1, "WOM-3FRI": 12, "3YS-JAN": 1}
    assert {name: get_seasonality(name) for name in expected} == expected


def test_one_time_has_no_frequency() -> None:
    assert infer_frequency(pd.DatetimeIndex(["2021-01-01"])) is None


def test_the_calendar() -> None:
    hours = pd.date_range("2024-01-01", periods=24 * 14, freq="h").to_numpy()
    features = calendar_features(hours, None)
    assert set(features) == {f"{name} {wave}" for name in ("hour", "weekday", "yearday") for wave in ("sin", "cos")}
    np.testing.assert_allclose(features["hour sin"][6::24], 1.0)
    np.testing.assert_allclose(features["weekday cos"][: 24 * 7], features["weekday cos"][24 * 7 :])
    months = pd.date_range("2020-01-01", periods=24, freq="MS").to_numpy()
    assert set(calendar_features(months, None)) == {"yearday sin", "yearday cos"}
    assert list(calendar_features(months[:1], ["price", "hour sin", "hour cos"])) == ["hour sin", "hour cos"]


@pytest.mark.parametrize("name", ["0h", "-1D", "999999999D", "9" * 30 + "h", "hourly", "", "300YS"])
def test_steps_that_times_cannot_have_are_refused(name: str) -> None:
    assert not is_frequency(name)
    with pytest.raises(UserError, match=r"(?s)data.frequency=.*no such frequency.*steps above 0"):
        require_frequency(name)


def test_steps_of_every_length() -> None:
    assert all(map(is_frequency, ["1ns", "15min", "h", "B", "W-MON", "WOM-3FRI", "BQE-DEC", "QS-JAN", "100YS"]))
