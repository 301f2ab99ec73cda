"""The commands predict, evaluate and compare for forecasting, where they differ from those of other tasks."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grunlp.configuration.output_paths import check_output_paths
from grunlp.data.input_manifest import compare_inputs
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.metrics.comparison import compare_metrics
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import DATA_MANIFEST, FORECAST_PLOT
from grunlp.tasks.command_options import CompareOptions
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, load_trained_forecaster, read_with_training_schema
from grunlp.tasks.forecasting.command_options import ForecastingEvaluateOptions, ForecastingPredictOptions
from grunlp.tasks.forecasting.csv_tables import format_times
from grunlp.tasks.forecasting.evaluation import evaluate_windows, open_file_windows, open_split_windows
from grunlp.tasks.forecasting.forecast_svg import render_forecasts
from grunlp.tasks.forecasting.inference import ForecastEvaluation
from grunlp.tasks.forecasting.predictor import FORECAST_COLUMNS, ForecastPredictor, ForecastRow
from grunlp.tasks.record_view import html_page
from grunlp.utils.cli_io import write_output
from grunlp.utils.errors import UserError


def write_plot(trained: TrainedForecaster, scores: ForecastEvaluation, options: ForecastingEvaluateOptions) -> None:
    """Plot forecasts and errors to the file that the options name, or to the run folder if a split was evaluated."""
    if options.report or not options.input:
        from grunlp.tasks.forecasting.forecast_figure import plot_forecasts

        split = options.split or "test"
        report = Path(options.report) if options.report else run_file(trained.path, FORECAST_PLOT.format(split))
        plot_forecasts(scores, report)


def compare(runs: Sequence[str], options: CompareOptions) -> dict[str, dict[str, Any]]:
    """Compare two forecasters on the same windows of a split of the first run's data, or of a file."""
    systems = [load_trained_forecaster(run) for run in runs]
    first = systems[0]
    for key, values in (
        ("data.horizon", [trained.config.data.horizon for trained in systems]),
        ("targets", [trained.scaling.targets for trained in systems]),
    ):
        if values[0] != values[1]:
            raise UserError(
                f"{runs[0]} and {runs[1]} forecast different things",
                f"{key} is {values[0]} and {values[1]}",
                "Compare models with the same targets and horizon.",
            )
    history = max(trained.config.data.history for trained in systems)
    if options.input:
        windows = [open_file_windows(trained, options.input, history) for trained in systems]
    else:
        data = [_align_covariates(first.config.data, trained.config.data) for trained in systems]
        with compare_inputs(first.path / DATA_MANIFEST, options.strict):
            windows = [open_split_windows(own, options.split or "test", history) for own in data]
    rows = compare_metrics(*map(evaluate_windows, systems, windows))
    comparable = {"mse_units", "mae_units", "coverage"}
    scalings = [(trained.scaling.means, trained.scaling.scales) for trained in systems]
    if scalings[0] == scalings[1]:
        comparable |= {"mse", "mae", "mase"}
    return {name: row for name, row in rows.items() if name in comparable}


def _align_covariates(data: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data options of the first run with the covariates of another run."""
    keys = ("time_features", "known_covariates", "static_covariates")
    return {**data, **{key: other.get(key) for key in keys if key in data}}


def predict(options: ForecastingPredictOptions) -> int:
    """Forecast the rows that follow a file or the training data, and print them as CSV. Returns the exit status."""
    check_output_paths(options.output, options.html_report)
    predictor = ForecastPredictor(load_trained_forecaster(options.run))
    table = read_with_training_schema(predictor.run, options.input) if options.input else predictor.training_data()
    with html_page(options.html_report, options.run, partial(_render_chart, table)) as keep:
        write_output(options.output, _csv_lines(keep(predictor.rows(table))))
    return 0


def _render_chart(table: TimeSeriesTable, rows: Iterable[ForecastRow]) -> str:
    return render_forecasts(table, [dict(zip(FORECAST_COLUMNS, row, strict=True)) for row in rows])


def _csv_lines(forecasts: Iterable[list[ForecastRow]]) -> Iterator[str]:
    """Yield the lines of the CSV, series by series; if all times are at midnight, they are written as dates."""
    import pandas as pd

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(FORECAST_COLUMNS)
    for rows in forecasts:
        times = format_times(pd.DatetimeIndex([time for time, *_ in rows]))
        for time, (_, *names, forecast, lower, upper) in zip(times, rows, strict=True):
            numbers = ("" if np.isnan(number) else f"{number:.6g}" for number in (forecast, lower, upper))
            writer.writerow([time, *names, *numbers])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
