"""Batches of sentences: a sentence counts once for each of its predicates."""

import pytest
from datasets import Dataset

from grunlp.data.datasets.srl import FEATURES
from grunlp.training.sentence_datamodule import plan_sentence_batches
from tests.random_srl_corpus import toy_corpus

CORPUS = toy_corpus(40, 3)


def test_a_sentence_counts_once_for_each_predicate_and_at_least_once() -> None:
    plan = plan_sentence_batches(Dataset.from_list(CORPUS, features=FEATURES), 50, training=False)
    assert plan.loss_counts.tolist() == [len(one["words"]) * max(1, len(one["frames"])) for one in CORPUS]
    for batch in plan.sampler.batches:
        rows = sum(max(1, len(CORPUS[i]["frames"])) for i in batch)
        longest = max(len(CORPUS[i]["words"]) for i in batch)
        assert len(batch) == 1 or rows * longest <= 50
    assert sorted(i for batch in plan.sampler.batches for i in batch) == list(range(len(CORPUS)))


@pytest.mark.parametrize("training", [False, True])
def test_sentences_without_frames_count_once(training: bool) -> None:
    words = Dataset.from_dict({"words": [["a"] * n for n in (3, 1, 4, 1, 5)]})
    plan = plan_sentence_batches(words, 6, training=training)
    assert plan.loss_counts.tolist() == [3, 1, 4, 1, 5]
    assert sorted(i for batch in plan.sampler.batches for i in batch) == [0, 1, 2, 3, 4]
