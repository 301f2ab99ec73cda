"""The three splits of a corpus as batches for Lightning."""

import torch
from datasets import Dataset, concatenate_datasets
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from grunlp.data.batches import FrameBatch, FrameCollator, TagBatch, TagCollator, Tokens
from grunlp.data.corpora.corpus import Corpus
from grunlp.data.sampler import TokenBudgetSampler

# Without gradients a batch needs less memory, and larger products are faster.
_EVALUATION_FACTOR = 4


class SentenceData(LightningDataModule):
    """Batches of whole sentences, with all their predicates where there are any.

    Args:
        corpus: the splits.
        collate: makes batches of them.
        batch_tokens: most tokens a training batch, each sentence counted once for each of its predicates.
        num_workers: processes that read and encode beside the training; 0 does it in the same process.
        extra_epochs: the corpus's extra data take part in the first of this many; the later ones are its own alone.
        reshuffle: new batches each epoch; otherwise those of the first again and again, for debugging.
        seed: of the shuffling.
    """

    def __init__(
        self,
        corpus: Corpus,
        collate: FrameCollator | TagCollator,
        batch_tokens: int,
        num_workers: int,
        extra_epochs: int,
        reshuffle: bool,
        seed: int,
    ) -> None:
        super().__init__()
        self.corpus, self.batch_tokens, self.num_workers = corpus, batch_tokens, num_workers
        self.extra_epochs, self.reshuffle, self.seed = extra_epochs, reshuffle, seed
        self.collate = collate

        self.own = self.mixed = (corpus.train, self._sampler(corpus.train, batch_tokens, True))
        if corpus.extra is not None:
            everything = concatenate_datasets([corpus.train, corpus.extra])
            self.mixed = (everything, self._sampler(everything, batch_tokens, True))

    def _sampler(self, split: Dataset, budget: int, shuffle: bool) -> TokenBudgetSampler:
        lengths = [len(words) for words in split["words"]]
        rows = [len(frames) for frames in split["frames"]] if "frames" in split.column_names else [1] * len(lengths)
        return TokenBudgetSampler(lengths, rows, budget, shuffle, self.seed)

    def _loader(self, split: Dataset, sampler: TokenBudgetSampler) -> DataLoader[FrameBatch | TagBatch]:
        return DataLoader(split, batch_sampler=sampler, collate_fn=self.collate, num_workers=self.num_workers)

    def _training(self, epoch: int) -> tuple[Dataset, TokenBudgetSampler]:
        split, sampler = self.mixed if epoch < self.extra_epochs else self.own
        sampler.set_epoch(epoch if self.reshuffle else 0)
        return split, sampler

    def count_steps(self, epochs: int, limit_batches: int) -> int:
        """Training batches of that many epochs, each of at most `limit_batches` (0: no limit)."""
        counts = [len(self._training(epoch)[1]) for epoch in range(epochs)]
        return sum(min(count, limit_batches or count) for count in counts)

    def train_dataloader(self) -> DataLoader[FrameBatch | TagBatch]:
        """Shuffled anew each epoch: the trainer asks again for every one."""
        return self._loader(*self._training(self.trainer.current_epoch if self.trainer else 0))

    def val_dataloader(self) -> DataLoader[FrameBatch | TagBatch]:
        """The development split, shortest sentences first."""
        dev = self.corpus.dev
        return self._loader(dev, self._sampler(dev, self.batch_tokens * _EVALUATION_FACTOR, False))

    def transfer_batch_to_device(self, batch: Tokens, device: torch.device, dataloader_idx: int) -> Tokens:
        """Lightning does not know the type of our batches."""
        return batch.to(device)
