"""Forecasting data: splits in time, folds, seasons."""

from typing import Any

import pytest

from grunlp.tasks.forecasting.data import open_time_series, split_by_time
from grunlp.utils.errors import UserError
from tests.data.timeseries.random_series import table

SHARES = {"train_rows": 0.7, "dev_rows": 0.1, "test_rows": 0.2}


def test_splits_cut_all_series_at_the_same_times() -> None:
    made = table(100, 40)
    splits = split_by_time(made, SHARES)
    assert splits["train"].tolist() == [[0, 70], [100, 110]]
    assert splits["dev"].tolist() == [[70, 80], [110, 120]] and splits["test"].tolist() == [[80, 100], [120, 140]]
    counts = split_by_time(made, {"train_rows": 50, "dev_rows": 20, "test_rows": 0})
    assert counts["dev"].tolist() == [[50, 70], [100, 110]] and "test" not in counts
    with pytest.raises(UserError, match=r"are 1\.1 together"):
        split_by_time(made, {**SHARES, "test_rows": 0.3})
    with pytest.raises(UserError, match="110 together"):
        split_by_time(made, {"train_rows": 60, "dev_rows": 25, "test_rows": 25})


def test_folds_never_look_ahead() -> None:
    made, before = table(100), 0
    for fold in range(3):
        splits = split_by_time(made, {**SHARES, "num_folds": 3, "fold": fold})
        (train,), (dev,), (test,) = (splits[split].tolist() for split in ("train", "dev", "test"))
        assert train[0] == 0 and train[1] == dev[0] and dev[1] == test[0] and test[1] <= 80
        assert train[1] > before, "the window expands"
        before = train[1]
    assert test[1] == 80, "the data set's own test rows have no part in it"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"history": 3400}, r"(?s)the series has 3360 steps.*3400 \+ 24 = 3424.*data.history="),
        ({"train_rows": 0.02}, r"(?s)train has only 67 steps.*history \+ data.horizon = 96.*data.train_rows"),
        ({"dev_rows": 0.001}, r"(?s)dev has only 3 steps.*data.horizon = 24"),
    ],
)
def test_series_shorter_than_a_window_are_refused(given: dict[str, Any], message: str) -> None:
    data = {"name": "toy-series", "time_features": True, "history": 72, "horizon": 24, "season": 0, **SHARES, **given}
    with pytest.raises(UserError, match=message):
        open_time_series(data)


def test_toy_series_are_deterministic() -> None:
    data = {"name": "toy-series", "time_features": True, "history": 72, "horizon": 24, "season": 0, **SHARES}
    corpus = open_time_series(data)
    assert corpus.seasonality == 24 and len(corpus.table.times) == 3360 and corpus.table.frequency == "h"
    assert corpus.table.values[:3, 0].tolist() == open_time_series(data).table.values[:3, 0].tolist()
