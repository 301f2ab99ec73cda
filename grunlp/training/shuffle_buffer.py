"""A stream as batches: so many examples are read at a time, and dealt out as a whole corpus in memory would be.

Each batch carries a mark, from which reading can go on before it or behind it, in another process and at another time.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from torch.utils.data import IterableDataset, get_worker_info

from grunlp.data.datasets.streaming import Stream
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.training.datamodule_base import Collated
from grunlp.utils.errors import GrunlpError


class Buffer(list[Any]):
    """Examples in memory, to be had as those of a `datasets.Dataset` are."""

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        return [self[i] for i in indices]


class Dealt(NamedTuple):
    """Examples, how they are dealt out, and over how much the loss of each is a mean: (N,)."""

    examples: Buffer
    sampler: TokenBudgetSampler
    sizes: np.ndarray


Deal = Callable[[Buffer], Dealt]


class Mark(NamedTuple):
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


class Made(NamedTuple):
    """A batch, over how much its loss is a mean, the ids of its examples, and where which reader has read it."""

    batch: Any
    size: int
    names: list[str]
    reader: int
    mark: Mark

    @property
    def behind(self) -> Mark:
        """Where the next one is read."""
        return self.mark._replace(batch=self.mark.batch + 1)


class Reader:
    """Makes the batches of one reader or another. It can be sent to other processes.

    Args:
        stream: what is read.
        size: examples of a buffer.
        deal: deals out a buffer.
        collate: makes a batch of examples.
        seed: of the order of files, of batches within a buffer, and of what `collate` draws.
    """

    def __init__(self, stream: Stream, size: int, deal: Deal, collate: Callable[..., Any], seed: int) -> None:
        self.stream, self.size, self.deal, self.collate, self.seed = stream, size, deal, collate, seed

    def read(self, reader: int, readers: int, mark: Mark) -> Iterator[Made]:
        """Batches from a place on, without end.

        Args:
            reader, readers: which, of how many that share each pass.

        Raises:
            GrunlpError: it has no example in a whole pass.
        """
        while True:
            examples, some = self.stream.share(reader, readers, mark.number, self.seed), mark.state is not None
            if mark.state is not None:
                examples.load_state_dict(mark.state)
            for columns in examples.iter(self.size):  # `iter(examples)` would part them among workers once more
                dealt = self.deal(self._kept(columns))
                # no two buffers of any readers have the same number, by which they are shuffled
                number = mark.buffer * readers + reader
                dealt.sampler.set_epoch(number)
                batches = Collated(dealt.examples, dealt.sampler.batches, self.collate, self.seed, number)
                some = some or len(batches) > 0
                for i in range(mark.batch, len(batches)):
                    indices = batches.indices[i]
                    names = [dealt.examples[j]["id"] for j in indices]
                    yield Made(batches[i], int(dealt.sizes[indices].sum()), names, reader, mark._replace(batch=i))
                mark = Mark(mark.number, examples.state_dict(), mark.buffer + 1)
            if not some:
                wrong = f"{self.stream.name}: reader {reader + 1} of {readers} has no training example"
                there = "each process has one reader, or one a worker; examples of dev and test do not count"
                raise GrunlpError(wrong, there, "Give more text, or lower loader.num_workers")
            mark = Mark(mark.number + 1, None, mark.buffer)

    def _kept(self, columns: dict[str, list[Any]]) -> Buffer:
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        return Buffer(row for row in rows if self.stream.keep is None or self.stream.keep(row))


class Reading(IterableDataset[Any]):
    """What the workers of a process read, each its own part.

    Args:
        reader: makes the batches.
        first, readers: the number of this process's first reader, of how many there are in all.
        marks: where each of its readers begins.
        turn: which of them gives the first batch; workers are asked in turn.
    """

    def __init__(self, reader: Reader, first: int, readers: int, marks: Sequence[Mark], turn: int) -> None:
        self.reader, self.first, self.readers, self.marks, self.turn = reader, first, readers, list(marks), turn

    def __iter__(self) -> Iterator[Made | GrunlpError]:
        worker = get_worker_info()
        own = (self.turn + (worker.id if worker is not None else 0)) % len(self.marks)
        try:
            yield from self.reader.read(self.first + own, self.readers, self.marks[own])
        except GrunlpError as error:  # raised here, it would arrive as the text of a traceback
            yield error
