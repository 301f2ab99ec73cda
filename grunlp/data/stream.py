"""A running text as windows, whose rows each read on where they had stopped in the window before."""

from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from grunlp.data.corpora.corpus import Corpus
from grunlp.data.epochs import EpochData
from grunlp.data.tokenizer import END, PADDING, TextTokenizer

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


class Windows(Dataset[Window]):
    """A text cut into rows of even length that are read side by side, a window at a time. Each token is told once.

    Args:
        ids: (N,) of the text.
        rows: how many, at most.
        length: T of all windows but perhaps the last.
        first: T of the first; windows of another epoch then begin elsewhere.
    """

    def __init__(self, ids: Tensor, rows: int, length: int, first: int) -> None:
        count = len(ids)
        each = -(-count // rows)
        rows = -(-count // each) if count else 0
        self.lengths = (count - torch.arange(rows) * each).clamp(max=each)
        padded = torch.full((rows * each,), PADDING)
        padded[:count] = ids
        self.outputs = padded.view(rows, each)
        before = torch.cat([torch.tensor([END]), padded[:-1]]) if rows else padded
        self.inputs = before.view(rows, each)
        self.starts = window_starts(count, rows, length, first)
        self.ends = [*self.starts[1:], each]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> Window:
        start, end = self.starts[index], self.ends[index]
        lengths = (self.lengths - start).clamp(0, end - start)
        return Window(self.inputs[:, start:end], self.outputs[:, start:end], lengths, index == 0)


def window_starts(count: int, rows: int, length: int, first: int) -> list[int]:
    """Where the windows of a row begin. Arguments as for `Windows`; count: N."""
    return [0, *range(first, -(-count // rows), length)] if count else []


class StreamData(EpochData):
    """Training and development text as windows.

    Args:
        corpus: its splits are lines.
        tokenizer: reads them.
        batch_tokens: of a training window, which has as many rows as that gives.
        length: tokens of a row in a window, through which gradients flow.
        reshuffle: windows of each epoch begin elsewhere in the text.
        seed: of where they begin.
    """

    def __init__(
        self, corpus: Corpus, tokenizer: TextTokenizer, batch_tokens: int, length: int, reshuffle: bool, seed: int
    ) -> None:
        super().__init__(0, reshuffle, seed)
        self.rows, self.length = max(1, batch_tokens // length), length
        self.train, self.dev = (stream_ids(tokenizer, split["text"]) for split in (corpus.train, corpus.dev))

    def _first(self, epoch: int) -> int:
        """The length of an epoch's first window."""
        drawn = np.random.default_rng([self.seed, self.drawn(epoch)])
        return int(drawn.integers(1, self.length + 1))

    def count(self, epoch: int) -> int:
        """How many windows an epoch has."""
        return len(window_starts(len(self.train), self.rows, self.length, self._first(epoch)))

    def batches(self, epoch: int) -> Windows:
        """From the beginning to the end of the text."""
        return Windows(self.train, self.rows, self.length, self._first(epoch))

    def describe(self, epoch: int, batch: int) -> list[str]:
        """The places of the tokens in the training text, for each row."""
        windows = self.batches(epoch)
        each, start, end = windows.outputs.shape[1], windows.starts[batch], windows.ends[batch]
        return [f"tokens {row * each + start} to {row * each + end - 1}" for row in range(len(windows.lengths))]

    def val_dataloader(self) -> DataLoader[Window]:
        """The development text."""
        return DataLoader(Windows(self.dev, _DEV_ROWS, self.length, self.length), batch_size=None)
