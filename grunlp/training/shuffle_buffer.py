"""Batches of a stream: one buffer of examples at a time is read and divided into batches, like a corpus in memory.

Each batch has the position at which it was read, so that reading can continue from there later, in another process.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from torch.utils.data import IterableDataset, get_worker_info

from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.training.datamodule_base import CollatedBatches
from grunlp.training.token_budget_datamodule import BatchPlan
from grunlp.utils.errors import UserError


class ExampleBuffer:
    """Examples in memory, with the part of the interface of `datasets.Dataset` that data modules need."""

    def __init__(self, examples: Sequence[Any]) -> None:
        self.examples = list(examples)

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, column: str) -> list[Any]:
        return [example[column] for example in self.examples]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self.examples[i] for i in indices]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns; an empty buffer has none."""
        return list(self.examples[0]) if self.examples else []

    def select(self, indices: Sequence[int]) -> "ExampleBuffer":
        """Return a selection of the examples."""
        return ExampleBuffer(self.__getitems__(indices))


class StreamPosition(NamedTuple):
    """A position in the part of a stream that one reader reads.

    Attributes:
        pass_number: number of the pass through the stream, from 0.
        state: state of the `datasets.IterableDataset` at the beginning of the buffer; None at the beginning of a pass.
        buffers_read: number of buffers read before this one, in all passes.
        next_batch: index of the next batch of the buffer.
    """

    pass_number: int = 0
    state: dict[str, Any] | None = None
    buffers_read: int = 0
    next_batch: int = 0


class StreamBatch(NamedTuple):
    """A batch of a stream.

    Attributes:
        batch: the tensors.
        loss_count: number of items over which its loss is averaged.
        example_ids: ids of its examples.
        reader_index: the reader that made it.
        position: the position at which it was read.
    """

    batch: Any
    loss_count: int
    example_ids: list[str]
    reader_index: int
    position: StreamPosition

    @property
    def next_position(self) -> StreamPosition:
        """The position of the next batch."""
        return self.position._replace(next_batch=self.position.next_batch + 1)


class ShardReader:
    """A maker of batches for any one of several readers, which can be sent to other processes.

    Args:
        stream: the examples.
        buffer_size: number of examples to read at a time.
        plan_batches: divides a buffer into batches.
        collate: makes a batch from examples.
        seed: the random seed of the order of shards, the batches of a buffer, and random choices of `collate`.
    """

    def __init__(
        self,
        stream: StreamingDataset,
        buffer_size: int,
        plan_batches: Callable[[ExampleBuffer], BatchPlan],
        collate: Callable[..., Any],
        seed: int,
    ) -> None:
        self.stream, self.buffer_size, self.plan_batches = stream, buffer_size, plan_batches
        self.collate, self.seed = collate, seed

    def read(self, reader_index: int, num_readers: int, position: StreamPosition) -> Iterator[StreamBatch]:
        """Yield batches endlessly, starting at a position.

        Args:
            reader_index: the number of the reader, from 0.
            num_readers: number of readers that share each pass.
            position: the position to start at.

        Raises:
            UserError: the reader has no example in a whole pass.
        """
        while True:
            examples = self.stream.shard(reader_index, num_readers, position.pass_number, self.seed)
            has_batches = position.state is not None
            if position.state is not None:
                examples.load_state_dict(position.state)
            for columns in examples.iter(self.buffer_size):  # `iter(examples)` would divide them among workers again
                plan = self.plan_batches(self._filter(columns))
                # the number of a buffer, the seed of its shuffling, is unique over all readers
                number = position.buffers_read * num_readers + reader_index
                plan.sampler.set_epoch(number)
                batches = CollatedBatches(plan.examples, plan.sampler.batches, self.collate, self.seed, number)
                has_batches = has_batches or len(batches) > 0
                for i in range(position.next_batch, len(batches)):
                    indices = batches.indices[i]
                    ids = [example["id"] for example in plan.examples.__getitems__(indices)]
                    loss_count = int(plan.loss_counts[indices].sum())
                    yield StreamBatch(batches[i], loss_count, ids, reader_index, position._replace(next_batch=i))
                position = StreamPosition(position.pass_number, examples.state_dict(), position.buffers_read + 1)
            if not has_batches:
                raise UserError(
                    f"{self.stream.name}: reader {reader_index + 1} of {num_readers} has no training example",
                    "each process has one reader, or one for each worker; examples of dev and test are removed",
                    "Use more training data, or lower loader.num_workers",
                )
            position = StreamPosition(position.pass_number + 1, None, position.buffers_read)

    def _filter(self, columns: dict[str, list[Any]]) -> ExampleBuffer:
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        keep = self.stream.predicate
        return ExampleBuffer(rows if keep is None else [row for row in rows if keep(row)])


class BufferedBatchDataset(IterableDataset[Any]):
    """The batches of one process; each of its workers reads a separate share.

    Args:
        reader: makes the batches.
        first, num_readers: index of the first reader of this process, and number of readers of all processes.
        positions: the position at which each reader of this process starts.
        next_reader: index of the reader that makes the first batch; the readers take turns.
    """

    def __init__(
        self,
        reader: ShardReader,
        first: int,
        num_readers: int,
        positions: Sequence[StreamPosition],
        next_reader: int,
    ) -> None:
        self.reader, self.first, self.num_readers = reader, first, num_readers
        self.positions, self.next_reader = list(positions), next_reader

    def __iter__(self) -> Iterator[StreamBatch | UserError]:
        worker = get_worker_info()
        reader_index = (self.next_reader + (worker.id if worker is not None else 0)) % len(self.positions)
        try:
            yield from self.reader.read(self.first + reader_index, self.num_readers, self.positions[reader_index])
        except UserError as error:  # an error raised in a worker would arrive as the text of a traceback
            yield error
