"""What `predict`, `evaluate` and `compare` do with forecasters."""

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import nn

from grunlp import kinds
from grunlp.arguments import parse_arguments, require_new
from grunlp.atomic import write_file
from grunlp.data.calendar import calendar_features, times_after
from grunlp.data.corpora.series import SeriesCorpus, open_series, require_length
from grunlp.data.series import SeriesTable
from grunlp.data.series_scaling import Scaling
from grunlp.data.windows import Bounds, Window, origins_within
from grunlp.errors import DataError, GrunlpError
from grunlp.metrics.comparison import compare_measures
from grunlp.run_folder import PICTURE, SCALING, write_metrics
from grunlp.series_run import SeriesRun, build_forecaster, load_series_run, read_like
from grunlp.streams import write_out
from grunlp.tasks.forecasting import Prepared, Scored, forecast, prepare, score

PREDICT: dict[str, Any] = {"run": None, "input": None, "output": "-"}
EVALUATE: dict[str, Any] = {"run": None, "split": None, "input": None, "metrics": None, "report": None}
_COLUMNS = ("time", "series", "target", "forecast", "lower", "upper")
_LONGER = "Give a file with more rows of it."


def predict(text: str | None, arguments: list[str]) -> int:
    """Forecast what comes after the end of a file, or of the data of the run, as CSV."""
    given = parse_arguments(arguments, PREDICT)
    if text is not None:
        raise GrunlpError(f"{text!r}: a forecaster reads no text", "it reads a table of series", "Type input=FILE")
    require_new("output", None if given["output"] == "-" else given["output"])
    run = load_series_run(given["run"])
    own = run.config.data.train if run.config.data.name == "series" else None  # it may have grown since
    path = given["input"] or own
    table = read_like(run, path) if path else open_series(run.config.data).table
    write_out(given["output"], _rows(run, table))
    return 0


def _rows(run: SeriesRun, table: SeriesTable) -> Iterator[str]:
    """The lines of the CSV: series by series, step by step, target by target."""
    history = run.config.data.history
    require_length(table, history, 0, _LONGER)
    prepared = prepare(table, run.scaling, history)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for i, name in enumerate(table.names):
        times, window = _after(run, prepared, i)
        told = forecast(run.model, window)
        day = (times.astype("datetime64[D]") == times).all()
        sides = [_units(side, prepared, i) for side in (told.centre, told.lower, told.upper)]
        for step, moment in enumerate(times):
            stamp = str(moment.astype("datetime64[D]" if day else "datetime64[s]")).replace("T", " ")
            for c, target in enumerate(table.targets):
                numbers = ["" if side is None else f"{side[step, c]:.6g}" for side in sides]
                writer.writerow([stamp, name, target, *numbers])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _units(side: torch.Tensor | None, prepared: Prepared, series: int) -> np.ndarray | None:
    """Scaled forecasts (1, H, C) of a series in units of the file (H, C)."""
    return None if side is None else side[0].double().numpy() * prepared.scales[series] + prepared.means[series]


def _after(run: SeriesRun, prepared: Prepared, series: int) -> tuple[np.ndarray, Window]:
    """The times (H,) after a series, and the window that forecasts them; nothing stands in its horizon."""
    table, tensors = prepared.table, prepared.tensors
    history, horizon = run.config.data.history, run.config.data.horizon
    end = int(table.starts[series + 1] - table.future[series])
    times = times_after(table.times[end - 1], table.frequency, horizon)
    if table.own and table.future[series] < horizon:
        there = f"{table.future[series]} rows after the last target have them, {horizon} are forecast"
        way = f"Add rows with their times and {', '.join(table.covariates[: table.own])}, the targets left empty."
        names = ", ".join(table.covariates[: table.own])
        raise DataError(table.source, None, f"{table.label(series)}: {names} must be known of the future", there, way)
    own = table.known[end : end + horizon, : table.own] if table.own else np.empty((horizon, 0))
    features = calendar_features(times, table.covariates)
    ahead = torch.from_numpy(run.scaling.known(np.column_stack([own, *features.values()]))).float()
    past = slice(end - history, end)
    values = tensors.values[past]
    empty = torch.zeros(horizon, values.shape[1])
    return times, Window(
        torch.cat([values, empty])[None],
        torch.cat([tensors.observed[past], empty.bool()])[None],
        torch.cat([tensors.known[past], ahead])[None],
        tensors.static[series][None],
    )


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
        from grunlp.report.series import draw_forecasts

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
    require_length(table, run.config.data.history, run.config.data.horizon, _LONGER)
    return np.stack([table.starts[:-1], table.starts[1:] - table.future], axis=1)


def _score(run: SeriesRun, table: SeriesTable, bounds: Bounds, history: int) -> Scored:
    """history: rows before a forecast, at least those the run reads."""
    data = run.config.data
    prepared = prepare(table, run.scaling, data.history)
    origins = origins_within(table, bounds, history, data.horizon)
    return score(run.model, run.weight, prepared, origins, data.history, run.scaling.season)


def score_split(run: str, split: str) -> kinds.Scored:
    """How well a forecaster does on a split of its data; examples are windows."""
    loaded = load_series_run(run)
    corpus = open_series(loaded.config.data)
    started = time.perf_counter()
    scored = _score(loaded, corpus.table, _bounds(corpus, split), loaded.config.data.history)
    return kinds.Scored(scored.scores, len(scored.origins), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, for the columns of a run."""
    scaling = Scaling.load(Path(run) / SCALING)
    return build_forecaster(config, len(scaling.targets), len(scaling.covariates), len(scaling.statics))
