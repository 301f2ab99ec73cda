"""Loading and building of forecasters."""

import io
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

if TYPE_CHECKING:
    import pandas as pd


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
        UserError: its columns, its layout or its frequency differ from those of the training data.
    """
    columns = columns_from_config(run.config.data)._replace(targets=run.scaling.targets)
    layout = replace(layout_from_config(run.config.data), frequency=run.scaling.frequency)
    return read_time_series(source, columns, layout, run.scaling.statics, run.scaling.covariates)
