"""Which sentences each epoch reads, and that the number of its steps is known beforehand."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from datasets import Dataset
from torch.utils.data import DataLoader

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import FEATURES
from grunlp.data.options import StreamingLoaderOptions
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.seq2seq.data import FEATURES as PAIR_FEATURES
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.options import Seq2SeqLoaderOptions
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of

TRAIN, EXTRA = toy_corpus(30, 1), toy_corpus(20, 2)
COLLATE = SRLCollator(vocabulary_of([*TRAIN, *EXTRA]), None)


def make(extra: bool, reshuffle: bool = True) -> TokenBudgetDataModule:
    train, more = (Dataset.from_list(examples, features=FEATURES) for examples in (TRAIN, EXTRA))
    more = more.add_column("from_extra_corpus", [True] * len(more)) if extra else None
    corpus = Corpus("toy", train, train, None, more, 0)
    loader = StreamingLoaderOptions(batch_tokens=60, shuffle_each_epoch=reshuffle)
    trainer = StreamingTrainerOptions()
    data = make_datamodule(corpus, plan_sentence_batches, COLLATE, loader, trainer, 1, extra_data_epochs=2)
    assert isinstance(data, TokenBudgetDataModule)
    return data


def epoch(data: TokenBudgetDataModule, number: int) -> list[list[tuple[int, bool]]]:
    """Of each batch the length and the mark of every predicate's sentence."""
    data.trainer = SimpleNamespace(current_epoch=number)  # type: ignore[assignment]
    return [
        list(zip(b.predicate_lengths.tolist(), b.from_extra_corpus.tolist(), strict=True))
        for b in data.train_dataloader()
    ]


@pytest.mark.parametrize("extra", [False, True])
def test_extra_data_take_part_in_the_first_epochs_alone(extra: bool) -> None:
    data = make(extra)
    own, more = (sum(len(example["frames"]) for example in examples) for examples in (TRAIN, EXTRA))
    for number in range(4):
        marks = [mark for batch in epoch(data, number) for _, mark in batch]
        assert (marks.count(False), marks.count(True)) == (own, more if extra and number < 2 else 0)


@pytest.mark.parametrize("reshuffle", [False, True])
def test_steps_are_counted_beforehand(reshuffle: bool) -> None:
    data = make(True, reshuffle)
    steps = [len(epoch(data, number)) for number in range(4)]
    assert (
        data.num_optimizer_steps(4, limit_train_batches=0, accumulate_grad_batches=1) == sum(steps)
        and steps[1] > steps[2]
    )
    assert (
        data.num_optimizer_steps(4, limit_train_batches=3, accumulate_grad_batches=1) == 12
        and data.num_optimizer_steps(4, 3, accumulate_grad_batches=2) == 8
    )
    assert data.num_optimizer_steps(3, limit_train_batches=steps[2], accumulate_grad_batches=1) == 3 * steps[2]


def test_batches_change_from_epoch_to_epoch_when_asked() -> None:
    assert epoch(make(True), 0) != epoch(make(True), 1) and epoch(make(True), 2) != epoch(make(True), 3)
    assert epoch(make(True, False), 0) == epoch(make(True, False), 1)
    assert epoch(make(True), 1) == epoch(make(True), 1), "the same seed, the same batches"


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
