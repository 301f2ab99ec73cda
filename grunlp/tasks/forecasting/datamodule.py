"""Windows of series as batches for Lightning."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from grunlp.tasks.forecasting.windows import SeriesTensors, Window
from grunlp.training.batch_sharding import deal
from grunlp.training.datamodule_base import Batches, NumberedData
from grunlp.utils import distributed


class _Batches(Batches):
    """Windows, some at a time. Arguments as for `SeriesData`; parts: origins of each batch."""

    def __init__(self, tensors: SeriesTensors, parts: Sequence[Tensor], history: int, horizon: int) -> None:
        self.tensors, self.sizes, self.parts = tensors, (history, horizon), parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: int) -> Window:
        return self.tensors.windows(self.parts[index], *self.sizes)


class SeriesData(NumberedData):
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
        parts = deal(self.origins["dev"].split(self.batch_size), distributed.rank(), distributed.count())
        return DataLoader(_Batches(self.tensors, parts, *self.steps), batch_size=None)
