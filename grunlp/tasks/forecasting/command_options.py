"""Options of the commands for forecasting. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.tasks.command_options import EvaluateOptions, PredictOptions


@dataclass
class ForecastingPredictOptions(PredictOptions):
    """Options of predict for forecasting."""

    input: str | None = option(
        None, "CSV or Parquet table with the columns of the training; null: the data of the training", content="path"
    )


@dataclass
class ForecastingEvaluateOptions(EvaluateOptions):
    """Options of evaluate for forecasting."""

    report: str | None = option(
        None,
        "new .png file: forecasts and measured values, and the errors by step; null: in the run folder",
        content="path",
    )
