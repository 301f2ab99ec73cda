"""Series as arrays: what was measured, when, and what else is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TimeSeriesTable:
    """One or many series of one time grid, one after the other in R rows.

    Args:
        source: the file, for messages.
        series_names: (S,) of the series; "" where there is but one.
        starts: (S + 1,) their first rows, and R.
        times: (R,) without gaps within a series: of the frequency.
        frequency: as pandas calls it ("h", "D", "MS", ...).
        target_names: names of what is to be forecast.
        values: (R, C) of the targets, the last known one where none was measured, NaN before the first.
        observed_mask: (R, C) which of them were measured.
        covariate_names: names of what is known of the future too: the user's own, then those of the calendar.
        num_user_covariates: how many of the covariates are the user's own.
        known_covariates: (R, F) of the covariates.
        num_future_rows: (S,) rows at the end of each series of which only the covariates are given.
        static_covariate_names: names of what does not change within a series.
        static_covariates: (S, K) of these.
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

    @property
    def series_index(self) -> NDArray[np.int64]:
        """(R,) the series of each row."""
        return np.repeat(np.arange(len(self.series_names)), np.diff(self.starts))

    def label(self, series: int) -> str:
        """What a series is called in a message."""
        return f"series {self.series_names[series]}" if self.series_names[series] else "the series"


def fill_forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N, C) with each NaN replaced by the last number above it in its column; those before the first stay."""
    last = np.where(np.isnan(values), -1, np.arange(len(values))[:, None])
    last = np.maximum.accumulate(last, axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last < 0, np.nan, filled)
