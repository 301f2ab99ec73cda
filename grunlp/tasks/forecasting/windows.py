"""Windows of series: a history to read and a horizon to forecast."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.utils.errors import DataError

RowRanges = NDArray[np.int64]  # (S, 2) the first row of a split in each series, and where it ends


class ForecastWindow(NamedTuple):
    """A batch of B scaled windows with T steps of history and H steps of horizon.

    Attributes:
        values: (B, T + H, C) values of the targets.
        observed_mask: (B, T + H, C) whether each value was measured.
        known_covariates: (B, T + H, F) known covariates.
        static_covariates: (B, K) static covariates.
    """

    values: Tensor
    observed_mask: Tensor
    known_covariates: Tensor
    static_covariates: Tensor


class TimeSeriesTensors:
    """A scaled table, from which windows are cut.

    Args:
        table: the table before scaling.
        standardizer: the scaling of the training data, for covariates.
        means, scales: (S, C) mean and scale of the targets of each series.

    Attributes:
        values, observed_mask, known_covariates, static_covariates: as in `ForecastWindow`, for all rows
            (R, ...) and series (S, K).
        series_index: (R,) index of the series of each row.
    """

    def __init__(
        self,
        table: TimeSeriesTable,
        standardizer: Standardizer,
        means: NDArray[np.float64],
        scales: NDArray[np.float64],
    ) -> None:
        series = table.series_index
        scaled = np.nan_to_num((table.values - means[series]) / scales[series])  # before the first: the mean
        self.values = torch.from_numpy(scaled).float()
        self.observed_mask = torch.from_numpy(table.observed_mask)
        self.known_covariates = torch.from_numpy(standardizer.scale_known_covariates(table.known_covariates)).float()
        self.static_covariates = torch.from_numpy(standardizer.scale_static_covariates(table.static_covariates)).float()
        self.series_index = torch.from_numpy(series)

    def windows(self, origins: Tensor, context_length: int, prediction_length: int) -> ForecastWindow:
        """Return the windows whose forecasts begin at the given rows (B,)."""
        rows = origins[:, None] + torch.arange(-context_length, prediction_length)
        return ForecastWindow(
            self.values[rows],
            self.observed_mask[rows],
            self.known_covariates[rows],
            self.static_covariates[self.series_index[origins]],
        )


def forecast_origins(
    table: TimeSeriesTable, row_ranges: RowRanges, context_length: int, prediction_length: int
) -> Tensor:
    """Return the (N,) rows at which a forecast may begin.

    The horizon must be in the split and have at least one observed value; the history must be in the series, but may be
    before the split. Raises DataError if there is no such row.
    """
    found = []
    for start, (first, end) in zip(table.starts[:-1], row_ranges, strict=True):
        rows = np.arange(max(first, start + context_length), end - prediction_length + 1)
        measured = np.concatenate([[0], np.cumsum(table.observed_mask[start:end].any(axis=1))])
        found.append(rows[measured[rows - start + prediction_length] > measured[rows - start]])
    origins = np.concatenate(found)
    if not len(origins):
        details = (
            f"a window reads {context_length} rows, and one of the {prediction_length} after them has to be measured"
        )
        raise DataError(table.source, None, "no window in a split", details, "Give more rows, or shorter windows.")
    return torch.from_numpy(origins)
