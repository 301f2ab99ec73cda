"""Batches of pairs of texts: long pairs are left out of training, and long sources are cut on request."""

import sys
from typing import Any

import pytest
from datasets import Dataset
from torch.utils.data import DataLoader

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.seq2seq.data import FEATURES as PAIR_FEATURES
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.options import Seq2SeqLoaderOptions
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule
from grunlp.utils.errors import UserError

PAIRS = [("a b c d e f", "a"), ("a b", "b a"), ("c", "a b c d e f"), ("d", "e"), ("e f", "f e")]


def pairs(longest_source: int, longest_target: int, cut: bool) -> tuple[TokenBudgetDataModule, TextTokenizer]:
    rows = [{"id": "", "source": one, "target": other, "references": []} for one, other in PAIRS]
    split = Dataset.from_list(rows, features=PAIR_FEATURES)
    words = TextTokenizer.train("word", [one for one, _ in PAIRS], 100, 1)
    loader = Seq2SeqLoaderOptions(
        batch_tokens=8, max_source_length=longest_source, max_target_length=longest_target, truncate_source=cut
    )
    corpus = Corpus("toy", split, split, None, None, 0)
    data = make_parallel_datamodule(corpus, words, words, loader, StreamingTrainerOptions(), 1)
    assert isinstance(data, TokenBudgetDataModule)
    return data, words


def read(loader: DataLoader[Any], words: TextTokenizer) -> list[tuple[str, str]]:
    found = []
    for batch in loader:
        assert batch.target_lengths.tolist() == batch.target_mask.sum(dim=1).tolist()
        assert max(batch.source.shape[1], batch.target.shape[1] - 1) * len(batch.source) <= 8 * 4
        found += [
            tuple(map(words.decode, pair)) for pair in zip(batch.source.tolist(), batch.target.tolist(), strict=True)
        ]
    return sorted(found)


def test_pairs_are_whole() -> None:
    data, words = pairs(0, 0, False)
    assert read(data.train_dataloader(), words) == read(data.val_dataloader(), words) == sorted(PAIRS)


def test_long_pairs_are_left_out_of_training_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, words = pairs(2, 2, False)
    assert read(data.train_dataloader(), words) == [("a b", "b a"), ("d", "e"), ("e f", "f e")]
    assert read(data.val_dataloader(), words) == sorted(PAIRS)
    assert "2 pairs removed, longer than loader.max_source_length=2 or loader.max_target_length=2 tokens" in caplog.text
    monkeypatch.setattr(sys.modules[__name__], "PAIRS", PAIRS[:1])
    with pytest.raises(UserError, match="toy: train: all pairs are too long"):
        pairs(2, 2, False)


def test_long_sources_are_cut_where_asked(caplog: pytest.LogCaptureFixture) -> None:
    data, words = pairs(2, 2, True)
    cut = [("a b", "a"), *PAIRS[1:]]
    assert read(data.train_dataloader(), words) == sorted(pair for pair in cut if pair != PAIRS[2])
    assert read(data.val_dataloader(), words) == sorted(cut)
    assert "1 pairs removed, longer than loader.max_target_length=2 tokens" in caplog.text
    assert "toy: dev: only the first 2 tokens of 1 of 5 sources are read" in caplog.text
