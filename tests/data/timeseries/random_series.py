"""Columns and random time series for tests."""

from typing import Any

import numpy as np

from grunlp.data.timeseries.reader import SeriesColumns
from grunlp.data.timeseries.timeseries import TimeSeriesTable


def columns(**changed: Any) -> SeriesColumns:
    """Columns of a file without roles, except those that are changed."""
    plain = {
        "targets": None,
        "series_id": None,
        "known_covariates": (),
        "static_covariates": (),
        "calendar_features": False,
    }
    return SeriesColumns(**(plain | changed))


def table(*lengths: int, targets: int = 2) -> TimeSeriesTable:
    """Random series that end on the same day."""
    rng = np.random.default_rng(0)
    rows = sum(lengths)
    last = np.datetime64("2024-12-31")
    times = np.concatenate([last - np.arange(n)[::-1] for n in lengths]).astype("datetime64[ns]")
    return TimeSeriesTable(
        source="made", series_names=tuple(map(str, range(len(lengths)))), starts=np.cumsum([0, *lengths]), times=times,
        frequency="D", target_names=tuple("ab"[:targets]), values=rng.normal(5, 2, (rows, targets)),
        observed_mask=np.ones((rows, targets), dtype=bool), covariate_names=("price",),
        num_user_covariates=1, known_covariates=rng.normal(3, 2, (rows, 1)),
        num_future_rows=np.zeros(len(lengths), dtype=int), static_covariate_names=(),
        static_covariates=np.zeros((len(lengths), 0)),
    )  # fmt: skip
