"""Time series as arrays: values, times and covariates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.layout import DETECT_ALL, TableLayout
from grunlp.data.timeseries.time_zone import to_clock_times


@dataclass(frozen=True)
class TimeSeriesTable:
    """One or more series on one time grid, in R rows, series after series.

    Attributes:
        source: the file, for messages.
        series_names: (S,) names of the series; "" if there is only one.
        starts: (S + 1,) the first row of each series, then R.
        times: (R,) times, without gaps within a series: instants in UTC if the layout has a time zone, otherwise clock
            times.
        frequency: the frequency in pandas notation ("h", "D", "MS", ...).
        target_names: names of the series to forecast.
        values: (R, C) values of the targets; missing values are filled with the last known value, or NaN before the
            first.
        observed_mask: (R, C) whether each value was measured.
        covariate_names: names of the covariates whose future is known: the user's, then the time features.
        num_user_covariates: number of covariates that come from the user's file.
        known_covariates: (R, F) values of the covariates.
        num_future_rows: (S,) number of rows at the end of each series that only have covariates.
        static_covariate_names: names of the static covariates.
        static_covariates: (S, K) values of the static covariates.
        layout: how the table was read.
        units: the units of columns whose cells have one, a currency or per cent.
        guesses: what was guessed, each with the option that overrides it.
    """

    source: str
    series_names: tuple[str, ...]
    starts: NDArray[np.int64]
    times: NDArray[np.datetime64]
    frequency: str
    target_names: tuple[str, ...]
    values: NDArray[np.float64]
    observed_mask: NDArray[np.bool_]
    covariate_names: tuple[str, ...]
    num_user_covariates: int
    known_covariates: NDArray[np.float64]
    num_future_rows: NDArray[np.int64]
    static_covariate_names: tuple[str, ...]
    static_covariates: NDArray[np.float64]
    layout: TableLayout = DETECT_ALL
    units: Mapping[str, str] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()

    @property
    def clock_times(self) -> Any:
        """(R,) the times as clocks show them, a DatetimeIndex."""
        return to_clock_times(self.times, self.layout.time_zone)

    @property
    def series_index(self) -> NDArray[np.int64]:
        """(R,) index of the series of each row."""
        return np.repeat(np.arange(len(self.series_names)), np.diff(self.starts))

    def label(self, series: int) -> str:
        """Return the name of a series for messages."""
        return f"series {self.series_names[series]}" if self.series_names[series] else "the series"


def fill_forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Replace each NaN of (N, C) with the last number above it in its column; those before the first number remain."""
    last = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(last, axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, np.nan, filled)
