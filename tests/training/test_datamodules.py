"""Which sentences each epoch reads, and that the number of its steps is known beforehand."""

from types import SimpleNamespace

import pytest
from datasets import Dataset

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import FEATURES
from grunlp.data.options import StreamingLoaderOptions
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule
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
