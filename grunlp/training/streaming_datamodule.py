"""A stream as the training data of Lightning: epochs of a set number of turns, shares of losses, and bookmarks.

The trainer is given an iterable of known length, so it asks for no batch before it trains on it. The readers go on
from epoch to epoch: no file is opened anew because an epoch has ended.
"""

from collections.abc import Iterator
from typing import Any

from torch.utils.data import DataLoader

from grunlp.training.batch_sharding import loss_shares
from grunlp.training.datamodule_base import leave_signals
from grunlp.training.datamodules import Evaluation, ScoredData
from grunlp.training.shuffle_buffer import Made, Mark, Reader, Reading
from grunlp.utils import distributed
from grunlp.utils.errors import GrunlpError


class _Epoch:
    """The batches of an epoch, of which `done` are left out; its length is that of the whole."""

    def __init__(self, data: "StreamedData", done: int) -> None:
        self.data, self.done = data, done

    def __len__(self) -> int:
        return self.data.turns

    def __iter__(self) -> Iterator[Any]:
        return self.data.epoch(self.done)


class StreamedData(ScoredData):
    """Batches from a stream, and those of a development split in memory.

    Args:
        reader: makes the batches.
        dev: the development split, how it is dealt out, and what makes batches of it.
        turns: batches a process in an epoch.
        accumulate: batches of a process that are accumulated for an update.
        num_workers: processes that read and encode beside each process of the training.
        seed: of the training.
    """

    streamed = True

    def __init__(
        self, reader: Reader, dev: Evaluation, turns: int, accumulate: int, num_workers: int, seed: int
    ) -> None:
        super().__init__(num_workers, True, seed)
        self.reader, self.dev, self.turns, self.accumulate = reader, dev, turns, accumulate
        self.own = max(1, num_workers)  # readers of a process
        self.marks = [Mark()] * self.own  # where each of them goes on behind all that is trained on
        self.next = 0  # which of them gives the first batch there
        self.window: list[Made] = []  # the batches of this process for the update at hand
        self.shares: list[float] = []  # by which their losses are multiplied
        self.place = 0  # in the window, of the batch at hand
        self._made: Iterator[Made | GrunlpError] | None = None

    def count(self, epoch: int) -> int:
        """Batches of all processes."""
        return self.turns * self.ranks

    def validation(self) -> Evaluation:
        """The development split."""
        return self.dev

    def train_dataloader(self) -> _Epoch:
        """Those of the trainer's epoch; from `position` on where it is there."""
        epoch = self.trainer.current_epoch if self.trainer else 0
        return _Epoch(self, self.position[1] if epoch == self.position[0] else 0)

    def epoch(self, done: int) -> Iterator[Any]:
        """The batches of an epoch, but for the first `done`."""
        for start in range(done, self.turns, self.accumulate):
            self._go_on(min(self.accumulate, self.turns - start))
            for place, made in enumerate(self.window):
                self.place = place
                yield made.batch

    def _go_on(self, count: int) -> None:
        """Read the batches of the next update, so many; those of the one before are trained on."""
        first, rank = distributed.rank() * self.own, distributed.rank()
        for made in self.window:
            self.marks[made.reader - first] = made.behind
        self.next = (self.next + len(self.window)) % self.own
        if self._made is None:
            reading = Reading(self.reader, first, self.ranks * self.own, self.marks, self.next)
            workers = self.num_workers
            loader = DataLoader(reading, None, collate_fn=_as_it_is, num_workers=workers, worker_init_fn=leave_signals)
            self._made = iter(loader)
        self.window = []
        while len(self.window) < count:
            found = next(self._made)
            if isinstance(found, GrunlpError):
                raise found
            self.window.append(found)
        turns = zip(*distributed.gather([made.size for made in self.window]), strict=True)
        sizes = [size for turn in turns for size in turn]
        self.shares = loss_shares(sizes, rank, self.ranks, self.accumulate)

    def loss_share(self, turn: int) -> float:
        """By what the loss of the batch at hand is multiplied: see `loss_shares`."""
        return self.shares[self.place]

    def describe(self, epoch: int, batch: int) -> list[str]:
        """The ids of the examples of a batch of the update at hand, by file; of another process's that it is one."""
        turn, rank = divmod(batch, self.ranks)
        if rank != distributed.rank():
            return [f"those of batch {batch + 1}, which rank {rank} has read"]
        return self.window[turn % self.accumulate].names

    def bookmark(self) -> dict[str, Any]:
        """Of the batch at hand."""
        made = self.window[self.place]
        return {"reader": made.reader, "readers": self.ranks * self.own, "mark": made.mark._asdict()}

    def again(self, epoch: int, batch: int, bookmark: dict[str, Any]) -> Any:
        """The batch that a bookmark is of."""
        return next(self.reader.read(bookmark["reader"], bookmark["readers"], Mark(**bookmark["mark"]))).batch

    def state_dict(self) -> dict[str, Any]:
        """For a checkpoint."""
        marks = [mark._asdict() for some in distributed.gather(self.marks) for mark in some]
        readers = {"workers": self.num_workers, "buffer": self.reader.size, "next": self.next, "marks": marks}
        return super().state_dict() | readers

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where it was saved. Raises GrunlpError where others read the stream now."""
        super().load_state_dict(state_dict)
        for key, name, now in (
            ("loader.num_workers", "workers", self.num_workers),
            ("loader.stream", "buffer", self.reader.size),
        ):
            if (begun := state_dict[name]) != now:
                there = f"it was begun with {begun}, by which it is settled who reads what"
                raise GrunlpError(f"a training that goes on with {key}={now}", there, f"Type {key}={begun}")
        first = distributed.rank() * self.own
        self.marks = [Mark(**mark) for mark in state_dict["marks"][first : first + self.own]]
        self.next = state_dict["next"]

    def teardown(self, stage: str) -> None:
        """Let the workers go."""
        self._made = None


def _as_it_is(made: Any) -> Any:
    return made
