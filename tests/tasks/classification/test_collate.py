"""Batches of sequences with a class each, by hand."""

import torch

from grunlp.data.collate import IGNORE_INDEX
from grunlp.data.examples import LabeledSeries
from grunlp.tasks.classification.collate import TimeSeriesCollator
from tests.tasks.classification.test_model import EXAMPLES, text_model


def test_series_are_padded_with_zeros() -> None:
    series = [
        LabeledSeries(id="", label="b", steps=2, values=[1.0, 2.0, 3.0, 4.0]),
        LabeledSeries(id="", label="new", steps=0, values=[]),
        LabeledSeries(id="", label="a", steps=1, values=[5.0, 6.0]),
    ]
    batch = TimeSeriesCollator(["a", "b"], 2)(series)
    assert batch.values.tolist() == [[[1, 2], [3, 4]], [[0, 0], [0, 0]], [[5, 6], [0, 0]]]
    assert batch.lengths.tolist() == [2, 0, 1] and batch.labels.tolist() == [1, IGNORE_INDEX, 0]
    assert batch.to(torch.device("cpu")).labels.tolist() == batch.labels.tolist()
    assert TimeSeriesCollator(["a"], 2)([]).values.shape == (0, 0, 2)


def test_texts_are_cut_and_classes_are_numbered() -> None:
    _, collate = text_model(["no", "yes"], "loader.max_length=2")
    batch = collate(EXAMPLES)
    assert batch.lengths.tolist() == [2, 2, 2, 0, 1]
    assert batch.labels.tolist() == [1, 0, 0, 1, IGNORE_INDEX]
    words = collate.vocabulary.words
    assert [words.items[i] for i in batch.words[1].tolist()] == ["not", "good"]
