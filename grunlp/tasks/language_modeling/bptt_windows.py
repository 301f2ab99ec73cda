"""Running text as windows whose rows continue where they ended in the window before.

Gradients flow through one window (truncated backpropagation through time, BPTT).
"""

from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import EOS_ID, PAD_ID, TextTokenizer
from grunlp.training.datamodule_base import BatchDataset, IndexedDataModule
from grunlp.utils import distributed

_VAL_BATCH_SIZE = 64  # read side by side; what the first few tokens of a row lose by it is the same in all epochs


def encode_corpus(tokenizer: TextTokenizer, lines: Iterable[str]) -> Tensor:
    """Return the (N,) ids of a text, with END after each line."""
    lines = iter(lines)
    parts = [np.empty(0, dtype=np.int64)]
    while some := list(islice(lines, 1000)):
        parts.append(np.fromiter(chain.from_iterable([*ids, EOS_ID] for ids in tokenizer.encode(some)), dtype=np.int64))
    return torch.from_numpy(np.concatenate(parts))


class BPTTWindow(NamedTuple):
    """T tokens in each of R rows.

    Attributes:
        inputs: (R, T) the token before each; the one before the first of a text is END. Values after the end of a
            row have no meaning.
        targets: (R, T) the tokens to predict.
        lengths: (R,) number of tokens that are not padding.
        is_first: whether the rows begin here.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    first: bool

    @property
    def mask(self) -> Tensor:
        """(R, T) true at tokens, false at padding."""
        return torch.arange(self.targets.shape[1], device=self.targets.device) < self.lengths[:, None]


class BPTTBatches(BatchDataset):
    """A text cut into rows of equal length that are read in parallel, one window at a time. Each token is predicted
    once.

    Args:
        ids: (N,) of the text.
        rows: the largest number of rows.
        length: T of all windows except the first and perhaps the last.
        first: T of the first; windows of another epoch then begin elsewhere.
        num_groups: groups of rows. Each window is returned so many times, with the rows of one group after the
            other, so that several processes can read them, or their gradients be accumulated.
    """

    def __init__(self, ids: Tensor, rows: int, length: int, first: int, num_groups: int = 1) -> None:
        count = len(ids)
        each = -(-count // rows)
        rows = -(-count // each) if count else 0
        self.starts = window_starts(count, rows, length, first)
        self.ends = [*self.starts[1:], each]
        self.groups, rows = num_groups, -(-rows // num_groups) * num_groups  # the last ones may be empty
        self.lengths = (count - torch.arange(rows) * each).clamp(0, each)
        padded = torch.full((rows * each,), PAD_ID)
        padded[:count] = ids
        self.targets = padded.view(rows, each)
        before = torch.cat([torch.tensor([EOS_ID]), padded[:-1]]) if rows else padded
        self.inputs = before.view(rows, each)

    def __len__(self) -> int:
        return len(self.starts) * self.groups

    def __getitem__(self, index: int) -> BPTTWindow:
        start, end, rows = self.window_span(index)
        lengths = (self.lengths[rows] - start).clamp(0, end - start)
        return BPTTWindow(self.inputs[rows, start:end], self.targets[rows, start:end], lengths, start == 0)

    def window_span(self, index: int) -> tuple[int, int, slice]:
        """Return where a window begins and ends in its rows, and which rows these are."""
        window, group = divmod(index, self.groups)
        each = len(self.lengths) // self.groups
        return self.starts[window], self.ends[window], slice(group * each, (group + 1) * each)

    def batch_loss_counts(self) -> list[int]:
        """Return the number of tokens of each window."""
        places = map(self.window_span, range(len(self)))
        return [int((self.lengths[rows] - start).clamp(0, end - start).sum()) for start, end, rows in places]


def window_starts(count: int, rows: int, length: int, first: int) -> list[int]:
    """Return where the windows of a row begin. Arguments as for `BPTTBatches`; count: N."""
    return [0, *range(first, -(-count // rows), length)] if count else []


class BPTTDataModule(IndexedDataModule):
    """Training and development text as windows.

    Args:
        corpus: a corpus of lines.
        tokenizer: of the text.
        batch_tokens: of a training window, which has the number of rows that this gives.
        bptt: tokens of a row in a window, through which gradients flow.
        shuffle_each_epoch: begin the windows of each epoch elsewhere in the text.
        accumulate_grad_batches: windows for one optimizer step. They, and those of several processes, are read in
            parallel, like one with so many times more rows.
        seed: of where the windows begin.
    """

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: TextTokenizer,
        batch_tokens: int,
        bptt: int,
        shuffle_each_epoch: bool,
        accumulate_grad_batches: int,
        seed: int,
    ) -> None:
        super().__init__(0, shuffle_each_epoch, seed)
        self.rows, self.length, self.accumulate = max(1, batch_tokens // bptt), bptt, accumulate_grad_batches
        self.train, self.dev = (encode_corpus(tokenizer, split["text"]) for split in (corpus.train, corpus.dev))

    def _first_window_length(self, epoch: int) -> int:
        """Return the length of an epoch's first window."""
        drawn = np.random.default_rng([self.seed, self.shuffle_epoch(epoch)])
        return int(drawn.integers(1, self.length + 1))

    def count(self, epoch: int) -> int:
        """How many windows an epoch has."""
        groups = self.world_size * self.accumulate
        return (
            len(window_starts(len(self.train), self.rows * groups, self.length, self._first_window_length(epoch)))
            * groups
        )

    def batches(self, epoch: int) -> BPTTBatches:
        """Return the windows from the beginning to the end of the text."""
        groups = self.world_size * self.accumulate
        return BPTTBatches(self.train, self.rows * groups, self.length, self._first_window_length(epoch), groups)

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Return the number of tokens of each window."""
        return self.batches(epoch).batch_loss_counts()

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return the positions of the tokens in the training text, for each row."""
        windows = self.batches(epoch)
        each, (start, end, rows) = windows.targets.shape[1], windows.window_span(batch)
        return [f"tokens {row * each + start} to {row * each + end - 1}" for row in range(rows.start, rows.stop)]

    def val_dataloader(self) -> DataLoader[BPTTWindow]:
        """Return the rows of the development text that this process reads."""
        windows = BPTTBatches(self.dev, _VAL_BATCH_SIZE, self.length, self.length, distributed.world_size())
        return DataLoader(
            windows, batch_size=None, sampler=range(distributed.rank(), len(windows), distributed.world_size())
        )
