"""Windows of time series as batches for Lightning."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from grunlp.tasks.forecasting.windows import ForecastWindow, TimeSeriesTensors
from grunlp.training.batch_sharding import shard_eval_batches
from grunlp.training.datamodule_base import BatchDataset, IndexedDataModule
from grunlp.utils import distributed


class _WindowBatches(BatchDataset):
    """Batches of windows. Arguments as for `ForecastingDataModule`; `batch_origins` are the origins of each batch."""

    def __init__(
        self, tensors: TimeSeriesTensors, batch_origins: Sequence[Tensor], context_length: int, prediction_length: int
    ) -> None:
        self.tensors, self.window_sizes, self.batch_origins = (
            tensors,
            (context_length, prediction_length),
            batch_origins,
        )

    def __len__(self) -> int:
        return len(self.batch_origins)

    def __getitem__(self, index: int) -> ForecastWindow:
        return self.tensors.windows(self.batch_origins[index], *self.window_sizes)


class ForecastingDataModule(IndexedDataModule):
    """A data module of training and development windows.

    Args:
        tensors: all rows.
        forecast_origins: (N,) the origins of the windows of the splits train and dev.
        context_length: number of rows T to read.
        prediction_length: number of rows H to forecast.
        batch_size: number of windows in a batch.
        shuffle_each_epoch: whether to draw a new order in each epoch.
        seed: the random seed of these orders.
    """

    def __init__(
        self,
        tensors: TimeSeriesTensors,
        forecast_origins: Mapping[str, Tensor],
        context_length: int,
        prediction_length: int,
        batch_size: int,
        shuffle_each_epoch: bool,
        seed: int,
    ) -> None:
        super().__init__(0, shuffle_each_epoch, seed)
        self.tensors, self.forecast_origins = tensors, forecast_origins
        self.steps, self.batch_size = (context_length, prediction_length), batch_size

    def batches(self, epoch: int) -> _WindowBatches:
        """Return all training windows in random order."""
        origins = self.forecast_origins["train"]
        order = np.random.default_rng([self.seed, self.shuffle_epoch(epoch)]).permutation(len(origins))
        return _WindowBatches(self.tensors, origins[torch.from_numpy(order)].split(self.batch_size), *self.steps)

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Return the number of windows of each batch."""
        return [len(origins) for origins in self.batches(epoch).batch_origins]

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return, for each window of a batch, the row of the table at which its forecast begins."""
        return [f"the forecast from row {row}" for row in self.batches(epoch).batch_origins[batch].tolist()]

    def val_dataloader(self) -> DataLoader[ForecastWindow]:
        """Return the share of this process in the development windows."""
        batch_origins = shard_eval_batches(
            self.forecast_origins["dev"].split(self.batch_size), distributed.rank(), distributed.world_size()
        )
        return DataLoader(_WindowBatches(self.tensors, batch_origins, *self.steps), batch_size=None)
