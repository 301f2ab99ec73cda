"""Times and rows of forecasts as text, for the command line and the server."""

import math
from typing import Any

from grunlp.tasks.predictor import Record


def format_times(times: Any) -> list[str]:
    """Write times with their offsets from UTC if they have a zone; as dates if all are at midnight."""
    if times.tz is None:
        return list(times.strftime("%Y-%m-%d" if (times == times.normalize()).all() else "%Y-%m-%d %H:%M:%S"))
    return [time.isoformat(" ", "seconds") for time in times]


def forecast_records(forecasts: Any) -> list[Record]:
    """Make a record of each row, rounded as `python -m grunlp.predict` does.

    A bound is null if the model has no intervals.
    """
    import pandas as pd

    rows = forecasts.to_dict("records")
    for row, time in zip(rows, format_times(pd.DatetimeIndex(forecasts["time"])), strict=True):
        row["time"] = time
        for name in ("forecast", "lower", "upper"):
            row[name] = None if math.isnan(row[name]) else float(f"{row[name]:.6g}")
    return list(rows)
