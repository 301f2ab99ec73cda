"""Comparison of the answers of an export with those of the model."""

from grunlp.exporting.verification import first_mismatch


def test_the_first_difference_is_named() -> None:
    assert first_mismatch({"a": [1, 0.5]}, {"a": [1, 0.50001]}) is None
    assert first_mismatch({"a": [1, 0.5]}, {"a": [1, 0.6]}) == "answer.a[1] is 0.5, expected 0.6"
    assert "answer is" in str(first_mismatch({"a": 1}, {"b": 1}))
    assert "answer.a is" in str(first_mismatch({"a": [1]}, {"a": [1, 2]}))
