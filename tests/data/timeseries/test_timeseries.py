"""Series on a regular grid of times: gaps and missing values."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp.data.timeseries.layout import DETECT_ALL
from grunlp.data.timeseries.reader import read_time_series
from grunlp.data.timeseries.timeseries import TimeSeriesTable, fill_forward
from tests.data.timeseries.random_series import columns


def read(path: Path, text: str, **given: Any) -> TimeSeriesTable:
    file = path / "table.csv"
    file.write_text(text)
    return read_time_series(file, columns(**given), DETECT_ALL, None, None)


HOURS = "when,a,b\n2024-01-01 00:00,1,10\n2024-01-01 01:00,,20\n2024-01-01 04:00,3,30\n2024-01-01 05:00,4,40\n"
HOURS += "2024-01-01 06:00,5,50\n"


def test_gaps_and_missing_values_are_filled_and_marked(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    table = read(tmp_path, HOURS)
    assert table.frequency == "h" and table.target_names == ("a", "b") and len(table.times) == 7
    assert table.values[:, 0].tolist() == [1, 1, 1, 1, 3, 4, 5]
    assert table.values[:, 1].tolist() == [10, 20, 20, 20, 30, 40, 50]
    assert table.observed_mask[:, 0].tolist() == [True, False, False, False, True, True, True]
    assert table.observed_mask[:, 1].tolist() == [True, True, False, False, True, True, True]
    assert "2 steps of the grid are missing and 1 values of others" in caplog.text


def test_steps_before_the_first_value_stay_missing() -> None:
    values = np.array([[np.nan, 1.0], [2.0, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(fill_forward(values), [[np.nan, 1.0], [2.0, 1.0], [2.0, 1.0]])
