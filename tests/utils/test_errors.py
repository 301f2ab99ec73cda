"""Errors in three parts: what is wrong, what exists, what to type."""

from grunlp.utils.errors import DataError, UserError, closest_match


def test_empty_parts_leave_no_empty_lines() -> None:
    assert str(UserError("wrong", "expected", "type this")) == "wrong\nexpected\ntype this"
    assert str(UserError("wrong", "", "type this")) == "wrong\ntype this"
    assert str(UserError("wrong")) == "wrong"


def test_data_errors_begin_with_file_and_line() -> None:
    error = DataError("train.conll", 7, "no tab", "expected two columns")
    assert str(error) == "train.conll:7: no tab\nexpected two columns"
    assert (error.path, error.line, error.reason) == ("train.conll", 7, "no tab")
    assert str(DataError("train.conll", None, "is empty")) == "train.conll: is empty"


def test_closest_match_is_a_likely_typo_or_none() -> None:
    assert closest_match("hiden_size", ["hidden_size", "num_layers"]) == "hidden_size"
    assert closest_match("zzz", ["hidden_size", "num_layers"]) is None
    assert closest_match("anything", []) is None
