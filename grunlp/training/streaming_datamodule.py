"""A stream as the training data of Lightning: epochs of a set number of turns, shares of losses, and bookmarks.

The trainer is given an iterable of known length, so it asks for no batch before it trains on it. The readers go on
from epoch to epoch: no file is opened anew because an epoch has ended.
"""

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from grunlp.training.batch_sharding import loss_weights
from grunlp.training.datamodule_base import ignore_sigint_in_worker
from grunlp.training.datamodules import BatchedSplit, ValidatedDataModule
from grunlp.training.shuffle_buffer import BufferedBatchDataset, ShardReader, StreamBatch, StreamPosition
from grunlp.utils import distributed
from grunlp.utils.errors import UserError


class _EpochIterable:
    """The batches of an epoch, of which `start_step` are left out; its length is that of the whole."""

    def __init__(self, data: "StreamingDataModule", start_step: int) -> None:
        self.data, self.start_step = data, start_step

    def __len__(self) -> int:
        return self.data.batches_per_epoch

    def __iter__(self) -> Iterator[Any]:
        return self.data.iter_epoch(self.start_step)


class StreamingDataModule(ValidatedDataModule):
    """Batches from a stream, and those of a development split in memory.

    Args:
        reader: makes the batches.
        val_data: the development split, how it is dealt out, and what makes batches of it.
        batches_per_epoch: batches a process in an epoch.
        accumulate: batches of a process that are accumulated for an update.
        num_workers: processes that read and encode beside each process of the training.
        seed: of the training.
    """

    def __init__(
        self,
        reader: ShardReader,
        val_data: BatchedSplit,
        batches_per_epoch: int,
        accumulate: int,
        num_workers: int,
        seed: int,
    ) -> None:
        super().__init__(num_workers, True, seed)
        self.reader, self.val_data, self.batches_per_epoch, self.accumulate = (
            reader,
            val_data,
            batches_per_epoch,
            accumulate,
        )
        self.num_readers = max(1, num_workers)  # readers of a process
        # where each of them goes on behind all that is trained on
        self.reader_positions = [StreamPosition()] * self.num_readers
        self.next_reader = 0  # which of them gives the first batch there
        self.update_batches: list[StreamBatch] = []  # the batches of this process for the update at hand
        self.loss_weights: list[float] = []  # by which their losses are multiplied
        self.index_in_update = 0  # in the window, of the batch at hand
        self._batch_iterator: Iterator[StreamBatch | UserError] | None = None

    def count(self, epoch: int) -> int:
        """Batches of all processes."""
        return self.batches_per_epoch * self.world_size

    def val_split(self) -> BatchedSplit:
        """The development split."""
        return self.val_data

    def train_dataloader(self) -> _EpochIterable:
        """Those of the trainer's epoch; from `position` on where it is there."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        return _EpochIterable(self, self.resume_position[1] if epoch == self.resume_position[0] else 0)

    def iter_epoch(self, start_step: int) -> Iterator[Any]:
        """The batches of an epoch, but for the first `start_step`."""
        for start in range(start_step, self.batches_per_epoch, self.accumulate):
            self._advance(min(self.accumulate, self.batches_per_epoch - start))
            for place, made in enumerate(self.update_batches):
                self.index_in_update = place
                yield made.batch

    def _advance(self, count: int) -> None:
        """Read the batches of the next update, so many; those of the one before are trained on."""
        first, rank = distributed.rank() * self.num_readers, distributed.rank()
        for made in self.update_batches:
            self.reader_positions[made.reader_index - first] = made.next_position
        self.next_reader = (self.next_reader + len(self.update_batches)) % self.num_readers
        if self._batch_iterator is None:
            reading = BufferedBatchDataset(
                self.reader, first, self.world_size * self.num_readers, self.reader_positions, self.next_reader
            )
            workers = self.num_workers
            loader = DataLoader(
                reading, None, collate_fn=identity, num_workers=workers, worker_init_fn=ignore_sigint_in_worker
            )
            self._batch_iterator = iter(loader)
        self.update_batches = []
        while len(self.update_batches) < count:
            found = next(self._batch_iterator)
            if isinstance(found, UserError):
                raise found
            self.update_batches.append(found)
        turns = zip(*distributed.all_gather_object([made.size for made in self.update_batches]), strict=True)
        sizes = [size for turn in turns for size in turn]
        self.loss_weights = loss_weights(sizes, rank, self.world_size, self.accumulate)

    def loss_weight(self, step: int) -> float:
        """By what the loss of the batch at hand is multiplied: see `loss_weights`."""
        return self.loss_weights[self.index_in_update]

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """The ids of the examples of a batch of the update at hand, by file; of another process's that it is one."""
        turn, rank = divmod(batch, self.world_size)
        if rank != distributed.rank():
            return [f"those of batch {batch + 1}, which rank {rank} has read"]
        return self.update_batches[turn % self.accumulate].example_ids

    def position_state(self) -> dict[str, Any]:
        """Of the batch at hand."""
        made = self.update_batches[self.index_in_update]
        return {
            "reader": made.reader_index,
            "readers": self.world_size * self.num_readers,
            "mark": made.position._asdict(),
        }

    def rebuild_batch(self, epoch: int, batch: int, position: dict[str, Any]) -> Any:
        """The batch that a bookmark is of."""
        return next(self.reader.read(position["reader"], position["readers"], StreamPosition(**position["mark"]))).batch

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        marks = [mark._asdict() for some in distributed.all_gather_object(self.reader_positions) for mark in some]
        readers = {"workers": self.num_workers, "buffer": self.reader.size, "next": self.next_reader, "marks": marks}
        return super().state_dict() | readers

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where it was saved. Raises UserError where others read the stream now."""
        super().load_state_dict(state_dict)
        for key, name, now in (
            ("loader.num_workers", "workers", self.num_workers),
            ("loader.stream_buffer_size", "buffer", self.reader.size),
        ):
            if (begun := state_dict[name]) != now:
                there = f"it was begun with {begun}, by which it is settled who reads what"
                raise UserError(f"a training that goes on with {key}={now}", there, f"Type {key}={begun}")
        first = distributed.rank() * self.num_readers
        self.reader_positions = [
            StreamPosition(**mark) for mark in state_dict["marks"][first : first + self.num_readers]
        ]
        self.next_reader = state_dict["next"]

    def teardown(self, stage: str) -> None:
        """Let the workers go."""
        self._batch_iterator = None


def identity(item: Any) -> Any:
    """Return the item unchanged: batches arrive collated."""
    return item
