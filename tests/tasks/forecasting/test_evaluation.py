"""Windows of a split or a file that a forecaster is evaluated on."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.checkpoint import load_trained_forecaster
from grunlp.tasks.forecasting.evaluation import evaluate_windows, open_file_windows, open_split_windows
from grunlp.utils.errors import DataError, UserError

DATA = compose_config(["recipe=forecast", "data=toy-series", "data.history=48", "data.horizon=5"]).data


def test_windows_of_a_split_forecast_its_rows_alone() -> None:
    for split, (first, end) in {"train": (0, 2352), "dev": (2352, 2688), "test": (2688, 3360)}.items():
        windows = open_split_windows(DATA, split, 48)
        origins = windows.origins().tolist()
        assert origins == list(range(max(first, 48), end - 4)) and len(windows) == len(origins)


def test_a_split_that_is_missing_is_named() -> None:
    data = compose_config(["recipe=forecast", "data=toy-series", "data.test_rows=0"]).data
    with pytest.raises(UserError, match="the run has no test split"):
        open_split_windows(data, "test", 48)


def test_all_windows_of_a_file_are_evaluated(runs: dict[str, Path], tmp_path: Path) -> None:
    trained = load_trained_forecaster(runs["forecaster"])
    times = pd.date_range("2024-01-01", periods=70, freq="h")
    frame = pd.DataFrame({"time": times, "value": np.sin(np.arange(70.0) / 4)})
    frame.to_csv(tmp_path / "table.csv", index=False)
    windows = open_file_windows(trained, str(tmp_path / "table.csv"), 48)
    assert windows.origins().tolist() == list(range(48, 66))
    found = evaluate_windows(trained, windows)
    assert found.scores.num_windows == len(windows) == 18 and found.scores.horizon == 5
    truth = np.array([frame["value"].iloc[row : row + 5] for row in range(48, 66)])
    last = frame["value"].to_numpy()[47:65, None]
    units = found.scores.baselines["repeat-last"].squared_units.sum() / truth.size
    assert units == pytest.approx(np.mean((truth - last) ** 2), rel=1e-4)
    frame.iloc[:50].to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises((DataError, UserError), match="has 50 steps"):
        open_file_windows(trained, str(tmp_path / "short.csv"), 48)
