"""What `predict`, `evaluate` and `compare` do with forecasters."""

import csv
import io
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from torch import nn

from grunlp.configuration.key_value_args import check_output_paths, parse_arguments, require_new_file
from grunlp.metrics.comparison import compare_metrics
from grunlp.runs.layout import FORECAST_PLOT, SCALER, write_metrics
from grunlp.tasks import spec
from grunlp.tasks.forecasting.checkpoint import (
    TrainedForecaster,
    build_forecaster,
    load_trained_forecaster,
    read_with_training_schema,
)
from grunlp.tasks.forecasting.data import TimeSeriesCorpus, open_time_series, require_min_length
from grunlp.tasks.forecasting.forecast_svg import render_forecasts
from grunlp.tasks.forecasting.inference import ForecastEvaluation, evaluate_forecaster, scale_table
from grunlp.tasks.forecasting.predictor import FORECAST_COLUMNS, MORE_ROWS_HINT, ForecastRow, load_forecaster
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.tasks.forecasting.windows import RowRanges, forecast_origins
from grunlp.tasks.record_view import html_page
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.cli_io import write_output
from grunlp.utils.errors import UserError

PREDICT_DEFAULTS: dict[str, Any] = {"run": None, "input": None, "output": "-", "html": None}
EVALUATE_DEFAULTS: dict[str, Any] = {"run": None, "split": None, "input": None, "metrics": None, "report": None}


def predict(text: str | None, arguments: list[str]) -> int:
    """Forecast what comes after the end of a file, or of the data of the run, as CSV."""
    given = parse_arguments(arguments, PREDICT_DEFAULTS)
    if text is not None:
        raise UserError(f"{text!r}: a forecaster reads no text", "it reads a table of series", "Type input=FILE")
    check_output_paths(given["output"], given["html"])
    forecaster = load_forecaster(given["run"])
    table = read_with_training_schema(forecaster.run, given["input"]) if given["input"] else forecaster.training_data()
    with html_page(given["html"], given["run"], partial(_render_chart, table)) as keep:
        write_output(given["output"], _csv_lines(keep(forecaster.rows(table))))
    return 0


def _render_chart(table: TimeSeriesTable, rows: Iterable[ForecastRow]) -> str:
    return render_forecasts(table, [dict(zip(FORECAST_COLUMNS, row, strict=True)) for row in rows])


def _csv_lines(forecasts: Iterable[list[ForecastRow]]) -> Iterator[str]:
    """The lines of the CSV, series by series; times at midnight alone are days."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(FORECAST_COLUMNS)
    for rows in forecasts:
        day = all(moment == moment.astype("datetime64[D]") for moment, *_ in rows)
        for moment, *names, forecast, lower, upper in rows:
            stamp = str(moment.astype("datetime64[D]" if day else "datetime64[s]")).replace("T", " ")
            sides = ("" if np.isnan(side) else f"{side:.6g}" for side in (forecast, lower, upper))
            writer.writerow([stamp, *names, *sides])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def evaluate(arguments: list[str]) -> int:
    """Forecast from every time of a split, or of a file, and print how well."""
    given = parse_arguments(arguments, EVALUATE_DEFAULTS)
    if given["input"] and given["split"]:
        raise UserError("split= with input=", "a file stands for a split", "Give one or the other.")
    for key in ("metrics", "report"):
        require_new_file(key, given[key])
    if given["report"] and not given["report"].endswith(".png"):
        raise UserError(f"report={given['report']}", "it is a picture", "Type report=FILE.png")
    run, split = load_trained_forecaster(given["run"]), given["split"] or "test"
    if given["input"]:
        table = read_with_training_schema(run, given["input"])
        scored = _evaluate(run, table, _full_range(run, table), run.config.data.history)
    else:
        corpus = open_time_series(run.config.data)
        scored = _evaluate(run, corpus.table, _split_rows(corpus, split), run.config.data.history)
    print(scored.report(), end="")
    if given["report"] or not given["input"]:
        from grunlp.tasks.forecasting.forecast_figure import plot_forecasts

        plot_forecasts(scored, Path(given["report"] or run.path / FORECAST_PLOT.format(split)))
    if given["metrics"]:
        write_file_atomically(Path(given["metrics"]), json.dumps(scored.as_dict(), indent=2))
    elif not given["input"]:
        write_metrics(run.path, split, scored.as_dict())
    return 0


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two forecasters on the same windows of a split of the data of the first, or of a file; see `compare_metrics`."""
    sides = [load_trained_forecaster(run) for run in runs]
    for what, values in (
        ("data.horizon", [run.config.data.horizon for run in sides]),
        ("targets", [run.scaling.targets for run in sides]),
    ):
        if values[0] != values[1]:
            there = f"{what} is {values[0]} and {values[1]}"
            raise UserError(f"{runs[0]} and {runs[1]} forecast different things", there, "Compare runs of one kind.")
    history = max(run.config.data.history for run in sides)
    found = []
    for run in sides:
        if input:
            table = read_with_training_schema(run, input)
            bounds = _full_range(run, table)
        else:
            corpus = open_time_series(_align_covariates(sides[0].config.data, run.config.data))
            table, bounds = corpus.table, _split_rows(corpus, split)
        found.append(_evaluate(run, table, bounds, history))
    rows = compare_metrics(*(scored.scores for scored in found))
    kept = {"mse_units", "mae_units", "coverage"}
    if sides[0].scaling.means == sides[1].scaling.means and sides[0].scaling.scales == sides[1].scaling.scales:
        kept |= {"mse", "mae", "mase"}
    return {name: row for name, row in rows.items() if name in kept}


def _align_covariates(data: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the first run with the covariates of another."""
    read = {key: other.get(key) for key in ("calendar", "known", "static") if key in data}
    return {**data, **read}


def _split_rows(corpus: TimeSeriesCorpus, split: str) -> RowRanges:
    bounds: RowRanges | None = getattr(corpus, split)
    if bounds is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return bounds


def _full_range(run: TrainedForecaster, table: TimeSeriesTable) -> RowRanges:
    """All rows of a file that has a window in each series."""
    require_min_length(table, run.config.data.history, run.config.data.horizon, MORE_ROWS_HINT)
    return np.stack([table.starts[:-1], table.starts[1:] - table.num_future_rows], axis=1)


def _evaluate(run: TrainedForecaster, table: TimeSeriesTable, bounds: RowRanges, history: int) -> ForecastEvaluation:
    """history: rows before a forecast, at least those the run reads."""
    data = run.config.data
    prepared = scale_table(table, run.scaling, data.history)
    origins = forecast_origins(table, bounds, history, data.horizon)
    return evaluate_forecaster(run.model, run.baseline_weights, prepared, origins, data.history, run.scaling.season)


def evaluate_split(run: str, split: str) -> spec.EvaluationResult:
    """How well a forecaster does on a split of its data; examples are windows."""
    return evaluate_loaded(load_trained_forecaster(run), split)


def evaluate_loaded(run: TrainedForecaster, split: str) -> spec.EvaluationResult:
    """The same of a run that is loaded."""
    corpus = open_time_series(run.config.data)
    started = time.perf_counter()
    scored = _evaluate(run, corpus.table, _split_rows(corpus, split), run.config.data.history)
    return spec.EvaluationResult(scored.scores, len(scored.origins), time.perf_counter() - started)


def build_model(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, for the columns of a run."""
    scaling = Standardizer.load(Path(run) / SCALER)
    return build_forecaster(config, len(scaling.targets), len(scaling.covariates), len(scaling.statics))
