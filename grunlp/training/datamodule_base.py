"""Training batches that have numbers, so that an epoch can go on at any of them."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from pytorch_lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader, Dataset

from grunlp.training.batch_sharding import DistributedBatchSampler, loss_weights, steps_per_rank
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


def derive_seed(seed: int, epoch: int, batch: int, stream: int) -> int:
    """What the random numbers of one training batch begin from: the same in every process and after every restart.

    Args:
        seed: of the training.
        epoch, batch: which, counted from 0.
        stream: numbers with different ones have nothing to do with each other; 0 is the network, 1 the making of a
            batch.
    """
    return int(np.random.SeedSequence([seed, epoch, batch, stream]).generate_state(1, np.uint64)[0] >> 1)


class BatchDataset(Dataset[Any], ABC):
    """The batches of an epoch, by number."""

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""


class ResumableDataModule(LightningDataModule, ABC):
    """The batches of each epoch, which several processes take in turn, and those of the development split.

    Args:
        num_workers: processes that read and encode beside the training; 0 does it in the same process.
        shuffle_each_epoch: other batches in each epoch; otherwise those of the first again and again, for debugging.
        seed: of the shuffling, and of what else is drawn in making a batch.

    Attributes:
        is_streaming: whether an epoch is a set number of batches, and no pass.
    """

    is_streaming: ClassVar[bool] = False

    def __init__(self, num_workers: int, shuffle_each_epoch: bool, seed: int) -> None:
        super().__init__()
        self.num_workers, self.shuffle_each_epoch, self.seed = num_workers, shuffle_each_epoch, seed
        self.resume_position = (0, 0)  # the epoch and the turn at which a training goes on
        self.world_size = distributed.count()  # processes that share the batches

    @abstractmethod
    def count(self, epoch: int) -> int:
        """How many batches an epoch has, of all processes."""

    @abstractmethod
    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """The examples of a training batch, each as people recognise it."""

    @abstractmethod
    def loss_weight(self, step: int) -> float:
        """By what the loss of this process's batch is multiplied, in the trainer's epoch: see `loss_weights`."""

    @abstractmethod
    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """A batch once more. position: what `position` gave of it."""

    def position_state(self) -> dict[str, Any]:
        """What it takes, beside its number, to make the batch at hand once more: nothing."""
        return {}

    def global_batch_index(self, step: int) -> int:
        """Of this process's batch."""
        return step * self.world_size + distributed.rank()

    def num_optimizer_steps(self, num_epochs: int, batches_per_epoch: int, accumulate_grad_batches: int) -> int:
        """Updates of the weights in that many epochs, each of at most `batches_per_epoch` (0: no limit) training
        batches
        a process, of which so many are accumulated for an update."""
        counts = [steps_per_rank(self.count(epoch), self.world_size) for epoch in range(num_epochs)]
        return sum(-(-min(count, batches_per_epoch or count) // accumulate_grad_batches) for count in counts)

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {"epoch": self.resume_position[0], "batch": self.resume_position[1], "ranks": self.world_size}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where it was saved. Raises UserError where other processes share the batches now."""
        if state_dict["ranks"] != self.world_size:
            there = f"it was begun with {state_dict['ranks']}"
            raise UserError(f"a training that goes on with {self.world_size} processes", there, "Begin as many again.")
        self.resume_position = (state_dict["epoch"], state_dict["batch"])


class IndexedDataModule(ResumableDataModule, ABC):
    """Batches of which each epoch knows how many it has, and has any by its number. Arguments as for
    `ResumableDataModule`."""

    def __init__(self, num_workers: int, shuffle_each_epoch: bool, seed: int) -> None:
        super().__init__(num_workers, shuffle_each_epoch, seed)
        self._loss_weights: tuple[int, list[float]] = (-1, [])  # an epoch, and what is said of its turns

    @abstractmethod
    def batches(self, epoch: int) -> BatchDataset:
        """Those of an epoch."""

    def count(self, epoch: int) -> int:
        """How many batches an epoch has."""
        return len(self.batches(epoch))

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """What the loss of each batch is a mean over; by this its gradient is weighed against those of others."""
        return [1] * self.count(epoch)

    def loss_weight(self, step: int) -> float:
        """By what the loss of this process's batch is multiplied, in the trainer's epoch: see `loss_weights`."""
        assert self.trainer is not None
        epoch, accumulate = self.trainer.current_epoch, self.trainer.accumulate_grad_batches
        if self._loss_weights[0] != epoch:
            sizes = self.batch_loss_counts(epoch)[: int(self.trainer.num_training_batches) * self.world_size]
            self._loss_weights = (epoch, loss_weights(sizes, distributed.rank(), self.world_size, accumulate))
        return self._loss_weights[1][step]

    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """A batch once more; its number says enough."""
        return self.batches(epoch)[batch]

    def train_dataloader(self) -> DataLoader[Any]:
        """Those of the trainer's epoch, which asks again for every one; from `position` on where it is there."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        batches = self.batches(epoch)
        done = self.resume_position[1] if epoch == self.resume_position[0] else 0
        turns = DistributedBatchSampler(len(batches), distributed.rank(), self.world_size, done)
        workers = self.num_workers
        return DataLoader(
            batches, batch_size=None, sampler=turns, num_workers=workers, worker_init_fn=ignore_sigint_in_worker
        )

    def shuffle_epoch(self, epoch: int) -> int:
        """The epoch whose batches serve in an epoch."""
        return epoch if self.shuffle_each_epoch else 0


def datamodule_of(trainer: Trainer) -> ResumableDataModule:
    """What a trainer trains on."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    assert isinstance(data, ResumableDataModule)
    return data


def ignore_sigint_in_worker(worker_id: int) -> None:
    """Ctrl-C reaches the workers of a loader, too; it is for the training alone to heed it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class CollatedBatches(BatchDataset):
    """Examples as batches; what a collator draws from torch's generator depends on the number of the batch alone.

    Args:
        examples: a data set of the library `datasets`.
        indices: of the examples of each batch.
        collate: makes a batch of examples.
        seed, epoch: see `derive_seed`.
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
