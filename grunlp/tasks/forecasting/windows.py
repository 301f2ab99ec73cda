"""Windows of series: a history that is read and a horizon that is forecast."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from grunlp.tasks.forecasting.scaler import Scaling
from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.utils.errors import DataError

Bounds = NDArray[np.int64]  # (S, 2) the first row of a split in each series, and where it ends


class Window(NamedTuple):
    """B windows of T steps of history and H of horizon, scaled.

    values: (B, T + H, C) of the targets.
    observed: (B, T + H, C) which of them were measured.
    known: (B, T + H, F) covariates.
    static: (B, K) what does not change.
    """

    values: Tensor
    observed: Tensor
    known: Tensor
    static: Tensor


class SeriesTensors:
    """A scaled table, ready to be cut into windows.

    Args:
        table: the rows.
        scaling: of the training, for covariates and static values.
        means, scales: (S, C) of the targets of each series.

    Attributes:
        values, observed, known, static: as in `Window`, of all rows (R, ...) and series (S, K).
        series: (R,) of each row.
    """

    def __init__(
        self, table: SeriesTable, scaling: Scaling, means: NDArray[np.float64], scales: NDArray[np.float64]
    ) -> None:
        series = table.series
        scaled = np.nan_to_num((table.values - means[series]) / scales[series])  # before the first: the mean
        self.values = torch.from_numpy(scaled).float()
        self.observed = torch.from_numpy(table.observed)
        self.known = torch.from_numpy(scaling.known(table.known)).float()
        self.static = torch.from_numpy(scaling.static(table.static)).float()
        self.series = torch.from_numpy(series)

    def windows(self, origins: Tensor, history: int, horizon: int) -> Window:
        """The windows whose forecasts begin at these rows (B,)."""
        rows = origins[:, None] + torch.arange(-history, horizon)
        return Window(self.values[rows], self.observed[rows], self.known[rows], self.static[self.series[origins]])


def origins_within(table: SeriesTable, bounds: Bounds, history: int, horizon: int) -> Tensor:
    """(N,) rows at which a forecast may begin: the horizon lies in the split and has a measurement, and the history in
    the series, perhaps before the split. Raises DataError where there is none."""
    found = []
    for start, (first, end) in zip(table.starts[:-1], bounds, strict=True):
        rows = np.arange(max(first, start + history), end - horizon + 1)
        measured = np.concatenate([[0], np.cumsum(table.observed[start:end].any(axis=1))])
        found.append(rows[measured[rows - start + horizon] > measured[rows - start]])
    origins = np.concatenate(found)
    if not len(origins):
        there = f"a window reads {history} rows, and one of the {horizon} after them has to be measured"
        raise DataError(table.source, None, "no window in a split", there, "Give more rows, or shorter windows.")
    return torch.from_numpy(origins)
