"""Which sentences each epoch reads, and that the number of its steps is known beforehand."""

from types import SimpleNamespace

import pytest
from datasets import Dataset

from grunlp.data.batches import FrameCollator
from grunlp.data.corpora.corpus import Corpus
from grunlp.data.corpora.frames import FEATURES
from grunlp.data.module import SentenceData
from tests.toys import toy_corpus, vocabulary_of

TRAIN, EXTRA = toy_corpus(30, 1), toy_corpus(20, 2)
COLLATE = FrameCollator(vocabulary_of([*TRAIN, *EXTRA]), None)


def make(extra: bool, reshuffle: bool = True) -> SentenceData:
    train, more = (Dataset.from_list(examples, features=FEATURES) for examples in (TRAIN, EXTRA))
    more = more.add_column("extra", [True] * len(more)) if extra else None
    corpus = Corpus("toy", train, train, None, more, 0)
    return SentenceData(corpus, COLLATE, 60, 0, extra_epochs=2, reshuffle=reshuffle, seed=1)


def epoch(data: SentenceData, number: int) -> list[list[tuple[int, bool]]]:
    """Of each batch the length and the mark of every predicate's sentence."""
    data.trainer = SimpleNamespace(current_epoch=number)  # type: ignore[assignment]
    return [list(zip(b.predicate_lengths.tolist(), b.extra.tolist(), strict=True)) for b in data.train_dataloader()]


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
    assert data.count_steps(4, limit_batches=0) == sum(steps) and steps[1] > steps[2]
    assert data.count_steps(4, limit_batches=3) == 12
    assert data.count_steps(3, limit_batches=steps[2]) == 3 * steps[2]


def test_batches_change_from_epoch_to_epoch_when_asked() -> None:
    assert epoch(make(True), 0) != epoch(make(True), 1) and epoch(make(True), 2) != epoch(make(True), 3)
    assert epoch(make(True, False), 0) == epoch(make(True, False), 1)
    assert epoch(make(True), 1) == epoch(make(True), 1), "the same seed, the same batches"
