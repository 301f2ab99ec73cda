"""Options of the commands for forecasting. This module imports no heavy library."""

from dataclasses import dataclass

from grunlp.configuration.options import option
from grunlp.tasks.command_options import EvaluateOptions, PredictOptions


@dataclass
class ForecastingPredictOptions(PredictOptions):
    """Options of predict for forecasting."""

    input: str | None = option(
        None, "CSV or Parquet table with the columns of the training data; null: the training data", content="path"
    )


@dataclass
class ForecastingEvaluateOptions(EvaluateOptions):
    """Options of evaluate for forecasting."""

    report: str | None = option(
        None,
        "new .png file with plots of forecasts and errors by step; null: in the run folder",
        content="path",
    )
