"""A stream as batches: so many examples are read at a time, and dealt out as a whole corpus in memory would be.

Each batch carries a mark, from which reading can go on before it or behind it, in another process and at another time.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.training.datamodule_base import CollatedBatches
from grunlp.utils.errors import UserError


class ExampleBuffer(list[Any]):
    """Examples in memory, to be had as those of a `datasets.Dataset` are."""

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self[i] for i in indices]


class BufferPlan(NamedTuple):
    """Examples, how they are dealt out, and over how much the loss of each is a mean: (N,)."""

    examples: ExampleBuffer
    sampler: TokenBudgetSampler
    loss_counts: np.ndarray


BatchPlanner = Callable[[ExampleBuffer], BufferPlan]


class StreamPosition(NamedTuple):
    """A place in what one reader reads.

    number: of the pass through the stream, from 0.
    state: of the `datasets.IterableDataset` where the buffer begins; None at the beginning of the pass.
    buffer: how many were read before, in all passes.
    batch: of the buffer, the next one.
    """

    number: int = 0
    state: dict[str, Any] | None = None
    buffer: int = 0
    batch: int = 0


class StreamBatch(NamedTuple):
    """A batch, over how much its loss is a mean, the ids of its examples, and where which reader has read it."""

    batch: Any
    size: int
    example_ids: list[str]
    reader_index: int
    position: StreamPosition

    @property
    def next_position(self) -> StreamPosition:
        """Where the next one is read."""
        return self.position._replace(batch=self.position.batch + 1)


class ShardReader:
    """Makes the batches of one reader or another. It can be sent to other processes.

    Args:
        stream: what is read.
        size: examples of a buffer.
        plan_batches: deals out a buffer.
        collate: makes a batch of examples.
        seed: of the order of files, of batches within a buffer, and of what `collate` draws.
    """

    def __init__(
        self, stream: StreamingDataset, size: int, plan_batches: BatchPlanner, collate: Callable[..., Any], seed: int
    ) -> None:
        self.stream, self.size, self.plan_batches, self.collate, self.seed = stream, size, plan_batches, collate, seed

    def read(self, reader_index: int, num_readers: int, position: StreamPosition) -> Iterator[StreamBatch]:
        """Batches from a place on, without end.

        Args:
            reader, readers: which, of how many that share each pass.

        Raises:
            UserError: it has no example in a whole pass.
        """
        while True:
            examples, some = (
                self.stream.shard(reader_index, num_readers, position.number, self.seed),
                position.state is not None,
            )
            if position.state is not None:
                examples.load_state_dict(position.state)
            for columns in examples.iter(self.size):  # `iter(examples)` would part them among workers once more
                dealt = self.plan_batches(self._filter(columns))
                # no two buffers of any readers have the same number, by which they are shuffled
                number = position.buffer * num_readers + reader_index
                dealt.sampler.set_epoch(number)
                batches = CollatedBatches(dealt.examples, dealt.sampler.batches, self.collate, self.seed, number)
                some = some or len(batches) > 0
                for i in range(position.batch, len(batches)):
                    indices = batches.indices[i]
                    names = [dealt.examples[j]["id"] for j in indices]
                    yield StreamBatch(
                        batches[i],
                        int(dealt.loss_counts[indices].sum()),
                        names,
                        reader_index,
                        position._replace(batch=i),
                    )
                position = StreamPosition(position.number, examples.state_dict(), position.buffer + 1)
            if not some:
                wrong = f"{self.stream.name}: reader {reader_index + 1} of {num_readers} has no training example"
                there = "each process has one reader, or one a worker; examples of dev and test do not count"
                raise UserError(wrong, there, "Give more text, or lower loader.num_workers")
            position = StreamPosition(position.number + 1, None, position.buffer)

    def _filter(self, columns: dict[str, list[Any]]) -> ExampleBuffer:
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        return ExampleBuffer(row for row in rows if self.stream.predicate is None or self.stream.predicate(row))


class BufferedBatchDataset(IterableDataset[Any]):
    """What the workers of a process read, each its own part.

    Args:
        reader: makes the batches.
        first, readers: the number of this process's first reader, of how many there are in all.
        positions: where each of its readers begins.
        next_reader: which of them gives the first batch; workers are asked in turn.
    """

    def __init__(
        self, reader: ShardReader, first: int, num_readers: int, positions: Sequence[StreamPosition], next_reader: int
    ) -> None:
        self.reader, self.first, self.num_readers, self.positions, self.next_reader = (
            reader,
            first,
            num_readers,
            list(positions),
            next_reader,
        )

    def __iter__(self) -> Iterator[StreamBatch | UserError]:
        worker = get_worker_info()
        own = (self.next_reader + (worker.id if worker is not None else 0)) % len(self.positions)
        try:
            yield from self.reader.read(self.first + own, self.num_readers, self.positions[own])
        except UserError as error:  # raised here, it would arrive as the text of a traceback
            yield error
