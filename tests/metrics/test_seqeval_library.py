"""The score of the seqeval library, by hand."""

import pytest

from grunlp.metrics.seqeval_library import score_with_seqeval


def test_strict_spans_by_hand() -> None:
    """Gold has 3 spans and 2 are predicted; one of them is right, as I-B opens none and X is longer than gold."""
    gold = [["B-A", "I-A", "O", "B-B"], ["B-X", "O"]]
    predicted = [["B-A", "I-A", "O", "I-B"], ["B-X", "I-X"]]
    scores = score_with_seqeval(gold, predicted)
    assert scores == pytest.approx((50.0, 100 / 3, 40.0))


def test_the_average_is_over_spans_and_not_over_labels() -> None:
    gold = [["B-A", "B-A", "B-A", "B-B"]]
    predicted = [["B-A", "B-A", "B-A", "B-C"]]
    assert score_with_seqeval(gold, predicted).f1 == pytest.approx(75.0)


def test_nothing_to_score() -> None:
    assert score_with_seqeval([], []) == (0, 0, 0)
    assert score_with_seqeval([[]], [[]]) == (0, 0, 0)
