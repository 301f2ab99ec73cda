"""Windows of series: a history that is read and a horizon that is forecast."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from grunlp import ranks
from grunlp.data.epochs import EpochData
from grunlp.data.series import SeriesTable
from grunlp.data.series_scaling import Scaling
from grunlp.data.turns import deal
from grunlp.errors import DataError

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


class _Batches(Dataset[Window]):
    """Windows, some at a time. Arguments as for `SeriesData`; parts: origins of each batch."""

    def __init__(self, tensors: SeriesTensors, parts: Sequence[Tensor], history: int, horizon: int) -> None:
        self.tensors, self.sizes, self.parts = tensors, (history, horizon), parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: int) -> Window:
        return self.tensors.windows(self.parts[index], *self.sizes)


class SeriesData(EpochData):
    """Training and development windows.

    Args:
        tensors: all rows.
        origins: (N,) of the windows of the splits train and dev.
        history, horizon: T and H.
        batch_size: windows a batch.
        reshuffle: in another order each epoch.
        seed: of these orders.
    """

    def __init__(
        self,
        tensors: SeriesTensors,
        origins: Mapping[str, Tensor],
        history: int,
        horizon: int,
        batch_size: int,
        reshuffle: bool,
        seed: int,
    ) -> None:
        super().__init__(0, reshuffle, seed)
        self.tensors, self.origins = tensors, origins
        self.steps, self.batch_size = (history, horizon), batch_size

    def batches(self, epoch: int) -> _Batches:
        """All training windows at random."""
        drawn = np.random.default_rng([self.seed, self.drawn(epoch)]).permutation(len(self.origins["train"]))
        origins = self.origins["train"][torch.from_numpy(drawn)]
        return _Batches(self.tensors, origins.split(self.batch_size), *self.steps)

    def sizes(self, epoch: int) -> list[int]:
        """Windows of each."""
        return [len(part) for part in self.batches(epoch).parts]

    def describe(self, epoch: int, batch: int) -> list[str]:
        """The row of the table at which each forecast begins."""
        return [f"the forecast from row {row}" for row in self.batches(epoch).parts[batch].tolist()]

    def val_dataloader(self) -> DataLoader[Window]:
        """What this process has of the development windows."""
        parts = deal(self.origins["dev"].split(self.batch_size), ranks.rank(), ranks.count())
        return DataLoader(_Batches(self.tensors, parts, *self.steps), batch_size=None)
