"""A running text as windows, whose rows each read on where they had stopped in the window before."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import END, PADDING, TextTokenizer
from grunlp.training.datamodule_base import Batches, NumberedData
from grunlp.utils import distributed

_DEV_ROWS = 64  # read side by side; what the first few tokens of a row lose by it is the same in all epochs


def stream_ids(tokenizer: TextTokenizer, lines: Iterable[str]) -> Tensor:
    """(N,) the ids of a text, each line with END behind it."""
    lines = iter(lines)
    parts = [np.empty(0, dtype=np.int64)]
    while some := list(islice(lines, 1000)):
        parts.append(np.fromiter(chain.from_iterable([*ids, END] for ids in tokenizer.encode(some)), dtype=np.int64))
    return torch.from_numpy(np.concatenate(parts))


class Window(NamedTuple):
    """T tokens in each of R rows.

    inputs: (R, T) the token before each; that before the first of a text is END. What stands after the end of a row
        means nothing.
    outputs: (R, T) the tokens.
    lengths: (R,) how many are real.
    first: whether the rows begin here, and nothing was read before.
    """

    inputs: Tensor
    outputs: Tensor
    lengths: Tensor
    first: bool

    @property
    def real(self) -> Tensor:
        """(R, T) which tokens are no padding."""
        return torch.arange(self.outputs.shape[1], device=self.outputs.device) < self.lengths[:, None]


class Windows(Batches):
    """A text cut into rows of even length that are read side by side, a window at a time. Each token is told once.

    Args:
        ids: (N,) of the text.
        rows: how many, at most.
        length: T of all windows but perhaps the last.
        first: T of the first; windows of another epoch then begin elsewhere.
        groups: into which the rows are parted. Each window is given so many times, with the rows of one after the
            other, so that they can be read by several processes, or accumulated.
    """

    def __init__(self, ids: Tensor, rows: int, length: int, first: int, groups: int = 1) -> None:
        count = len(ids)
        each = -(-count // rows)
        rows = -(-count // each) if count else 0
        self.starts = window_starts(count, rows, length, first)
        self.ends = [*self.starts[1:], each]
        self.groups, rows = groups, -(-rows // groups) * groups  # the last ones may be empty
        self.lengths = (count - torch.arange(rows) * each).clamp(0, each)
        padded = torch.full((rows * each,), PADDING)
        padded[:count] = ids
        self.outputs = padded.view(rows, each)
        before = torch.cat([torch.tensor([END]), padded[:-1]]) if rows else padded
        self.inputs = before.view(rows, each)

    def __len__(self) -> int:
        return len(self.starts) * self.groups

    def __getitem__(self, index: int) -> Window:
        start, end, rows = self.place(index)
        lengths = (self.lengths[rows] - start).clamp(0, end - start)
        return Window(self.inputs[rows, start:end], self.outputs[rows, start:end], lengths, start == 0)

    def place(self, index: int) -> tuple[int, int, slice]:
        """Where a window begins and ends in its rows, and which they are."""
        window, group = divmod(index, self.groups)
        each = len(self.lengths) // self.groups
        return self.starts[window], self.ends[window], slice(group * each, (group + 1) * each)

    def sizes(self) -> list[int]:
        """Tokens of each."""
        places = map(self.place, range(len(self)))
        return [int((self.lengths[rows] - start).clamp(0, end - start).sum()) for start, end, rows in places]


def window_starts(count: int, rows: int, length: int, first: int) -> list[int]:
    """Where the windows of a row begin. Arguments as for `Windows`; count: N."""
    return [0, *range(first, -(-count // rows), length)] if count else []


class StreamData(NumberedData):
    """Training and development text as windows.

    Args:
        corpus: its splits are lines.
        tokenizer: reads them.
        batch_tokens: of a training window, which has as many rows as that gives.
        accumulate: windows an update. They, and those of several processes, are read side by side, as one whose rows
            are as many more.
        length: tokens of a row in a window, through which gradients flow.
        reshuffle: windows of each epoch begin elsewhere in the text.
        seed: of where they begin.
    """

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: TextTokenizer,
        batch_tokens: int,
        length: int,
        reshuffle: bool,
        accumulate: int,
        seed: int,
    ) -> None:
        super().__init__(0, reshuffle, seed)
        self.rows, self.length, self.accumulate = max(1, batch_tokens // length), length, accumulate
        self.train, self.dev = (stream_ids(tokenizer, split["text"]) for split in (corpus.train, corpus.dev))

    def _first(self, epoch: int) -> int:
        """The length of an epoch's first window."""
        drawn = np.random.default_rng([self.seed, self.drawn(epoch)])
        return int(drawn.integers(1, self.length + 1))

    def count(self, epoch: int) -> int:
        """How many windows an epoch has."""
        groups = self.ranks * self.accumulate
        return len(window_starts(len(self.train), self.rows * groups, self.length, self._first(epoch))) * groups

    def batches(self, epoch: int) -> Windows:
        """From the beginning to the end of the text."""
        groups = self.ranks * self.accumulate
        return Windows(self.train, self.rows * groups, self.length, self._first(epoch), groups)

    def sizes(self, epoch: int) -> list[int]:
        """Tokens of each window."""
        return self.batches(epoch).sizes()

    def describe(self, epoch: int, batch: int) -> list[str]:
        """The places of the tokens in the training text, for each row."""
        windows = self.batches(epoch)
        each, (start, end, rows) = windows.outputs.shape[1], windows.place(batch)
        return [f"tokens {row * each + start} to {row * each + end - 1}" for row in range(rows.start, rows.stop)]

    def val_dataloader(self) -> DataLoader[Window]:
        """The rows of the development text that this process reads."""
        windows = Windows(self.dev, _DEV_ROWS, self.length, self.length, distributed.count())
        return DataLoader(
            windows, batch_size=None, sampler=range(distributed.rank(), len(windows), distributed.count())
        )
