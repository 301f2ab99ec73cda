"""Time series to forecast, and their division into splits by time."""

import csv
import logging
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from grunlp.data.datasets.corpus import SPLITS
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.task_datasets import require_options
from grunlp.data.timeseries.layout import layout_from_config
from grunlp.data.timeseries.reader import SeriesColumns, read_time_series
from grunlp.data.timeseries.time_features import get_seasonality
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.data.toy.time_series import seasonal_series_rows
from grunlp.tasks.forecasting.windows import RowRanges
from grunlp.utils.errors import DataError, UserError

log = logging.getLogger(__name__)

_USER_FILES_EXAMPLE = "data=files data.train=FILE"


@dataclass
class TimeSeriesCorpus:
    """A table and the rows of its splits, which follow each other in time.

    Args:
        name: the name of the data set.
        table: all rows.
        train, dev, test: (S, 2) first row and exclusive end of the split in each series; test may be missing.
        seasonality: number of steps in a season.
    """

    name: str
    table: TimeSeriesTable
    train: RowRanges
    dev: RowRanges
    test: RowRanges | None
    seasonality: int


def open_time_series(data: Mapping[str, Any]) -> TimeSeriesCorpus:
    """Open the series described by a configuration, and split them by time.

    Args:
        data: the group `data`.

    Raises:
        UserError: a file is missing or malformed, or a series or a split is too short.
    """
    table = _OPENERS[data["name"]](data)
    require_min_length(table, data["history"], data["horizon"], None)
    splits = split_by_time(table, data)
    for split, bounds in splits.items():
        _require_forecast_windows(table, split, bounds, data)
    season = data["season"] or get_seasonality(table.frequency)
    times = _observed_times(table)
    spans = [f"{split} {_describe_time_span(table, bounds)}" for split, bounds in splits.items()]
    log.info("%s: %d times: %s; season of %d steps", data["name"], len(times), ", ".join(spans), season)
    return TimeSeriesCorpus(data["name"], table, splits["train"], splits["dev"], splits.get("test"), season)


def columns_from_config(data: Mapping[str, Any]) -> SeriesColumns:
    """Return the roles of the columns of a file, from the options of the group `data`."""
    target = {"weather": "temp_max", "stocks": "price"}.get(data["name"])
    return SeriesColumns(
        targets=_split_names(data.get("targets") or target) or None,
        series_id="symbol" if data["name"] == "stocks" else data.get("series_id"),
        known_covariates=_split_names(data.get("known_covariates")),
        static_covariates=_split_names(data.get("static_covariates")),
        calendar_features=data["time_features"],
    )


def settled_options(data: Mapping[str, Any], table: TimeSeriesTable) -> dict[str, Any]:
    """Return the options of the group `data` with what was detected when the table was read, in place of null."""
    settled: dict[str, Any] = asdict(table.layout)
    targets = ",".join(table.target_names)
    if _split_names(targets) == list(table.target_names):  # no name has a comma
        settled["targets"] = targets
    return {**data, **{key: value for key, value in settled.items() if key in data and data[key] is None}}


def require_min_length(table: TimeSeriesTable, history: int, horizon: int, hint: str | None) -> None:
    """Raise DataError unless each series is as long as a window. `hint` is the advice; None: use shorter windows."""
    lengths = np.diff(table.starts) - table.num_future_rows
    for i in np.flatnonzero(lengths < history + horizon):
        shorter = f"Type data.history={max(1, (lengths[i] - horizon) // 4)}, or remove it."
        raise DataError(
            table.source,
            None,
            f"{table.label(int(i))} has {lengths[i]} steps",
            f"a window has data.history + data.horizon = {history} + {horizon} = {history + horizon}",
            hint or shorter,
        )


def split_by_time(table: TimeSeriesTable, data: Mapping[str, Any]) -> dict[str, RowRanges]:
    """Return the rows of each split; all series are divided at the same times.

    Without folds, train, dev and test follow each other and have `train_rows`, `dev_rows` and `test_rows` rows; values
    of at most 1 are fractions. With `num_folds` of n, the times of train and dev are divided into n + 2 equal parts: in
    fold k the first k + 1 parts are train, the next one is dev, and the one after that is test, so that no training
    sees the future. With `outer_num_folds` of m, only the times before the test part of fold `outer_fold` of m are
    divided. Of the training rows of each series, the last `train_fraction` are kept.
    """
    times = _observed_times(table)
    sizes = _split_lengths(len(times), [data[f"{split}_rows"] for split in SPLITS])
    num_folds, num_outer_folds = data.get("num_folds", 0), data.get("outer_num_folds", 0)
    if num_folds:
        times = times[: sum(sizes[:2])]
    if num_outer_folds:
        times = times[: len(times) * (data["outer_fold"] + 2) // (num_outer_folds + 2)]
    if num_folds:
        cuts = np.arange(num_folds + 3) * len(times) // (num_folds + 2)
        boundaries = [0, *cuts[data["fold"] + 1 : data["fold"] + 4]]
    else:
        boundaries = [0, *np.cumsum(sizes)]
    if boundaries[-1] > len(times):
        message = f"data.train_rows, dev_rows and test_rows are {boundaries[-1]} together"
        raise UserError(message, f"there are {len(times)} times", "Lower them.")
    ends = table.starts[1:] - table.num_future_rows
    splits = {}
    for split, first, end in zip(SPLITS, boundaries[:-1], boundaries[1:], strict=True):
        if end > first:
            rows = np.empty((len(table.series_names), 2), dtype=np.int64)
            for i, (start, stop) in enumerate(zip(table.starts[:-1], ends, strict=True)):
                series_times = table.times[start:stop]
                rows[i, 0] = start + np.searchsorted(series_times, times[first])
                rows[i, 1] = start + np.searchsorted(series_times, times[end - 1], side="right")
            splits[split] = rows
    train = splits["train"]
    kept = np.round((train[:, 1] - train[:, 0]) * data.get("train_fraction", 1.0)).astype(np.int64)
    train[:, 0] = train[:, 1] - kept
    return splits


def _split_lengths(count: int, sizes: Sequence[float]) -> list[int]:
    """Return the number of rows of each split.

    `sizes` are fractions if all are at most 1, otherwise numbers of rows.
    """
    if max(sizes) > 1:
        return [round(size) for size in sizes]
    if sum(sizes) > 1 + 1e-9:
        message = f"data.train_rows, dev_rows and test_rows are {sum(sizes):g} together"
        raise UserError(message, "fractions must add up to at most 1", "Lower them.")
    ends = np.floor(np.cumsum(sizes) * count + 1e-6).astype(int)
    return np.diff([0, *ends]).tolist()


def _require_forecast_windows(table: TimeSeriesTable, split: str, bounds: RowRanges, data: Mapping[str, Any]) -> None:
    """Raise DataError unless a split has at least one window."""
    history, horizon = data["history"], data["horizon"]
    firsts = np.maximum(bounds[:, 0], table.starts[:-1] + history)
    if (bounds[:, 1] - firsts < horizon).all():
        longest = int((bounds[:, 1] - bounds[:, 0]).max())
        needs = (
            f"data.history + data.horizon = {history + horizon}" if split == "train" else f"data.horizon = {horizon}"
        )
        hint = f"Raise data.{split}_rows, or lower data.history or data.horizon."
        raise DataError(table.source, None, f"{split} has only {longest} steps", f"a window needs {needs}", hint)


def _observed_times(table: TimeSeriesTable) -> np.ndarray:
    """Return the times of all series, without rows that only have covariates."""
    ends = table.starts[1:] - table.num_future_rows
    return np.unique(np.concatenate([table.times[a:b] for a, b in zip(table.starts[:-1], ends, strict=True)]))


def _describe_time_span(table: TimeSeriesTable, bounds: RowRanges) -> str:
    rows = [row for first, end in bounds for row in ((first, end - 1) if end > first else ())]
    times = table.clock_times[rows]
    return f"{str(times.min())[:16]} to {str(times.max())[:16]}"


def _split_names(text: str | None) -> list[str]:
    """Split comma-separated names."""
    return [name.strip() for name in str(text).split(",") if name.strip()] if text is not None else []


def _open_file(data: Mapping[str, Any]) -> TimeSeriesTable:
    require_options(data, ("train",), "a training needs one file of all series", "FILE")
    return read_time_series(data["train"], columns_from_config(data), layout_from_config(data), None, None)


def _open_etth1(data: Mapping[str, Any]) -> TimeSeriesTable:
    file, homepage = "ETTh1.csv.gz", "github.com/zhouhaoyi/ETDataset (ETT-small/ETTh1.csv, compressed with gzip)"
    folder = locate_dataset("etth1", "etth1", file, homepage, _USER_FILES_EXAMPLE)
    return read_time_series(folder / file, columns_from_config(data), layout_from_config(data), None, None)


def _open_vega(file: str, data: Mapping[str, Any]) -> TimeSeriesTable:
    folder = locate_dataset(data["name"], "series", file, "github.com/vega/vega-datasets (data)", _USER_FILES_EXAMPLE)
    return read_time_series(folder / file, columns_from_config(data), layout_from_config(data), None, None)


def _open_toy_series(data: Mapping[str, Any]) -> TimeSeriesTable:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "toy-series.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("time", "value"), *seasonal_series_rows()])
        return read_time_series(path, columns_from_config(data), layout_from_config(data), None, None)


_OPENERS: dict[str, Callable[[Mapping[str, Any]], TimeSeriesTable]] = {
    "files": _open_file,
    "etth1": _open_etth1,
    "weather": partial(_open_vega, "seattle-weather.csv"),
    "stocks": partial(_open_vega, "stocks.csv"),
    "toy-series": _open_toy_series,
}
