"""Loading and building of forecasters."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from omegaconf import DictConfig
from torch import Tensor

from grunlp.runs.file_list import run_file
from grunlp.runs.layout import BASELINE_WEIGHTS, SCALER, WEIGHTS, translate_load_errors
from grunlp.runs.weights import load_module, load_tensors, save_tensors
from grunlp.tasks.config import read_config
from grunlp.tasks.forecasting.data import columns_from_config
from grunlp.tasks.forecasting.model import DirectForecaster, Forecaster, ForecasterSizes, RecursiveForecaster
from grunlp.tasks.forecasting.options import Architecture, ForecasterOptions
from grunlp.tasks.forecasting.reader import read_time_series
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.tasks.forecasting.segrnn import SegRNN
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.utils.errors import DataError

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
        config: its configuration.
        scaling: the columns of the training and their scales.
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


def read_with_training_schema(run: TrainedForecaster, source: "str | Path | pd.DataFrame") -> TimeSeriesTable:
    """Read a file, or a table in memory, as that of the training was read.

    Raises:
        UserError: it has other columns or another frequency.
    """
    columns = columns_from_config(run.config.data)
    columns = columns._replace(targets=run.scaling.targets)
    table = read_time_series(source, columns, run.scaling.statics, run.scaling.covariates)
    if table.frequency != run.scaling.frequency:
        raise DataError(
            table.source,
            None,
            f"its times have the frequency {table.frequency}",
            f"the model was trained on the frequency {run.scaling.frequency}",
            "Resample the file.",
        )
    return table
