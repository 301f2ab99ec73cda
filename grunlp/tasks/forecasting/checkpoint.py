"""Trained forecasters, and how they are built."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from omegaconf import DictConfig
from torch import Tensor

from grunlp.configuration.schema import parse_quantiles
from grunlp.runs.layout import BASELINE_WEIGHTS, SCALER, WEIGHTS, read_config, translate_load_errors
from grunlp.runs.weights import load_module, load_tensors, save_tensors
from grunlp.tasks.forecasting.data import columns_from_config
from grunlp.tasks.forecasting.model import DirectForecaster, Forecaster, RecursiveForecaster
from grunlp.tasks.forecasting.reader import read_time_series
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.tasks.forecasting.segrnn import SegRNN
from grunlp.tasks.forecasting.timeseries import TimeSeriesTable
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

ARCHITECTURES = ("recursive", "direct", "segmented")


class TrainedForecaster(NamedTuple):
    """A trained forecaster with what belongs to it. baseline_weights: of the linear model it is measured against."""

    path: Path
    config: DictConfig
    scaling: Standardizer
    model: Forecaster
    baseline_weights: Tensor


def build_forecaster(
    config: DictConfig, num_targets: int, num_known_covariates: int, num_static_covariates: int
) -> Forecaster:
    """The network a configuration describes, for so many targets, covariates and static values."""
    m = config.model
    quantiles = parse_quantiles(m.quantiles) if m.output == "quantiles" else []
    sizes = (
        num_targets,
        num_known_covariates,
        num_static_covariates,
        config.data.horizon,
        m.hidden_size,
        m.num_layers,
        m.cell,
    )
    rest = (m.input_dropout, m.dropout, m.normalize, m.output, quantiles)
    if m.kind == "segmented":
        return SegRNN(*sizes, *rest, m.segment)
    return {"recursive": RecursiveForecaster, "direct": DirectForecaster}[m.kind](*sizes, *rest)


def save_linear_baseline(path: Path, weights: Tensor) -> None:
    """Keep the linear model beside the network."""
    save_tensors(path / BASELINE_WEIGHTS, {"weight": weights})


def load_trained_forecaster(path: str | Path) -> TrainedForecaster:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
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
    """Another file, or a table in memory, read as that of the training was.

    Raises:
        GrunlpError: it has other columns or another frequency.
    """
    columns = columns_from_config(run.config.data)
    columns = columns._replace(targets=run.scaling.targets)
    table = read_time_series(source, columns, run.scaling.statics, run.scaling.covariates)
    if table.frequency != run.scaling.frequency:
        there = f"the run was trained on the frequency {run.scaling.frequency}"
        raise DataError(
            table.source, None, f"its times have the frequency {table.frequency}", there, "Resample the file."
        )
    return table
