"""Windows, splits in time and scales: nothing looks ahead."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from grunlp.tasks.forecasting.data import open_time_series, split_by_time
from grunlp.tasks.forecasting.datamodule import ForecastingDataModule
from grunlp.tasks.forecasting.scaler import Standardizer, fit_standardizer, standardization_for
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.windows import TimeSeriesTensors, forecast_origins
from grunlp.utils.errors import UserError

SHARES = {"train_rows": 0.7, "dev_rows": 0.1, "test_rows": 0.2}


def table(*lengths: int, targets: int = 2) -> TimeSeriesTable:
    """Random series that end on the same day."""
    rng = np.random.default_rng(0)
    rows = sum(lengths)
    last = np.datetime64("2024-12-31")
    times = np.concatenate([last - np.arange(n)[::-1] for n in lengths]).astype("datetime64[ns]")
    return TimeSeriesTable(
        source="made", series_names=tuple(map(str, range(len(lengths)))), starts=np.cumsum([0, *lengths]), times=times,
        frequency="D", target_names=tuple("ab"[:targets]), values=rng.normal(5, 2, (rows, targets)),
        observed_mask=np.ones((rows, targets), dtype=bool), covariate_names=("price",),
        num_user_covariates=1, known_covariates=rng.normal(3, 2, (rows, 1)),
        num_future_rows=np.zeros(len(lengths), dtype=int), static_covariate_names=(),
        static_covariates=np.zeros((len(lengths), 0)),
    )  # fmt: skip


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
        splits = split_by_time(made, {**SHARES, "folds": 3, "fold": fold})
        (train,), (dev,), (test,) = (splits[split].tolist() for split in ("train", "dev", "test"))
        assert train[0] == 0 and train[1] == dev[0] and dev[1] == test[0] and test[1] <= 80
        assert train[1] > before, "the window expands"
        before = train[1]
    assert test[1] == 80, "the data set's own test rows have no part in it"


def test_windows_lie_where_they_may() -> None:
    made = table(30, 25)
    made.observed_mask[22:25] = False
    bounds = np.array([[10, 25], [40, 52]])
    origins = forecast_origins(made, bounds, 4, 3).tolist()
    expected = [
        row
        for (first, end), start in zip(bounds, (0, 30), strict=True)
        for row in range(first, end - 2)
        if row - 4 >= start and made.observed_mask[row : row + 3].any()
    ]
    assert origins == expected and 22 not in origins
    assert forecast_origins(made, np.array([[0, 10], [30, 36]]), 4, 3).tolist() == [4, 5, 6, 7]


def test_gathered_windows_are_slices() -> None:
    made = table(30, 25)
    scaling = fit_standardizer(made, np.array([20, 45]), 7, 4)
    tensors = TimeSeriesTensors(made, scaling, np.array(scaling.means), np.array(scaling.scales))
    origins = torch.tensor([4, 41, 9])
    window = tensors.windows(origins, 4, 3)
    for i, row in enumerate(origins.tolist()):
        series = int(row >= 30)
        raw = (made.values[row - 4 : row + 3] - scaling.means[series]) / scaling.scales[series]
        torch.testing.assert_close(window.values[i], torch.from_numpy(raw).float())
        torch.testing.assert_close(window.known_covariates[i], tensors.known_covariates[row - 4 : row + 3])
    data = ForecastingDataModule(tensors, {"train": torch.arange(4, 20), "dev": torch.arange(20, 25)}, 4, 3, 5, True, 1)
    batches = list(data.train_dataloader())
    assert len(batches) == 4 == data.num_optimizer_steps(1, 0, 1) and data.num_optimizer_steps(3, 2, 1) == 6
    seen = torch.cat([batch.values[:, 0] for batch in batches]).sort(dim=0).values
    torch.testing.assert_close(seen, tensors.values[:16].sort(dim=0).values)


def test_scales_know_training_rows_alone() -> None:
    made, ends = table(60, 50), np.array([40, 95])
    scaling = fit_standardizer(made, ends, 7, 10)
    values, known = made.values.copy(), made.known_covariates.copy()
    for first, end in ((40, 60), (95, 110)):
        values[first:end], known[first:end] = 1e6, -1e6
    assert fit_standardizer(replace(made, values=values, known_covariates=known), ends, 7, 10) == scaling
    np.testing.assert_allclose(scaling.means[0], made.values[:40].mean(axis=0))
    np.testing.assert_allclose(scaling.scales[1], made.values[60:95].std(axis=0))
    np.testing.assert_allclose(scaling.steps[0], np.abs(made.values[7:40] - made.values[:33]).mean(axis=0))
    observed = made.observed_mask.copy()
    observed[5] = False
    filled = fit_standardizer(replace(made, observed_mask=observed), ends, 7, 10)
    np.testing.assert_allclose(filled.means[0], np.delete(made.values[:40], 5, axis=0).mean(axis=0))


def test_scaling_is_kept_as_json(tmp_path: Path) -> None:
    made = table(60, 50)
    scaling = fit_standardizer(made, np.array([40, 95]), 7, 10)
    scaling.save(tmp_path / "scaling.json")
    assert Standardizer.load(tmp_path / "scaling.json") == scaling
    other = replace(made, series_names=("1", "new"))
    means, scales, _ = standardization_for(other, scaling, 10)
    np.testing.assert_array_equal(means[0], scaling.means[1])
    np.testing.assert_allclose(means[1], made.values[60:70].mean(axis=0))
    np.testing.assert_allclose(scales[1], made.values[60:70].std(axis=0))


def test_a_constant_is_no_division_by_zero() -> None:
    made = replace(table(60), values=np.full((60, 2), 3.0))
    scaling = fit_standardizer(made, np.array([40]), 7, 10)
    assert scaling.scales == [[1.0, 1.0]] and scaling.steps == [[1.0, 1.0]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"history": 3400}, r"(?s)the series has 3360 steps.*3400 \+ 24 = 3424.*data.history="),
        ({"train_rows": 0.02}, r"(?s)train has 67 steps, too few.*history \+ data.horizon = 96.*data.train_rows"),
        ({"dev_rows": 0.001}, r"(?s)dev has 3 steps, too few.*data.horizon = 24"),
    ],
)
def test_too_short(given: dict[str, Any], message: str) -> None:
    data = {"name": "seasons", "calendar": True, "history": 72, "horizon": 24, "season": 0, **SHARES, **given}
    with pytest.raises(UserError, match=message):
        open_time_series(data)


def test_seasons_are_always_the_same() -> None:
    data = {"name": "seasons", "calendar": True, "history": 72, "horizon": 24, "season": 0, **SHARES}
    corpus = open_time_series(data)
    assert corpus.seasonality == 24 and len(corpus.table.times) == 3360 and corpus.table.frequency == "h"
    assert corpus.table.values[:3, 0].tolist() == open_time_series(data).table.values[:3, 0].tolist()
