"""The time grid of series: frequency, seasonality and calendar features."""

import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.time_zone import from_clock_times, to_clock_times
from grunlp.utils.errors import UserError

# Steps in a season, by the name of the frequency; a business-day grid has five days a week.
_SEASONALITIES = {"B": 5, "C": 5, "W": 52, "SMS": 24, "SME": 24, "WOM": 12, "LWOM": 12}
_SEASONALITIES |= {f"{kind}{end}": steps for kind, steps in (("M", 12), ("Q", 4), ("Y", 1)) for end in ("S", "E")}
_SEASONALITIES |= {f"B{name}": _SEASONALITIES[name] for name in ("MS", "ME", "QS", "QE", "YS", "YE")}
_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
# Frequencies by the length of their steps in days; if steps are missing, all times must be on the frequency.
_ANCHORED_FREQUENCIES = (
    ((7, 7), [f"W-{day}" for day in ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")]),
    ((28, 31), ["MS", "ME", "BMS", "BME"]),
    ((88, 93), [f"{kind}-{month}" for kind in ("QS", "BQS") for month in _MONTH_NAMES[:3]]),
    ((88, 93), [f"{kind}-{month}" for kind in ("QE", "BQE") for month in _MONTH_NAMES[9:]]),
    ((364, 367), [f"{kind}-{month}" for kind in ("YS", "YE", "BYS", "BYE") for month in _MONTH_NAMES]),
)
_SECONDS_PER_DAY = 86_400.0


def infer_frequency(times: Any) -> str | None:
    """Return the frequency of the times of one series, in pandas notation; None if they have none.

    It is the frequency of all times, if there is one, otherwise that of the most common step: business days instead of
    days if no time is on a weekend; weeks, months, quarters or years if all times are on an anchor that pandas knows.

    Args:
        times: a DatetimeIndex of clock times, increasing.
    """
    import pandas as pd

    if len(times) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a later pandas gives the frequency as an object, which is read as well
        whole = pd.infer_freq(times) if len(times) > 2 else None
    if whole:
        return str(pd.tseries.frequencies.to_offset(whole).freqstr)
    step = pd.Series(times).diff().mode().iloc[0]
    for (least, most), names in _ANCHORED_FREQUENCIES:
        for name in names if least <= step.days <= most else ():
            offset = pd.tseries.frequencies.to_offset(name)
            if all(offset.is_on_offset(time) for time in times):
                return str(offset.freqstr)
    if step == pd.Timedelta(days=1):
        return "B" if len(times) > 7 and (times.day_of_week < 5).all() else "D"
    return str(pd.tseries.frequencies.to_offset(step).freqstr)


def is_frequency(name: str) -> bool:
    """Return whether pandas knows a frequency and times can have it: its steps go forward, by less than 200 years."""
    import pandas as pd

    start = pd.Timestamp("2000-01-01")
    try:
        offset = pd.tseries.frequencies.to_offset(name)
        return bool(offset is not None and start < start + offset < start + pd.DateOffset(years=200))
    except (ValueError, OverflowError):  # pandas raises subclasses of ValueError for dates out of bounds
        return False


def require_frequency(frequency: str) -> None:
    """Raise UserError unless times can have a frequency."""
    if not is_frequency(frequency):
        details = "expected the name of a frequency in pandas, of steps above 0: h, 15min, D, B, W-MON, MS, QS-JAN"
        raise UserError(f"data.frequency={frequency}: no such frequency", details, "Correct it.")


def get_seasonality(frequency: str) -> int:
    """Return the number of steps in the main season: a day for hours or minutes, a week for days, a year for months."""
    import pandas as pd

    offset = pd.tseries.frequencies.to_offset(frequency)
    try:
        step = pd.Timedelta(offset).total_seconds()
    except ValueError:  # months and quarters have no fixed length
        steps = _SEASONALITIES.get(str(offset.rule_code).partition("-")[0], 1)
        return max(1, steps // offset.n)
    if step < _SECONDS_PER_DAY:
        return max(1, round(_SECONDS_PER_DAY / step))
    return max(1, round(7 * _SECONDS_PER_DAY / step))


def calendar_features(times: NDArray[np.datetime64], names: Collection[str] | None) -> dict[str, NDArray[np.float64]]:
    """Return the sine and cosine of the hour of the day, the day of the week and the day of the year.

    Args:
        times: (R,) clock times.
        names: the features to compute; None: those that vary.

    Returns:
        arrays (R,) by name.
    """
    import pandas as pd

    index = pd.DatetimeIndex(times)
    hours = (index.hour + index.minute / 60 + index.second / 3600).to_numpy(float)
    turns = {
        "hour": hours / 24,
        "weekday": (index.day_of_week.to_numpy(float) + hours / 24) / 7,
        "yearday": (index.day_of_year.to_numpy(float) - 1 + hours / 24) / 365.25,
    }
    weekdays = index.day_of_week.nunique() > 1 and not _is_monthly_or_longer(index)
    varies = {"hour": np.ptp(hours) > 0, "weekday": weekdays, "yearday": index.day_of_year.nunique() > 1}
    features = {}
    for name, turn in turns.items():
        if varies[name] if names is None else f"{name} sin" in names:
            features[f"{name} sin"], features[f"{name} cos"] = np.sin(2 * np.pi * turn), np.cos(2 * np.pi * turn)
    return features


def _is_monthly_or_longer(index: Any) -> bool:
    """Return whether steps are a month or longer, in which case the day of the week is arbitrary."""
    days = np.diff(np.unique(index.to_numpy())) / np.timedelta64(1, "D")
    return len(days) > 0 and float(np.median(days)) >= 28


def make_grid(first: Any, last: Any, frequency: str, time_zone: str | None) -> Any:
    """Return the times of a series from the first to the last, a DatetimeIndex. All are stored times.

    Steps of a day and longer follow the clocks of the zone, shorter ones pass over their changes.
    """
    import pandas as pd

    if time_zone is None or _is_shorter_than_a_day(frequency):
        return pd.date_range(first, last, freq=frequency)
    start, end = to_clock_times([first, last], time_zone)
    return from_clock_times(pd.date_range(start, end, freq=frequency), time_zone)


def future_timestamps(last: np.datetime64, frequency: str, count: int, time_zone: str | None) -> NDArray[np.datetime64]:
    """Return the (count,) stored times that follow. `time_zone`: as in `make_grid`."""
    import pandas as pd

    if time_zone is None or _is_shorter_than_a_day(frequency):
        return pd.date_range(last, periods=count + 1, freq=frequency)[1:].to_numpy()
    clock = to_clock_times([last], time_zone)[0]
    following = pd.date_range(clock, periods=count + 1, freq=frequency)[1:]
    return np.asarray(from_clock_times(following, time_zone).to_numpy())


def _is_shorter_than_a_day(frequency: str) -> bool:
    import pandas as pd

    try:
        return bool(pd.Timedelta(pd.tseries.frequencies.to_offset(frequency)) < pd.Timedelta(days=1))
    except ValueError:  # days of the calendar, weeks, months
        return False
