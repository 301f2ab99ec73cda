"""Loading and building of forecasters."""

import io
import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from omegaconf import DictConfig
from torch import Tensor

from grunlp.data.timeseries.layout import layout_from_config
from grunlp.data.timeseries.reader import read_time_series
from grunlp.data.timeseries.timeseries import TimeSeriesTable
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import BASELINE_WEIGHTS, SCALER, WEIGHTS, translate_load_errors
from grunlp.runs.weights import load_module, load_tensors, save_tensors
from grunlp.tasks.config import read_config
from grunlp.tasks.forecasting.data import columns_from_config
from grunlp.tasks.forecasting.model import DirectForecaster, Forecaster, ForecasterSizes, RecursiveForecaster
from grunlp.tasks.forecasting.options import Architecture, ForecasterOptions
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.tasks.forecasting.segrnn import SegRNN
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

ARCHITECTURES: dict[Architecture, type[Forecaster]] = {
    "recursive": RecursiveForecaster,
    "direct": DirectForecaster,
    "segrnn": SegRNN,
}


class TrainedForecaster(NamedTuple):
    """A trained forecaster.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        scaling: the columns of the training data and their scales.
        model: the network in evaluation mode.
        baseline_weights: weights of the linear model that it is compared with.
    """

    path: Path
    config: DictConfig
    scaling: Standardizer
    model: Forecaster
    baseline_weights: Tensor


def build_forecaster(
    config: DictConfig, num_targets: int, num_known_covariates: int, num_static_covariates: int
) -> Forecaster:
    """Build the untrained network of a configuration for the given numbers of columns."""
    options = ForecasterOptions(**config.model)
    sizes = ForecasterSizes(num_targets, num_known_covariates, num_static_covariates, config.data.horizon)
    return ARCHITECTURES[options.architecture](options, sizes)


def build_stored_model(run: Path, config: DictConfig) -> Forecaster:
    """Build the untrained network of a configuration for the columns of a run."""
    scaling = Standardizer.load(run / SCALER)
    return build_forecaster(config, len(scaling.targets), len(scaling.covariates), len(scaling.statics))


def save_linear_baseline(path: Path, weights: Tensor) -> None:
    """Save the weights of the linear model."""
    save_tensors(run_file(path, BASELINE_WEIGHTS), {"weight": weights})


def load_trained_forecaster(path: str | Path) -> TrainedForecaster:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    path = Path(path)
    config = read_config(path, [SCALER, BASELINE_WEIGHTS])
    with translate_load_errors(path):
        scaling = Standardizer.load(path / SCALER)
        sizes = (len(scaling.targets), len(scaling.covariates), len(scaling.statics))
        model = load_module(path / WEIGHTS, lambda: build_forecaster(config, *sizes))
        plan = torch.empty(config.data.history + 1, config.data.horizon, device="meta")
        weight = load_tensors(path / BASELINE_WEIGHTS, {"weight": plan})["weight"].float()
    return TrainedForecaster(path, config, scaling, model, weight)


def read_with_training_schema(
    run: TrainedForecaster, source: "str | Path | io.StringIO | pd.DataFrame"
) -> TimeSeriesTable:
    """Read a table in the way of the training data: a file, text in CSV, or a data frame.

    Raises:
        UserError: its columns, its layout, its units or its frequency differ from those of the training data.
    """
    columns = columns_from_config(run.config.data)._replace(targets=run.scaling.targets)
    layout = replace(layout_from_config(run.config.data), frequency=run.scaling.frequency)
    try:
        table = read_time_series(source, columns, layout, run.scaling.statics, run.scaling.covariates)
    except DataError as error:
        if not re.search(r"\bdata\.\w+=", error.hint):
            raise
        described = f": {layout.describe()}" if layout.time_column else "."
        hint = f"Write the table as in the training{described}"  # options of a training have no effect here
        raise DataError(error.path, error.line, error.reason, error.details, hint) from None
    _compare_units(table, run.scaling)
    return table


def _compare_units(table: TimeSeriesTable, scaling: Standardizer) -> None:
    """Raise DataError if a column has another unit than in the training; warn if it has a unit there or here alone."""
    if scaling.units is None:
        return
    for name in (*scaling.targets, *scaling.covariates):
        unit, own = scaling.units.get(name), table.units.get(name)
        if unit and own and unit != own:
            message, details = f"column {name!r} is in {own}", f"in the training it was in {unit}"
            raise DataError(table.source, None, message, details, f"Convert the column to {unit}.")
        if unit != own:
            units = (own or "no unit", unit or "none")
            log.warning("%s: column %r has %s, in the training it had %s", table.source, name, *units)
