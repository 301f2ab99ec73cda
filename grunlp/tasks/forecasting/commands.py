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

from grunlp.configuration.key_value_args import parse_arguments, require_new, require_outputs
from grunlp.metrics.comparison import compare_measures
from grunlp.runs.layout import PICTURE, SCALING, write_metrics
from grunlp.tasks import spec
from grunlp.tasks.forecasting.checkpoint import SeriesRun, build_forecaster, load_series_run, read_like
from grunlp.tasks.forecasting.data import SeriesCorpus, open_series, require_length
from grunlp.tasks.forecasting.forecast_svg import draw_forecasts
from grunlp.tasks.forecasting.inference import Scored, prepare, score
from grunlp.tasks.forecasting.predictor import COLUMNS, LONGER, Row, load_forecaster
from grunlp.tasks.forecasting.scaler import Scaling
from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.tasks.forecasting.windows import Bounds, origins_within
from grunlp.tasks.record_view import new_page
from grunlp.utils.atomic_io import write_file
from grunlp.utils.cli_io import write_out
from grunlp.utils.errors import GrunlpError

PREDICT: dict[str, Any] = {"run": None, "input": None, "output": "-", "html": None}
EVALUATE: dict[str, Any] = {"run": None, "split": None, "input": None, "metrics": None, "report": None}


def predict(text: str | None, arguments: list[str]) -> int:
    """Forecast what comes after the end of a file, or of the data of the run, as CSV."""
    given = parse_arguments(arguments, PREDICT)
    if text is not None:
        raise GrunlpError(f"{text!r}: a forecaster reads no text", "it reads a table of series", "Type input=FILE")
    require_outputs(given["output"], given["html"])
    forecaster = load_forecaster(given["run"])
    table = read_like(forecaster.run, given["input"]) if given["input"] else forecaster.own_table()
    with new_page(given["html"], given["run"], partial(_draw, table)) as keep:
        write_out(given["output"], _lines(keep(forecaster.rows(table))))
    return 0


def _draw(table: SeriesTable, rows: Iterable[Row]) -> str:
    return draw_forecasts(table, [dict(zip(COLUMNS, row, strict=True)) for row in rows])


def _lines(parts: Iterable[list[Row]]) -> Iterator[str]:
    """The lines of the CSV, series by series; times at midnight alone are days."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rows in parts:
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
    given = parse_arguments(arguments, EVALUATE)
    if given["input"] and given["split"]:
        raise GrunlpError("split= with input=", "a file stands for a split", "Give one or the other.")
    for key in ("metrics", "report"):
        require_new(key, given[key])
    if given["report"] and not given["report"].endswith(".png"):
        raise GrunlpError(f"report={given['report']}", "it is a picture", "Type report=FILE.png")
    run, split = load_series_run(given["run"]), given["split"] or "test"
    if given["input"]:
        table = read_like(run, given["input"])
        scored = _score(run, table, _whole(run, table), run.config.data.history)
    else:
        corpus = open_series(run.config.data)
        scored = _score(run, corpus.table, _bounds(corpus, split), run.config.data.history)
    print(scored.report(), end="")
    if given["report"] or not given["input"]:
        from grunlp.tasks.forecasting.forecast_figure import draw_forecasts

        draw_forecasts(scored, Path(given["report"] or run.path / PICTURE.format(split)))
    if given["metrics"]:
        write_file(Path(given["metrics"]), json.dumps(scored.as_dict(), indent=2))
    elif not given["input"]:
        write_metrics(run.path, split, scored.as_dict())
    return 0


def compare(runs: Sequence[str], split: str, input: str | None) -> dict[str, dict[str, Any]]:
    """Two forecasters on the same windows of a split of the data of the first, or of a file; see `compare_measures`."""
    sides = [load_series_run(run) for run in runs]
    for what, values in (
        ("data.horizon", [run.config.data.horizon for run in sides]),
        ("targets", [run.scaling.targets for run in sides]),
    ):
        if values[0] != values[1]:
            there = f"{what} is {values[0]} and {values[1]}"
            raise GrunlpError(f"{runs[0]} and {runs[1]} forecast different things", there, "Compare runs of one kind.")
    history = max(run.config.data.history for run in sides)
    found = []
    for run in sides:
        if input:
            table = read_like(run, input)
            bounds = _whole(run, table)
        else:
            corpus = open_series(_data_like(sides[0].config.data, run.config.data))
            table, bounds = corpus.table, _bounds(corpus, split)
        found.append(_score(run, table, bounds, history))
    rows = compare_measures(*(scored.scores for scored in found))
    kept = {"mse_units", "mae_units", "coverage"}
    if sides[0].scaling.means == sides[1].scaling.means and sides[0].scaling.scales == sides[1].scaling.scales:
        kept |= {"mse", "mae", "mase"}
    return {name: row for name, row in rows.items() if name in kept}


def _data_like(data: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the first run with the covariates of another."""
    read = {key: own.get(key) for key in ("calendar", "known", "static") if key in data}
    return {**data, **read}


def _bounds(corpus: SeriesCorpus, split: str) -> Bounds:
    bounds: Bounds | None = getattr(corpus, split)
    if bounds is None:
        raise GrunlpError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return bounds


def _whole(run: SeriesRun, table: SeriesTable) -> Bounds:
    """All rows of a file that has a window in each series."""
    require_length(table, run.config.data.history, run.config.data.horizon, LONGER)
    return np.stack([table.starts[:-1], table.starts[1:] - table.future], axis=1)


def _score(run: SeriesRun, table: SeriesTable, bounds: Bounds, history: int) -> Scored:
    """history: rows before a forecast, at least those the run reads."""
    data = run.config.data
    prepared = prepare(table, run.scaling, data.history)
    origins = origins_within(table, bounds, history, data.horizon)
    return score(run.model, run.weight, prepared, origins, data.history, run.scaling.season)


def score_split(run: str, split: str) -> spec.Scored:
    """How well a forecaster does on a split of its data; examples are windows."""
    return score_own(load_series_run(run), split)


def score_own(run: SeriesRun, split: str) -> spec.Scored:
    """The same of a run that is loaded."""
    corpus = open_series(run.config.data)
    started = time.perf_counter()
    scored = _score(run, corpus.table, _bounds(corpus, split), run.config.data.history)
    return spec.Scored(scored.scores, len(scored.origins), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, for the columns of a run."""
    scaling = Scaling.load(Path(run) / SCALING)
    return build_forecaster(config, len(scaling.targets), len(scaling.covariates), len(scaling.statics))
