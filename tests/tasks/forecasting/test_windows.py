"""Windows over series: where they start, and that gathering equals slicing."""

import numpy as np

from grunlp.tasks.forecasting.windows import forecast_origins
from tests.data.timeseries.random_series import table


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
