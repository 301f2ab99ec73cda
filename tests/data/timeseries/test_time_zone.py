"""Instants, clock times and zones."""

import numpy as np
import pandas as pd
import pytest

from grunlp.data.timeseries.time_zone import (
    find_zones_by_offsets,
    find_zones_set_back_at,
    from_clock_times,
    name_fixed_offset,
    require_time_zone,
    to_clock_times,
    to_zoned_times,
)
from grunlp.utils.errors import UserError


def test_clock_times_and_back() -> None:
    clock = pd.DatetimeIndex(["2023-10-29 01:00", "2023-10-29 02:00", "2023-10-29 02:00", "2023-10-29 03:00"])
    stored = from_clock_times(clock, "Europe/Paris", np.array([True, True, False, True]))
    assert [time.hour for time in stored] == [23, 0, 1, 2]
    assert (to_clock_times(stored, "Europe/Paris") == clock).all()
    assert str(to_zoned_times(stored, "Europe/Paris")[2]) == "2023-10-29 02:00:00+01:00"
    assert from_clock_times(clock, None) is clock and to_clock_times(clock, None).equals(clock)


def test_times_that_do_not_exist() -> None:
    hours = pd.DatetimeIndex(["2023-03-26 01:00", "2023-03-26 02:30"])
    assert from_clock_times(hours, "Europe/Paris").isna().tolist() == [False, True]
    days = pd.DatetimeIndex(["2018-11-03", "2018-11-04"])  # at midnight, clocks were set forward in Brazil
    assert str(to_clock_times(from_clock_times(days, "America/Sao_Paulo"), "America/Sao_Paulo")[1])[11:] == "01:00:00"


def test_zones_are_found_by_their_offsets() -> None:
    times = pd.date_range("2023-03-01", periods=60, freq="D", tz="America/Chicago")
    instants = times.tz_convert("UTC").tz_localize(None)
    offsets = np.array([int(time.utcoffset().total_seconds() // 60) for time in times])
    assert next(find_zones_by_offsets(instants, offsets)) == "America/Chicago"
    assert next(find_zones_by_offsets(instants, np.where(np.arange(60) < 3, 37, offsets)), None) is None


def test_zones_are_found_by_an_hour_that_came_twice() -> None:
    assert next(find_zones_set_back_at(pd.Timestamp("2023-11-05 01:30"))) == "America/New_York"
    assert next(find_zones_set_back_at(pd.Timestamp("2023-07-05 01:30")), None) is None


def test_names_of_zones() -> None:
    assert [name_fixed_offset(minutes) for minutes in (0, 330, -480)] == ["UTC", "UTC+05:30", "UTC-08:00"]
    assert require_time_zone("UTC-08:00") == "UTC-08:00" and require_time_zone("Asia/Tokyo") == "Asia/Tokyo"
    with pytest.raises(UserError, match=r"(?s)Europe/Pari: no such time zone.*data.time_zone=Europe/Paris"):
        require_time_zone("Europe/Pari")
