"""Running text as batches for Lightning."""

import numpy as np
from torch.utils.data import DataLoader

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches, BPTTWindow, encode_corpus, window_starts
from grunlp.tasks.language_modeling.options import WindowLoaderOptions
from grunlp.training.datamodule_base import IndexedDataModule
from grunlp.utils import distributed

_VAL_ROWS = 64  # read in parallel; the small loss in context at the start of each row is the same in all epochs


class BPTTDataModule(IndexedDataModule):
    """A data module of training and development text as windows.

    Args:
        corpus: a corpus of lines.
        tokenizer: the tokenizer of the text.
        loader: the group `loader` of the configuration. A window has `batch_tokens` tokens in all its rows.
        accumulate_grad_batches: number of windows for one optimizer step. They, and those of several processes, are
            read in parallel, like one window with correspondingly more rows.
        seed: the random seed of the positions at which the windows of each epoch begin.
    """

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: TextTokenizer,
        loader: WindowLoaderOptions,
        accumulate_grad_batches: int,
        seed: int,
    ) -> None:
        super().__init__(0, loader.shuffle_each_epoch, seed)
        self.num_rows, self.bptt = max(1, loader.batch_tokens // loader.bptt), loader.bptt
        self.num_groups = self.world_size * accumulate_grad_batches
        self.train, self.val = (encode_corpus(tokenizer, split["text"]) for split in (corpus.train, corpus.dev))

    def num_batches(self, epoch: int) -> int:
        """Return the number of windows of all processes in an epoch."""
        num_rows = self.num_rows * self.num_groups
        return len(window_starts(len(self.train), num_rows, self.bptt, self._first_length(epoch))) * self.num_groups

    def batches(self, epoch: int) -> BPTTBatches:
        """Return the windows from the beginning to the end of the text."""
        num_rows = self.num_rows * self.num_groups
        return BPTTBatches(self.train, num_rows, self.bptt, self._first_length(epoch), self.num_groups)

    def batch_loss_counts(self, epoch: int) -> list[int]:
        """Return the number of tokens of each window."""
        return self.batches(epoch).batch_loss_counts()

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        """Return, for each row, the positions of its tokens in the training text."""
        windows = self.batches(epoch)
        length, (start, end, rows) = windows.targets.shape[1], windows.window_span(batch)
        return [f"tokens {row * length + start} to {row * length + end - 1}" for row in range(rows.start, rows.stop)]

    def val_dataloader(self) -> DataLoader[BPTTWindow]:
        """Return the rows of the development text that this process reads."""
        windows = BPTTBatches(self.val, _VAL_ROWS, self.bptt, self.bptt, self.world_size)
        return DataLoader(windows, batch_size=None, sampler=range(distributed.rank(), len(windows), self.world_size))

    def _first_length(self, epoch: int) -> int:
        """Return the length of the first window of an epoch."""
        rng = np.random.default_rng([self.seed, self.shuffle_epoch(epoch)])
        return int(rng.integers(1, self.bptt + 1))
