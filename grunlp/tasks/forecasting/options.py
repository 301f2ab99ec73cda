"""Options of recipe=forecast. This module imports no heavy library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from grunlp.configuration.options import group, option
from grunlp.configuration.schema import RecipeSchema
from grunlp.data.options import DataOptions, ShuffleOptions
from grunlp.data.timeseries.layout import Decimal, Separator, Thousands, day_comes_first
from grunlp.modules.options import RecurrentOptions
from grunlp.training.options import (
    OptimizerOptions,
    RunOptions,
    TrainerOptions,
    check_cross_validation,
    monitor_option,
)
from grunlp.utils.errors import UserError

Architecture = Literal["recursive", "direct", "segrnn"]
WindowNormalization = Literal["none", "last", "revin"]
ForecastOutput = Literal["point", "gaussian", "quantiles"]
ForecastLoss = Literal["mse", "mae"]


@dataclass
class SeriesOptions(DataOptions):
    """Windows of series, and their splits by time."""

    time_features: bool = option(
        True, "use sines and cosines of the hour, weekday and day of the year as known covariates, where they vary"
    )
    history: int = option(96, "rows of history to read", minimum=1, maximum=10**6)
    horizon: int = option(24, "rows to forecast", minimum=1, maximum=10**6)
    season: int = option(
        0, "rows of a season, for the seasonal-naive forecast; 0: determined by the frequency", minimum=0, maximum=10**6
    )
    train_rows: float = option(
        0.7, "times of the training split: their number if above 1, otherwise their fraction", minimum=0.0, maximum=1e9
    )
    dev_rows: float = option(0.1, "times of the development split, number or fraction", minimum=0.0, maximum=1e9)
    test_rows: float = option(0.2, "times of the test split, number or fraction", minimum=0.0, maximum=1e9)


@dataclass
class TargetSeries(SeriesOptions):
    """A table with several columns to forecast."""

    targets: str | None = option(
        None, "columns to forecast, comma-separated; null: all numeric columns", content="text"
    )


@dataclass
class SeriesFile(TargetSeries):
    """The user's own series: a table in CSV, JSON Lines or Parquet, plain, gz or xz, with rows in the order of time."""

    train: str | None = option(None, "file with all series; required", content="path")
    encoding: str | None = option(
        None, "encoding of the file, as Python names it, if it has no byte order mark; null: UTF-8", content="text"
    )
    separator: Separator | None = option(None, "between the cells of CSV; null: as in the first line")
    decimal: Decimal | None = option(None, "decimal sign; null: detected from all numbers")
    thousands: Thousands | None = option(None, "sign between groups of digits; null: detected from all numbers")
    time_column: str | None = option(
        None, "column of the times; null: one with times, by its name if there are several", content="text"
    )
    date_format: str | None = option(
        None,
        "format of the times: directives of strptime such as %d/%m/%Y, %q for a quarter, or ISO8601, excel, unix-s, "
        "unix-ms, unix-us, unix-ns; null: detected, refused if ambiguous",
        content="text",
    )
    day_first: bool | None = option(None, "whether 01/02/2024 is 1 February; null: detected, refused if ambiguous")
    time_zone: str | None = option(
        None, "zone of the times, such as Europe/Berlin; null: as their offsets, else none", content="text"
    )
    frequency: str | None = option(
        None, 'steps of the times, as pandas names them ("h", "D", "MS"); null: the most frequent', content="text"
    )
    series_id: str | None = option(
        None, "column with the name of the series of each row; null: there is one series", content="text"
    )
    known_covariates: str | None = option(
        None,
        "comma-separated covariates that are also known in the future; the file has rows for it, after the last target",
        content="text",
    )
    static_covariates: str | None = option(
        None, "comma-separated columns that do not change within a series", content="text"
    )


DATASETS: dict[str, type[DataOptions]] = {
    "files": SeriesFile,
    "toy-series": SeriesOptions,
    "etth1": TargetSeries,
    "weather": TargetSeries,
    "stocks": SeriesOptions,
}


@dataclass
class ForecasterOptions(RecurrentOptions):
    """The network that forecasts."""

    architecture: Architecture = option(
        "direct",
        "recursive: step by step; direct: all steps at once; segrnn: segments of the history (Lin et al. 2023)",
    )
    segment_length: int = option(24, "rows of a segment, for architecture=segrnn", minimum=1, maximum=10**6)
    window_normalization: WindowNormalization = option(
        "last",
        "normalize each window by its own history: subtract its last value, or reversible instance normalization",
    )
    output: ForecastOutput = option(
        "point", "kind of forecast; quantiles requires an architecture other than recursive"
    )
    quantiles: str = option(
        "0.1,0.5,0.9",
        "levels for output=quantiles, comma-separated; the outermost levels form the interval",
        content="text",
    )
    loss: ForecastLoss = option("mse", "loss for output=point")
    input_dropout: float = option(0.0, "dropout of the inputs", minimum=0.0, maximum=0.99)


@dataclass
class SeriesLoaderOptions(ShuffleOptions):
    """Batches of windows."""

    batch_size: int = option(64, "windows in a batch", minimum=1, maximum=10**6)


@dataclass
class ForecasterTrainerOptions(TrainerOptions):
    """The trainer of a forecaster."""

    monitor: Literal["dev/loss"] = monitor_option("dev/loss")


@dataclass
class ForecastingConfig(RunOptions):
    """The configuration of recipe=forecast."""

    model: ForecasterOptions = group(ForecasterOptions)
    loader: SeriesLoaderOptions = group(SeriesLoaderOptions)
    optimizer: OptimizerOptions = group(OptimizerOptions)
    trainer: ForecasterTrainerOptions = group(ForecasterTrainerOptions)


def check(values: Mapping[str, Any]) -> None:
    """Raise UserError for options that cannot be combined. `values` is the configuration by dotted key."""
    check_cross_validation(values)
    _check_layout(values)
    architecture, output, size = values["model.architecture"], values["model.output"], values["model.hidden_size"]
    if architecture == "segrnn" and values["model.segment_length"] > values["data.history"]:
        raise UserError(
            f"model.segment_length={values['model.segment_length']} with data.history={values['data.history']}",
            "a segment must fit into the history",
            f"Type model.segment_length={max(1, values['data.history'] // 4)}",
        )
    if architecture == "segrnn" and size % 2:
        raise UserError(
            f"model.architecture=segrnn with model.hidden_size={size}",
            "half of the units encode the position of a segment, half the channel",
            "Type an even model.hidden_size=",
        )
    if output == "quantiles" and architecture == "recursive":
        raise UserError(
            "model.architecture=recursive with model.output=quantiles",
            "a recursive forecaster continues from its own point forecasts",
            "Type model.output=gaussian",
        )
    if output == "quantiles":
        parse_quantiles(values["model.quantiles"])


def _check_layout(values: Mapping[str, Any]) -> None:
    """Raise UserError for options of a table that contradict each other."""
    decimal, date_format = values.get("data.decimal"), values.get("data.date_format") or ""
    if decimal is not None and decimal == values.get("data.thousands"):
        raise UserError(
            f"data.decimal={decimal} with data.thousands={decimal}",
            "a sign is either decimal or between thousands",
            "Type data.thousands=none",
        )
    day_first = values.get("data.day_first")
    if day_first is not None and day_comes_first(date_format) not in (None, day_first):
        raise UserError(
            f"data.date_format={date_format} with data.day_first={str(day_first).lower()}",
            "the format has the other order of day and month",
            "Leave one of the two out.",
        )


def parse_quantiles(text: str) -> list[float]:
    """Parse comma-separated quantile levels. Raises UserError unless they increase and include 0.5."""
    try:
        levels = [float(level) for level in text.split(",")]
    except ValueError:
        levels = []
    if 0.5 not in levels or levels != sorted(set(levels)) or not 0 < levels[0] <= levels[-1] < 1:
        raise UserError(
            f"model.quantiles={text}",
            "expected increasing levels between 0 and 1, separated by commas and including 0.5",
            "Type model.quantiles=0.1,0.5,0.9",
        )
    return levels


RECIPES = {"forecast": RecipeSchema(ForecastingConfig, DATASETS, check)}
