"""Spans are counted as conlleval and seqeval do, plain tags one a word."""

import pytest

from grunlp.metrics.span_counts import conlleval_counts
from grunlp.tasks.tagging.metrics import TagScores


def test_spans() -> None:
    scores = TagScores(spans=True)
    pairs = [
        (["B-A", "I-A", "O"], ["B-A", "I-A", "O"], ["B-A", "I-A", "O"]),
        (["O", "B-B"], ["B-B", "O"], ["I-B", "O"]),
    ]
    for document, (gold, predicted, argmax) in zip("xy", pairs, strict=True):
        scores.add(document, gold, predicted, argmax)
    assert (
        scores.total("conlleval").overall == conlleval_counts(*zip(*((a, b) for a, b, _ in pairs), strict=True)).overall
    )
    content = scores.as_dict()
    assert content["seqeval"]["f1"] == pytest.approx(50)
    assert (content["illegal_tags"], content["illegal_tags_of_argmax"], content["tokens"]) == (0, 1, 5)
    assert "FB1:  50.00" in scores.report() and "would have made 1" in scores.report()


def test_plain_tags() -> None:
    scores = TagScores(spans=False)
    scores.add("", ["DT", "NN", "VB"], ["DT", "VB", "VB"], ["DT", "VB", "VB"])
    scores.add("", ["NN"], ["NN"], ["NN"])
    content = scores.as_dict()
    assert content["accuracy"]["f1"] == pytest.approx(75), "three of four words"
    assert content["accuracy"]["labels"]["NN"] == {"corr": 1, "excess": 0, "missed": 1, "f1": pytest.approx(200 / 3)}
    assert "illegal_tags" not in content and scores.schemes() == ["accuracy"]
    assert "right tags                   %   75.00" in scores.report()
