"""The three splits of a corpus as batches for Lightning."""

import torch
from datasets import Dataset
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader

from grunlp.data.batches import Batch, Collator
from grunlp.data.corpora import Corpus
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.vocabulary import Vocabulary

# Without gradients a batch needs less memory, and larger products are faster.
_EVALUATION_FACTOR = 4


class SRLData(LightningDataModule):
    """Batches of whole sentences with all their predicates.

    Args:
        corpus: the splits.
        vocabulary: turns them into ids.
        batch_tokens: most tokens a training batch, each sentence counted once for each of its predicates.
        num_workers: processes that read and encode beside the training; 0 does it in the same process.
        reshuffle: new batches each epoch; otherwise those of the first again and again, for debugging.
        seed: of the shuffling.
    """

    def __init__(
        self, corpus: Corpus, vocabulary: Vocabulary, batch_tokens: int, num_workers: int, reshuffle: bool, seed: int
    ) -> None:
        super().__init__()
        self.corpus, self.batch_tokens, self.num_workers = corpus, batch_tokens, num_workers
        self.reshuffle, self.seed = reshuffle, seed
        self.collate = Collator(vocabulary)

    def _loader(self, split: Dataset, shuffle: bool, epoch: int) -> DataLoader[Batch]:
        lengths = [len(words) for words in split["words"]]
        rows = [len(frames) for frames in split["frames"]]
        budget = self.batch_tokens if shuffle else self.batch_tokens * _EVALUATION_FACTOR
        sampler = TokenBudgetSampler(lengths, rows, budget, shuffle, self.seed)
        sampler.set_epoch(epoch)
        return DataLoader(split, batch_sampler=sampler, collate_fn=self.collate, num_workers=self.num_workers)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled anew each epoch: the trainer asks again for every one."""
        epoch = self.trainer.current_epoch if self.trainer and self.reshuffle else 0
        return self._loader(self.corpus.train, True, epoch)

    def val_dataloader(self) -> DataLoader[Batch]:
        """The development split, shortest sentences first."""
        return self._loader(self.corpus.dev, False, 0)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Lightning does not know the type of our batches."""
        return batch.to(device)
