"""Data modules with indexed training batches, so that an epoch can be resumed at any batch."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader, Dataset

from grunlp.training.batch_sharding import DistributedBatchSampler, loss_weights, steps_per_rank
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


def derive_seed(seed: int, epoch: int, batch: int, stream: int) -> int:
    """Return the seed of one training batch: the same in every process and after every restart.

    Args:
        seed: the random seed of the training.
        epoch: index of the epoch, from 0.
        batch: index of the batch in the epoch, from 0.
        stream: different streams are independent; 0 is the network, 1 the collation of a batch.
    """
    return int(np.random.SeedSequence([seed, epoch, batch, stream]).generate_state(1, np.uint64)[0] >> 1)


class BatchDataset(Dataset[Any], ABC):
    """The batches of an epoch, accessible by index."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of batches."""


class ResumableDataModule(LightningDataModule, ABC):
    """The batches of each epoch, which several processes take in turn, and those of the development split.

    Args:
        num_workers: number of processes that read and encode batches; 0: the training process does.
        shuffle_each_epoch: whether to make new batches in each epoch; otherwise those of the first epoch are repeated,
            for debugging.
        seed: the random seed of the shuffling and of random choices in making a batch.

    Attributes:
        resume_position: the epoch and the step at which a training is resumed.
        world_size: number of processes that share the batches.
    """

    def __init__(self, num_workers: int, shuffle_each_epoch: bool, seed: int) -> None:
        super().__init__()
        self.num_workers, self.shuffle_each_epoch, self.seed = num_workers, shuffle_each_epoch, seed
        self.resume_position = (0, 0)  # the epoch and the step at which the training continues
        self.world_size = distributed.world_size()  # processes that share the batches

    @abstractmethod
    def num_batches(self, epoch: int) -> int:
        """Return the number of batches of all processes in an epoch."""

    @abstractmethod
    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return the ids of the examples of a training batch, for messages."""

    @abstractmethod
    def loss_weight(self, step: int) -> float:
        """Return the factor of the loss of this process's batch in the trainer's current epoch, see `loss_weights`."""

    @abstractmethod
    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """Make a batch again. `position` is the value that `position_state` returned for it."""

    def position_state(self) -> dict[str, Any]:
        """Return the data that `rebuild_batch` needs besides the index of the current batch; none by default."""
        return {}

    def global_batch_index(self, step: int) -> int:
        """Return the index of this process's batch among those of all processes."""
        return step * self.world_size + distributed.rank()

    def num_optimizer_steps(self, num_epochs: int, limit_train_batches: int, accumulate_grad_batches: int) -> int:
        """Return the number of optimizer steps in a training.

        Args:
            num_epochs: number of epochs of the training.
            limit_train_batches: the largest number of batches of each process in an epoch; 0: no limit.
            accumulate_grad_batches: number of batches of each process for one optimizer step.
        """
        counts = [steps_per_rank(self.num_batches(epoch), self.world_size) for epoch in range(num_epochs)]
        return sum(-(-min(count, limit_train_batches or count) // accumulate_grad_batches) for count in counts)

    def state_dict(self) -> dict[str, Any]:
        """Return the position, for a checkpoint."""
        return {"epoch": self.resume_position[0], "batch": self.resume_position[1], "world_size": self.world_size}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the position from a checkpoint. Raises UserError if the number of processes has changed."""
        if (saved := state_dict["world_size"]) != self.world_size:
            message = f"a training resumed with {self.world_size} processes"
            raise UserError(message, f"it was started with {saved}", f"Start {saved} processes again.")
        self.resume_position = (int(state_dict["epoch"]), int(state_dict["batch"]))


class IndexedDataModule(ResumableDataModule, ABC):
    """A data module that knows the number of batches of each epoch and can make any batch by its index.

    Arguments as for `ResumableDataModule`.
    """

    def __init__(self, num_workers: int, shuffle_each_epoch: bool, seed: int) -> None:
        super().__init__(num_workers, shuffle_each_epoch, seed)
        self._loss_weights: tuple[int, list[float]] = (-1, [])  # of an epoch

    @abstractmethod
    def batches(self, epoch: int) -> BatchDataset:
        """Return the batches of an epoch."""

    def num_batches(self, epoch: int) -> int:
        """Return the number of batches of all processes in an epoch."""
        return len(self.batches(epoch))

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Return the number of items over which the loss of each batch is averaged."""
        return [1] * self.num_batches(epoch)

    def loss_weight(self, step: int) -> float:
        """Return the factor of the loss of this process's batch in the trainer's current epoch, see `loss_weights`."""
        assert self.trainer is not None
        epoch, accumulate = self.trainer.current_epoch, self.trainer.accumulate_grad_batches
        if self._loss_weights[0] != epoch:
            sizes = self.batch_loss_counts(epoch)[: int(self.trainer.num_training_batches) * self.world_size]
            self._loss_weights = (epoch, loss_weights(sizes, distributed.rank(), self.world_size, accumulate))
        return self._loss_weights[1][step]

    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """Make a batch again, from its index alone."""
        return self.batches(epoch)[batch]

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the batches of the trainer's current epoch, from the position of a checkpoint if it is in this epoch.

        The trainer calls this before each epoch.
        """
        epoch = self.trainer.current_epoch if self.trainer else 0
        batches = self.batches(epoch)
        done = self.resume_position[1] if epoch == self.resume_position[0] else 0
        turns = DistributedBatchSampler(len(batches), distributed.rank(), self.world_size, done)
        workers = self.num_workers
        return DataLoader(
            batches, batch_size=None, sampler=turns, num_workers=workers, worker_init_fn=ignore_sigint_in_worker
        )

    def shuffle_epoch(self, epoch: int) -> int:
        """Return the epoch whose batches are used in an epoch."""
        return epoch if self.shuffle_each_epoch else 0


def datamodule_of(trainer: Trainer) -> ResumableDataModule:
    """Return the data module of a trainer."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, ResumableDataModule)
    return data


def ignore_sigint_in_worker(worker_id: int) -> None:
    """Ignore Ctrl-C in a worker of a loader, because only the training process handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class CollatedBatches(BatchDataset):
    """Batches of examples.

    Random choices of the collator depend only on the seed, the epoch and the index of the batch.

    Args:
        examples: a `datasets.Dataset`, or an `ExampleBuffer`.
        indices: the indices of the examples of each batch.
        collate: makes a batch from examples.
        seed: see `derive_seed`.
        epoch: see `derive_seed`.
    """

    def __init__(
        self, examples: Any, indices: list[list[int]], collate: Callable[..., Any], seed: int, epoch: int
    ) -> None:
        self.examples, self.indices, self.collate = examples, indices, collate
        self.seed, self.epoch = seed, epoch

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, number: int) -> Any:
        examples = self.examples.__getitems__(self.indices[number])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(derive_seed(self.seed, self.epoch, number, 1))
            return self.collate(examples)
