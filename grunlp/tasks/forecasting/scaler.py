"""Standardization of each series to mean 0 and variance 1 over its training rows.

`scaling.json` of a run folder has everything needed to scale another file in the same way, and to convert forecasts
back to the units of the file.
"""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.timeseries.time_features import is_frequency
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import read_json

FloatMatrix = list[list[float]]


@dataclass(frozen=True)
class Standardizer:
    """The means and scales of all columns.

    Args:
        targets, covariates, statics: names of the columns.
        own: number of covariates that come from the user's file.
        frequency: the frequency of the times.
        season: number of steps in the season of the seasonal-naive forecast.
        names: (S,) names of the series.
        means, scales: (S, C) mean and scale of the targets of each series over its training rows.
        steps: (S, C) mean absolute change over a season in these rows, in the units of the file: the denominator of
            MASE.
        known_means, known_scales: (F,) mean and scale of the covariates over all training rows; 0 and 1 for time
        features.
        static_means, static_scales: (K,) mean and scale of the static covariates over all series.
        units: units of the columns whose cells had one; None: the run did not store them.
    """

    targets: list[str]
    covariates: list[str]
    own: int
    statics: list[str]
    frequency: str
    season: int
    names: list[str]
    means: FloatMatrix
    scales: FloatMatrix
    steps: FloatMatrix
    known_means: list[float]
    known_scales: list[float]
    static_means: list[float]
    static_scales: list[float]
    units: dict[str, str] | None = None

    def save(self, path: Path) -> None:
        """Write the scaling as JSON."""
        write_file_atomically(path, json.dumps(asdict(self), indent=2, ensure_ascii=False))

    @classmethod
    def load(cls, path: Path) -> "Standardizer":
        """Load a scaling that `save` wrote. Raises DataError for any other file."""
        content = read_json(path)
        try:
            _require_sizes(content)
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                path, None, f"not a scaling: {error!s:.200}", "expected the scaling.json of a run folder"
            ) from None
        return cls(**content)

    def scale_known_covariates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled covariates (R, F), 0 where they are missing."""
        return np.nan_to_num((values - np.array(self.known_means)) / np.array(self.known_scales))

    def scale_static_covariates(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scaled static covariates (S, K)."""
        return (values - np.array(self.static_means)) / np.array(self.static_scales)


def _require_sizes(content: Any) -> None:
    """Raise ValueError, KeyError or TypeError unless all fields exist and have consistent sizes."""
    if {*content, "units"} != {field.name for field in fields(Standardizer)}:
        raise ValueError("other keys than a scaling has")
    units = content.get("units") or {}
    if not isinstance(units, dict) or not all(isinstance(unit, str) for unit in units.values()):
        raise ValueError("units are not strings by column")
    for name in ("targets", "covariates", "statics", "names"):
        if not isinstance(content[name], list) or not all(isinstance(item, str) for item in content[name]):
            raise ValueError(f"{name} are not strings")
        if len(set(content[name])) != len(content[name]):
            raise ValueError(f"{name} has a duplicate")
    for name, least, most in (("own", 0, len(content["covariates"])), ("season", 1, 10**9)):
        if type(content[name]) is not int or not least <= content[name] <= most:
            raise ValueError(f"{name} is out of bounds")
    if not isinstance(content["frequency"], str) or not is_frequency(content["frequency"]):
        raise ValueError("frequency is not one of pandas")
    if not content["targets"]:
        raise ValueError("targets are missing")
    series, channels = len(content["names"]), len(content["targets"])
    shapes = {
        **dict.fromkeys(("means", "scales", "steps"), (series, channels)),
        **dict.fromkeys(("known_means", "known_scales"), (len(content["covariates"]),)),
        **dict.fromkeys(("static_means", "static_scales"), (len(content["statics"]),)),
    }
    for name, shape in shapes.items():
        if not _is_number_array(content[name], *shape):
            raise ValueError(f"{name} are not {' x '.join(map(str, shape))} finite numbers")
        if name.endswith(("scales", "steps")) and not (np.array(content[name]) > 0).all():
            raise ValueError(f"{name} are not above 0")


def _is_number_array(content: Any, size: int, *more: int) -> bool:
    if not isinstance(content, list) or len(content) != size:
        return False
    if more:
        return all(_is_number_array(item, *more) for item in content)
    return all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e300 for n in content)


def fit_standardizer(table: TimeSeriesTable, ends: NDArray[np.int64], seasonality: int, history: int) -> Standardizer:
    """Compute means and scales from training rows only.

    Args:
        table: all rows; those after `ends` are not used.
        ends: (S,) end of the training rows of each series. A series without training rows is scaled by its first
            `history` rows, which no window forecasts.
        seasonality: number of steps in a season.
        history: number of rows that a window reads.
    """
    training_values = [_training_values(table, i, int(end), history) for i, end in enumerate(ends)]
    never = np.argwhere([~np.isfinite(series_values).any(axis=0) for series_values in training_values])
    if len(never):
        series, target = never[0]
        details = "its scale is measured on training rows"
        message = f"{table.label(int(series))}: {table.target_names[target]!r} is never measured in training"
        raise DataError(
            table.source, None, message, details, "Exclude it with data.targets=, or raise data.train_rows."
        )
    means, scales, steps = (
        np.stack(statistics)
        for statistics in zip(
            *(_column_statistics(series_values, seasonality) for series_values in training_values), strict=True
        )
    )
    rows = np.concatenate([np.arange(start, end) for start, end in zip(table.starts[:-1], ends, strict=True)])
    own = (
        table.known_covariates[rows, : table.num_user_covariates]
        if len(rows)
        else table.known_covariates[:0, : table.num_user_covariates]
    )
    calendar = len(table.covariate_names) - table.num_user_covariates
    return Standardizer(
        targets=list(table.target_names),
        covariates=list(table.covariate_names),
        own=table.num_user_covariates,
        statics=list(table.static_covariate_names),
        frequency=table.frequency,
        season=seasonality,
        names=list(table.series_names),
        means=means.tolist(),
        scales=scales.tolist(),
        steps=steps.tolist(),
        known_means=[*_column_means(own).tolist(), *[0.0] * calendar],
        known_scales=[*_column_stds(own).tolist(), *[1.0] * calendar],
        static_means=_column_means(table.static_covariates).tolist(),
        static_scales=_column_stds(table.static_covariates).tolist(),
        units=dict(table.units),
    )


def standardization_for(
    table: TimeSeriesTable, standardizer: Standardizer, history: int
) -> tuple[NDArray[np.float64], ...]:
    """Return the means, scales and seasonal changes (S, C) for the series of another file.

    A series with the name of a training series has the values of that series; any other series has those of its first
    `history` rows.
    """
    rows = []
    for i, name in enumerate(table.series_names):
        if name in standardizer.names:
            index = standardizer.names.index(name)
            rows.append(
                tuple(
                    np.array(statistic[index])
                    for statistic in (standardizer.means, standardizer.scales, standardizer.steps)
                )
            )
        else:
            rows.append(
                _column_statistics(_training_values(table, i, int(table.starts[i]), history), standardizer.season)
            )
    return tuple(np.stack(statistics) for statistics in zip(*rows, strict=True))


def _training_values(table: TimeSeriesTable, series: int, end: int, history: int) -> NDArray[np.float64]:
    """Return the (N, C) observed values of a series in its training rows, with NaN for the others."""
    start = int(table.starts[series])
    rows = slice(start, end)
    if not table.observed_mask[rows].any():
        rows = slice(start, start + history)
    return np.where(table.observed_mask[rows], table.values[rows], np.nan)


def _column_statistics(values: NDArray[np.float64], seasonality: int) -> tuple[NDArray[np.float64], ...]:
    """Return the mean, scale and mean change over a season (C,) of observed values (N, C)."""
    scale = _column_stds(values)
    lag = seasonality if len(values) > seasonality else 1
    changes = np.abs(values[lag:] - values[:-lag])
    change = _column_means(changes)
    return _column_means(values), scale, np.where(change > 0, change, scale)


def _column_means(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each column, 0 if the column is empty."""
    details = ~np.isnan(values)
    return np.where(details, values, 0.0).sum(axis=0) / np.maximum(1, details.sum(axis=0))


def _column_stds(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the standard deviation of each column, 1 if it is 0."""
    stds = np.sqrt(_column_means((values - _column_means(values)) ** 2))
    return np.where(stds > 1e-12, stds, 1.0)
