"""A data module that reads a stream in epochs of a fixed number of batches, and can resume at any position.

The trainer gets an iterable of known length, so it does not prefetch batches. The readers continue from epoch to epoch,
so no file is reopened at the end of an epoch.
"""

from collections.abc import Callable, Iterator
from typing import Any

from torch.utils.data import DataLoader

from grunlp.training.batch_sharding import loss_weights
from grunlp.training.datamodule_base import ignore_sigint_in_worker
from grunlp.training.shuffle_buffer import BufferedBatchDataset, ShardReader, StreamBatch, StreamPosition
from grunlp.training.token_budget_datamodule import BatchPlan, ValidatedDataModule
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


class _EpochIterable:
    """The batches of an epoch from `start_step` on; its length is that of the whole epoch."""

    def __init__(self, data: "StreamingDataModule", start_step: int) -> None:
        self.data, self.start_step = data, start_step

    def __len__(self) -> int:
        return self.data.batches_per_epoch

    def __iter__(self) -> Iterator[Any]:
        return self.data.iter_epoch(self.start_step)


class StreamingDataModule(ValidatedDataModule):
    """Batches of a stream, and of a development split in memory.

    Args:
        reader: makes the training batches.
        val: the plan of the development split.
        val_collate: makes a batch from its examples.
        batches_per_epoch: number of batches of each process in an epoch.
        accumulate_grad_batches: number of batches of each process for one optimizer step.
        num_workers: number of processes that read and encode batches for each training process; 0: the training process
            does.
        seed: the random seed of the training.
    """

    is_streaming = True

    def __init__(
        self,
        reader: ShardReader,
        val: BatchPlan,
        val_collate: Callable[..., Any],
        batches_per_epoch: int,
        accumulate_grad_batches: int,
        num_workers: int,
        seed: int,
    ) -> None:
        super().__init__(num_workers, True, seed)
        self.reader, self.val, self.val_collate = reader, val, val_collate
        self.batches_per_epoch, self.accumulate_grad_batches = batches_per_epoch, accumulate_grad_batches
        self.num_readers = max(1, num_workers)  # of this process
        # the position of each reader after all batches that were trained on, and the reader that makes the next batch
        self.reader_positions = [StreamPosition()] * self.num_readers
        self.next_reader = 0
        self.update_batches: list[StreamBatch] = []  # of this process, for the current optimizer step
        self.loss_weights: list[float] = []
        self.index_in_update = 0  # of the current batch
        self._batch_iterator: Iterator[StreamBatch | UserError] | None = None

    def num_batches(self, epoch: int) -> int:
        """Return the number of batches of all processes in an epoch."""
        return self.batches_per_epoch * self.world_size

    def train_dataloader(self) -> _EpochIterable:
        """Return the batches of the trainer's epoch, from the position of a checkpoint if it is in this epoch."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        return _EpochIterable(self, self.resume_position[1] if epoch == self.resume_position[0] else 0)

    def iter_epoch(self, start_step: int) -> Iterator[Any]:
        """Yield the batches of an epoch, skipping the first `start_step`."""
        for start in range(start_step, self.batches_per_epoch, self.accumulate_grad_batches):
            self._advance(min(self.accumulate_grad_batches, self.batches_per_epoch - start))
            for index, batch in enumerate(self.update_batches):
                self.index_in_update = index
                yield batch.batch

    def _advance(self, num_batches: int) -> None:
        """Read the batches of the next optimizer step, after those of the last one have been trained on."""
        rank = distributed.rank()
        first = rank * self.num_readers
        for batch in self.update_batches:
            self.reader_positions[batch.reader_index - first] = batch.next_position
        self.next_reader = (self.next_reader + len(self.update_batches)) % self.num_readers
        if self._batch_iterator is None:
            dataset = BufferedBatchDataset(
                self.reader, first, self.world_size * self.num_readers, self.reader_positions, self.next_reader
            )
            loader = DataLoader(
                dataset,
                batch_size=None,
                collate_fn=_identity,
                num_workers=self.num_workers,
                worker_init_fn=ignore_sigint_in_worker,
            )
            self._batch_iterator = iter(loader)
        self.update_batches = []
        while len(self.update_batches) < num_batches:
            batch_or_error = next(self._batch_iterator)
            if isinstance(batch_or_error, UserError):
                raise batch_or_error
            self.update_batches.append(batch_or_error)
        counts_by_rank = distributed.all_gather_object([batch.loss_count for batch in self.update_batches])
        loss_counts = [count for step in zip(*counts_by_rank, strict=True) for count in step]
        self.loss_weights = loss_weights(loss_counts, rank, self.world_size, self.accumulate_grad_batches)

    def loss_weight(self, step: int) -> float:
        """Return the factor of the loss of the current batch, see `loss_weights`."""
        return self.loss_weights[self.index_in_update]

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return the ids of the examples of a batch of the current optimizer step, if this process has read it."""
        step, rank = divmod(batch, self.world_size)
        if rank != distributed.rank():
            return [f"those of batch {batch + 1}, which rank {rank} has read"]
        return self.update_batches[step % self.accumulate_grad_batches].example_ids

    def position_state(self) -> dict[str, Any]:
        """Return the position of the current batch."""
        batch = self.update_batches[self.index_in_update]
        num_readers = self.world_size * self.num_readers
        return {"reader": batch.reader_index, "readers": num_readers, "position": batch.position._asdict()}

    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """Make the batch at a position that `position_state` returned."""
        start = StreamPosition(**position["position"])
        return next(self.reader.read(position["reader"], position["readers"], start)).batch

    def state_dict(self) -> dict[str, Any]:
        """Return the position of all readers, for a checkpoint."""
        positions = distributed.all_gather_object(self.reader_positions)
        return super().state_dict() | {
            "num_workers": self.num_workers,
            "buffer_size": self.reader.buffer_size,
            "next_reader": self.next_reader,
            "positions": [position._asdict() for of_rank in positions for position in of_rank],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the positions from a checkpoint. Raises UserError if the number of readers has changed."""
        super().load_state_dict(state_dict)
        for key, saved, current in (
            ("loader.num_workers", state_dict["num_workers"], self.num_workers),
            ("loader.stream_buffer_size", state_dict["buffer_size"], self.reader.buffer_size),
        ):
            if saved != current:
                details = f"it was started with {saved}, which decides what each reader reads"
                raise UserError(f"a training resumed with {key}={current}", details, f"Type {key}={saved}")
        first = distributed.rank() * self.num_readers
        positions = state_dict["positions"][first : first + self.num_readers]
        self.reader_positions = [StreamPosition(**position) for position in positions]
        self.next_reader = state_dict["next_reader"]

    def teardown(self, stage: str) -> None:
        """Stop the workers."""
        self._batch_iterator = None


def _identity(batch: Any) -> Any:
    return batch
