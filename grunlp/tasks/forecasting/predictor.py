"""Forecasts of the time steps that follow the end of series."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch

from grunlp.data.timeseries.time_features import calendar_features, future_timestamps
from grunlp.data.timeseries.time_zone import to_clock_times, to_zoned_times
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, read_with_training_schema
from grunlp.tasks.forecasting.csv_tables import forecast_records
from grunlp.tasks.forecasting.data import open_time_series, require_min_length
from grunlp.tasks.forecasting.forecast_svg import render_forecasts
from grunlp.tasks.forecasting.inference import ScaledTable, forecast, scale_table
from grunlp.tasks.forecasting.windows import ForecastWindow
from grunlp.tasks.predictor import InputType, Predictor, Record
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

FORECAST_COLUMNS = ("time", "series", "target", "forecast", "lower", "upper")
MORE_ROWS_HINT = "Use a file with more rows of it."
ForecastRow = tuple[Any, str, str, float, float, float]


@dataclass(frozen=True, eq=False)
class ForecastPredictor(Predictor["str | Path | io.StringIO | pd.DataFrame", "pd.DataFrame"]):
    """A forecaster: it predicts a table of forecasts for a table of series.

    A table has the columns and the layout of the training data, as a CSV or Parquet file, CSV text in a StringIO, or a
    DataFrame. Its forecast has the columns time, series, target, forecast, lower and upper, in units of the table, with
    NaN for a model without intervals; times have the time zone of the table. Its rows are ordered by series, step and
    target.

    Args:
        run: the trained model.
    """

    run: TrainedForecaster
    task: ClassVar[str] = "forecasting"

    @property
    def input_type(self) -> InputType:
        """The type of an input: a table."""
        return "table"

    def predict_text(self, text: str) -> list[Record]:
        """Forecast a table in CSV, with one record per row of the forecast."""
        return forecast_records(self(io.StringIO(text)))

    def warm_up(self) -> None:
        """Do nothing, because the smallest valid table depends on the training data."""

    def predict_iter(self, inputs: "Iterable[str | Path | io.StringIO | pd.DataFrame]") -> "Iterator[pd.DataFrame]":
        """Forecast each table."""
        import pandas as pd

        for table in inputs:
            rows = (row for series in self.rows(read_with_training_schema(self.run, table)) for row in series)
            yield pd.DataFrame(rows, columns=list(FORECAST_COLUMNS))

    def training_data(self) -> TimeSeriesTable:
        """Read the training data again, because the file may have new rows."""
        data = self.run.config.data
        return read_with_training_schema(self.run, data.train) if data.name == "files" else open_time_series(data).table

    def rows(self, table: TimeSeriesTable) -> Iterator[list[ForecastRow]]:
        """Yield the rows of the forecast of each series."""
        history = self.run.config.data.history
        require_min_length(table, history, 0, MORE_ROWS_HINT)
        scaled_table = scale_table(table, self.run.scaling, history)
        for i, name in enumerate(table.series_names):
            times, window = _forecast_window(self.run, scaled_table, i)
            prediction = forecast(self.run.model, window)
            scaled = (prediction.point, prediction.lower, prediction.upper)
            values = [_inverse_scale(array, scaled_table, i) for array in scaled]  # (H, C) each
            yield [
                (time, name, target, *(float("nan") if array is None else float(array[step, c]) for array in values))
                for step, time in enumerate(times)
                for c, target in enumerate(table.target_names)
            ]


def _inverse_scale(scaled: torch.Tensor | None, scaled_table: ScaledTable, series: int) -> np.ndarray | None:
    """Convert scaled forecasts (1, H, C) of a series to units of the data (H, C)."""
    if scaled is None:
        return None
    return scaled[0].double().numpy() * scaled_table.scales[series] + scaled_table.means[series]


def _forecast_window(run: TrainedForecaster, scaled_table: ScaledTable, series: int) -> tuple[Any, ForecastWindow]:
    """Make the DatetimeIndex (H,) that follows a series and the window that forecasts it, with zeros in its horizon."""
    table, tensors = scaled_table.table, scaled_table.tensors
    history, horizon = run.config.data.history, run.config.data.horizon
    end = int(table.starts[series + 1] - table.num_future_rows[series])
    time_zone = table.layout.time_zone
    times = future_timestamps(table.times[end - 1], table.frequency, horizon, time_zone)
    if table.num_user_covariates and table.num_future_rows[series] < horizon:
        names = ", ".join(table.covariate_names[: table.num_user_covariates])
        message = f"{table.label(series)}: {names} must be known in the future"
        details = f"{table.num_future_rows[series]} rows after the last target have them, {horizon} are needed"
        hint = f"Add rows with their times and {names}, the targets left empty."
        raise DataError(table.source, None, message, details, hint)
    user_covariates = (
        table.known_covariates[end : end + horizon, : table.num_user_covariates]
        if table.num_user_covariates
        else np.empty((horizon, 0))
    )
    features = calendar_features(to_clock_times(times, time_zone).to_numpy(), table.covariate_names)
    future = run.scaling.scale_known_covariates(np.column_stack([user_covariates, *features.values()]))
    past = slice(end - history, end)
    values = tensors.values[past]
    empty = torch.zeros(horizon, values.shape[1])
    return to_zoned_times(times, time_zone), ForecastWindow(
        torch.cat([values, empty])[None],
        torch.cat([tensors.observed_mask[past], empty.bool()])[None],
        torch.cat([tensors.known_covariates[past], torch.from_numpy(future).float()])[None],
        tensors.static_covariates[series][None],
    )


def render_csv_forecasts(predictor: ForecastPredictor, text: str, records: Sequence[Record]) -> str:
    """Render a CSV table and its forecast as HTML."""
    return render_forecasts(read_with_training_schema(predictor.run, io.StringIO(text)), records)
