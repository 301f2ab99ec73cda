"""Configurations of earlier formats; tests/test_formats.py loads whole run folders of each."""

import pytest

from grunlp.configuration.migrations import FORMAT_VERSION, migrate, stored_format
from grunlp.utils.errors import UserError


def test_the_format_is_a_whole_number_up_to_the_current_one() -> None:
    assert stored_format({}) == 0 and stored_format({"format": FORMAT_VERSION}) == FORMAT_VERSION
    for wrong in (-1, True, 1.0, "1", None, FORMAT_VERSION + 1):
        with pytest.raises(UserError, match="format"):
            stored_format({"format": wrong})


def test_format_2_keys_data_sets_and_values_are_renamed() -> None:
    old = {
        "format": 2, "recipe": "tag", "data": {"name": "demo", "folds": 0},
        "model": {"cell": "gru-before"}, "trainer": {"accumulate": 4},
    }  # fmt: skip
    assert migrate(old) == {
        "recipe": "tag", "data": {"name": "toy-srl", "num_folds": 0},
        "model": {"cell": "gru-reset-before"}, "trainer": {"accumulate_grad_batches": 4},
    }  # fmt: skip


@pytest.mark.parametrize(("buffer", "expected"), [(0, (9, 0)), (1000, (0, 9))])
def test_a_limit_of_batches_is_the_epoch_length_of_streams(buffer: int, expected: tuple[int, int]) -> None:
    old = {"format": 2, "loader": {"stream": buffer}, "trainer": {"limit_batches": 9}}
    trainer = migrate(old)["trainer"]
    assert (trainer["limit_train_batches"], trainer["batches_per_epoch"]) == expected


def test_the_current_format_stays_the_same() -> None:
    assert migrate({"format": FORMAT_VERSION, "model": {"average": 1}}) == {"model": {"average": 1}}


def test_tables_of_earlier_runs_are_detected_as_before() -> None:
    """A run of format 3 has no layout of its file: every part of it is null."""
    data = {"name": "files", "train": "x.csv", "time_column": "day"}
    migrated = migrate({"format": 3, "recipe": "forecast", "data": dict(data)})["data"]
    added = {"encoding", "separator", "decimal", "thousands", "date_format", "day_first", "time_zone", "frequency"}
    assert migrated == {**data, **dict.fromkeys(added)}
    toy = {"format": 3, "recipe": "forecast", "data": {"name": "toy-series"}}
    assert migrate(toy)["data"] == {"name": "toy-series"}
