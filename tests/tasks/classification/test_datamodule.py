"""Batches of texts count the words that are read, those of series their steps."""

import pytest
from datasets import Dataset

from grunlp.tasks.classification.datamodule import SequenceBatchPlanner

TEXTS = Dataset.from_dict({"words": [["a"] * n for n in (9, 1, 5, 0, 2)]})
SERIES = Dataset.from_dict({"steps": [9, 1, 5, 0, 2], "values": [[0.0]] * 5})


@pytest.mark.parametrize(
    ("examples", "max_length", "lengths"),
    [(TEXTS, 0, [9, 1, 5, 0, 2]), (TEXTS, 4, [4, 1, 4, 0, 2]), (SERIES, 4, [9, 1, 5, 0, 2])],
)
def test_a_batch_has_at_most_the_budget(examples: Dataset, max_length: int, lengths: list[int]) -> None:
    plan = SequenceBatchPlanner(max_length)(examples, 8, training=False)
    assert plan.loss_counts.tolist() == [1] * 5, "each example counts once in the loss"
    for batch in plan.sampler.batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 8
    assert sorted(i for batch in plan.sampler.batches for i in batch) == [0, 1, 2, 3, 4]
    assert len(plan.sampler.batches) == {(9, 0): 3, (9, 4): 3, (4, 4): 2}[lengths[0], max_length]


def test_texts_that_are_cut_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    planner = SequenceBatchPlanner(4)
    planner(TEXTS, 8, training=False)
    planner(SERIES, 8, training=False, split_name="dev")
    assert not caplog.text
    planner(TEXTS, 8, training=True, split_name="dev")
    assert "dev: only the first 4 words of 2 of 5 texts are read (loader.max_length)" in caplog.text
