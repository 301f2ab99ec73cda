"""A data module whose batches hold examples of similar length under a token budget."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader

from grunlp.data.sampler import TokenBudgetSampler
from grunlp.training.batch_sharding import shard_eval_batches
from grunlp.training.datamodule_base import (
    CollatedBatches,
    IndexedDataModule,
    ResumableDataModule,
    ignore_sigint_in_worker,
)
from grunlp.utils import distributed


class BatchPlan(NamedTuple):
    """Examples and their division into batches.

    Attributes:
        examples: a `datasets.Dataset`, or an `ExampleBuffer`.
        sampler: the sampler that yields the indices of each batch.
        loss_counts: (N,) the number of items over which the loss of each example is averaged.
    """

    examples: Any
    sampler: TokenBudgetSampler
    loss_counts: np.ndarray


class BatchPlanner(Protocol):
    """A function that divides the examples of a task into batches."""

    def __call__(
        self, examples: Any, max_tokens: int, *, training: bool, seed: int = 0, split_name: str | None = None
    ) -> BatchPlan:
        """Plan the batches of some examples.

        Args:
            examples: a `datasets.Dataset`, or an `ExampleBuffer`.
            max_tokens: the largest size of a batch.
            training: whether to shuffle, and leave out examples that are too long to train on; otherwise all are kept,
                shortest first.
            seed: the random seed of the shuffling.
            split_name: name of the split for warnings; None: no warnings are logged.
        """


class ValidatedDataModule(ResumableDataModule):
    """A data module with a development split in memory.

    Attributes:
        val: the plan of the development split.
        val_collate: makes a batch from its examples.
    """

    val: BatchPlan
    val_collate: Callable[..., Any]

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the share of this process in the development split, shortest first."""
        return DataLoader(
            self.val.examples,
            batch_sampler=shard_eval_batches(self.val.sampler.batches, distributed.rank(), distributed.world_size()),
            collate_fn=self.val_collate,
            num_workers=self.num_workers,
            worker_init_fn=ignore_sigint_in_worker,
        )

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Move a batch with its own method `to`, because Lightning does not know the types of these batches."""
        return batch.to(device)


class TokenBudgetDataModule(IndexedDataModule, ValidatedDataModule):
    """Batches of examples in memory.

    Args:
        train, val: plans of the training and the development split.
        collate, val_collate: make a batch from examples of each split.
        num_workers, shuffle_each_epoch, seed: as for `ResumableDataModule`.
        train_with_extra: plan of the training split with extra data.
        extra_data_epochs: number of epochs, from the first, in which the extra data are used.
    """

    def __init__(
        self,
        train: BatchPlan,
        val: BatchPlan,
        collate: Callable[..., Any],
        val_collate: Callable[..., Any],
        num_workers: int,
        shuffle_each_epoch: bool,
        seed: int,
        train_with_extra: BatchPlan | None = None,
        extra_data_epochs: int = 0,
    ) -> None:
        super().__init__(num_workers, shuffle_each_epoch, seed)
        self.train, self.val, self.collate, self.val_collate = train, val, collate, val_collate
        self.train_with_extra, self.extra_data_epochs = train_with_extra, extra_data_epochs

    def batches(self, epoch: int) -> CollatedBatches:
        """Return the batches of an epoch, shuffled with the seed of the epoch."""
        plan = self._plan(epoch)
        plan.sampler.set_epoch(self.shuffle_epoch(epoch))
        return CollatedBatches(plan.examples, plan.sampler.batches, self.collate, self.seed, epoch)

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Return the number of items over which the loss of each batch is averaged."""
        counts = self._plan(epoch).loss_counts
        return [int(counts[indices].sum()) for indices in self.batches(epoch).indices]

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return the ids of the examples of a batch; for an example without an id, its number in the training split."""
        batches = self.batches(epoch)
        indices = batches.indices[batch]
        ids = batches.examples.select(indices)["id"] if "id" in batches.examples.column_names else [""] * len(indices)
        return [id or f"number {index}" for id, index in zip(ids, indices, strict=True)]

    def _plan(self, epoch: int) -> BatchPlan:
        return self.train_with_extra if self.train_with_extra and epoch < self.extra_data_epochs else self.train
