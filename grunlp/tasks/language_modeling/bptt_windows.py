"""Running text as windows; each row continues where the same row of the previous window ended.

Gradients flow through one window (truncated backpropagation through time, BPTT).
"""

from collections.abc import Iterable
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from grunlp.data.subword_tokenizer import EOS_ID, PAD_ID, TextTokenizer
from grunlp.training.datamodule_base import BatchDataset


def encode_corpus(tokenizer: TextTokenizer, lines: Iterable[str]) -> Tensor:
    """Return the (N,) ids of a text, with END after each line."""
    lines = iter(lines)
    chunks = [np.empty(0, dtype=np.int64)]
    while chunk := list(islice(lines, 1000)):
        ids = chain.from_iterable([*line, EOS_ID] for line in tokenizer.encode(chunk))
        chunks.append(np.fromiter(ids, dtype=np.int64))
    return torch.from_numpy(np.concatenate(chunks))


class BPTTWindow(NamedTuple):
    """A window of T tokens in each of R rows.

    Attributes:
        inputs: (R, T) the token before each target; END before the first token of a text. Values after the end of a row
            have no meaning.
        targets: (R, T) the tokens to predict.
        lengths: (R,) number of tokens that are not padding.
        is_first: whether this is the first window of the rows.
    """

    inputs: Tensor
    targets: Tensor
    lengths: Tensor
    is_first: bool

    @property
    def mask(self) -> Tensor:
        """(R, T) true at tokens, false at padding."""
        return torch.arange(self.targets.shape[1], device=self.targets.device) < self.lengths[:, None]


class BPTTBatches(BatchDataset):
    """A text cut into rows of equal length that are read in parallel, one window at a time.

    Each token is predicted once.

    Args:
        ids: (N,) token ids of the text.
        num_rows: the largest number of rows.
        window_length: T, number of steps of each window except the first and possibly the last.
        first_length: number of steps of the first window. It differs between epochs, so that windows begin at different
            places.
        num_groups: number of groups of rows. Each window is returned once for each group, with only the rows of the
            group, so that several processes can share a window, or gradients can be accumulated over it.
    """

    def __init__(self, ids: Tensor, num_rows: int, window_length: int, first_length: int, num_groups: int = 1) -> None:
        num_tokens = len(ids)
        row_length = -(-num_tokens // num_rows)
        num_rows = -(-num_tokens // row_length) if num_tokens else 0
        self.starts = window_starts(num_tokens, num_rows, window_length, first_length)
        self.ends = [*self.starts[1:], row_length]
        num_rows = -(-num_rows // num_groups) * num_groups  # the last ones may be empty
        self.num_groups = num_groups
        self.lengths = (num_tokens - torch.arange(num_rows) * row_length).clamp(0, row_length)
        padded = torch.full((num_rows * row_length,), PAD_ID)
        padded[:num_tokens] = ids
        self.targets = padded.view(num_rows, row_length)
        shifted = torch.cat([torch.tensor([EOS_ID]), padded[:-1]]) if num_rows else padded
        self.inputs = shifted.view(num_rows, row_length)

    def __len__(self) -> int:
        return len(self.starts) * self.num_groups

    def __getitem__(self, index: int) -> BPTTWindow:
        start, end, rows = self.window_span(index)
        lengths = (self.lengths[rows] - start).clamp(0, end - start)
        return BPTTWindow(self.inputs[rows, start:end], self.targets[rows, start:end], lengths, start == 0)

    def window_span(self, index: int) -> tuple[int, int, slice]:
        """Return where a window begins and ends in its rows, and which rows it has."""
        window, group = divmod(index, self.num_groups)
        group_size = len(self.lengths) // self.num_groups
        return self.starts[window], self.ends[window], slice(group * group_size, (group + 1) * group_size)

    def batch_loss_counts(self) -> list[int]:
        """Return the number of tokens of each window."""
        spans = map(self.window_span, range(len(self)))
        return [int((self.lengths[rows] - start).clamp(0, end - start).sum()) for start, end, rows in spans]


def window_starts(num_tokens: int, num_rows: int, window_length: int, first_length: int) -> list[int]:
    """Return the start positions of the windows in a row. Arguments as for `BPTTBatches`."""
    return [0, *range(first_length, -(-num_tokens // num_rows), window_length)] if num_tokens else []
