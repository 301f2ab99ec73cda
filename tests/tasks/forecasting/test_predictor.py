"""Prediction of forecasts for tables."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grunlp.tasks import Predictor
from grunlp.utils.errors import UserError


def test_tables_are_forecast(predictors: dict[str, Predictor], tmp_path: Path) -> None:
    times = pd.date_range("2024-01-01", periods=60, freq="h")
    table = pd.DataFrame({"time": times, "value": np.sin(np.arange(60.0))})
    table.to_csv(tmp_path / "table.csv", index=False)
    forecaster = predictors["forecaster"]
    told = forecaster(table)
    assert list(told) == ["time", "series", "target", "forecast", "lower", "upper"] and len(told) == 5
    assert told["time"].iloc[0] == times[-1] + pd.Timedelta("1h") and (told["lower"] < told["upper"]).all()
    pd.testing.assert_frame_equal(forecaster(str(tmp_path / "table.csv")), told)
    pd.testing.assert_frame_equal(forecaster(table.set_index("time")), told)
    with pytest.raises(UserError, match="the table:3: column 'value': 'x' is not a number"):
        forecaster(table.astype({"value": object}).assign(value=lambda t: t["value"].where(t.index != 2, "x")))
