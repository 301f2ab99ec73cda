"""Evaluation of forecasters on all windows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, read_with_training_schema
from grunlp.tasks.forecasting.data import open_time_series, require_min_length
from grunlp.tasks.forecasting.inference import ForecastEvaluation, evaluate_forecaster, scale_table
from grunlp.tasks.forecasting.predictor import MORE_ROWS_HINT
from grunlp.tasks.forecasting.windows import RowRanges, forecast_origins
from grunlp.utils.errors import UserError


@dataclass(frozen=True)
class EvaluationWindows:
    """The windows of a table on which a forecaster is evaluated; `len()` returns their number.

    Args:
        table: the series.
        rows: first and last row of the windows of each series.
        history: number of rows before each forecast.
        horizon: number of rows of each forecast.
    """

    table: TimeSeriesTable
    rows: RowRanges
    history: int
    horizon: int

    def origins(self) -> Tensor:
        """Return the first row of each forecast."""
        return forecast_origins(self.table, self.rows, self.history, self.horizon)

    def __len__(self) -> int:
        return len(self.origins())


def open_split_windows(data: Mapping[str, Any], split: str, history: int) -> EvaluationWindows:
    """Open the windows of a split of the data that a model was trained on.

    Args:
        data: the group `data` of the configuration of the run.
        split: train, dev or test.
        history: number of rows before each forecast.

    Raises:
        UserError: the model was trained without such a split.
    """
    corpus = open_time_series(data)
    rows: RowRanges | None = getattr(corpus, split)
    if rows is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return EvaluationWindows(corpus.table, rows, history, data["horizon"])


def open_file_windows(trained: TrainedForecaster, path: str, history: int) -> EvaluationWindows:
    """Open all windows of a file with the columns of the training data.

    `history` is the number of rows before each forecast.
    """
    data, table = trained.config.data, read_with_training_schema(trained, path)
    require_min_length(table, data.history, data.horizon, MORE_ROWS_HINT)
    rows = np.stack([table.starts[:-1], table.starts[1:] - table.num_future_rows], axis=1)
    return EvaluationWindows(table, rows, history, data.horizon)


def evaluate_windows(trained: TrainedForecaster, windows: EvaluationWindows) -> ForecastEvaluation:
    """Forecast windows, and score the forecasts and those of the baselines."""
    history = trained.config.data.history
    scaled = scale_table(windows.table, trained.scaling, history)
    return evaluate_forecaster(
        trained.model, trained.baseline_weights, scaled, windows.origins(), history, trained.scaling.season
    )
