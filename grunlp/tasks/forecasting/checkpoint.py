"""Trained forecasters, and how they are built."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from omegaconf import DictConfig
from torch import Tensor

from grunlp.configuration.schema import parse_quantiles
from grunlp.runs.layout import BASELINE, SCALING, WEIGHTS, fitting, read_config
from grunlp.runs.weights import load_network, load_tensors, save_tensors
from grunlp.tasks.forecasting.data import columns_of
from grunlp.tasks.forecasting.model import DirectForecaster, Forecaster, RecursiveForecaster
from grunlp.tasks.forecasting.reader import read_series
from grunlp.tasks.forecasting.scaler import Scaling
from grunlp.tasks.forecasting.segrnn import SegmentedForecaster
from grunlp.tasks.forecasting.timeseries import SeriesTable
from grunlp.utils.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("recursive", "direct", "segmented")


class SeriesRun(NamedTuple):
    """A trained forecaster with what belongs to it. weight: of the linear model it is measured against."""

    path: Path
    config: DictConfig
    scaling: Scaling
    model: Forecaster
    weight: Tensor


def build_forecaster(config: DictConfig, channels: int, known: int, static: int) -> Forecaster:
    """The network a configuration describes, for so many targets, covariates and static values."""
    m = config.model
    quantiles = parse_quantiles(m.quantiles) if m.output == "quantiles" else []
    sizes = (channels, known, static, config.data.horizon, m.hidden_size, m.num_layers, m.cell)
    rest = (m.input_dropout, m.dropout, m.normalize, m.output, quantiles)
    if m.kind == "segmented":
        return SegmentedForecaster(*sizes, *rest, m.segment)
    return {"recursive": RecursiveForecaster, "direct": DirectForecaster}[m.kind](*sizes, *rest)


def save_baseline(path: Path, weight: Tensor) -> None:
    """Keep the linear model beside the network."""
    save_tensors(path / BASELINE, {"weight": weight})


def load_series_run(path: str | Path) -> SeriesRun:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path, [SCALING, BASELINE])
    with fitting(path):
        scaling = Scaling.load(path / SCALING)
        sizes = (len(scaling.targets), len(scaling.covariates), len(scaling.statics))
        model = load_network(path / WEIGHTS, lambda: build_forecaster(config, *sizes))
        plan = torch.empty(config.data.history + 1, config.data.horizon, device="meta")
        weight = load_tensors(path / BASELINE, {"weight": plan})["weight"].float()
    return SeriesRun(path, config, scaling, model, weight)


def read_like(run: SeriesRun, source: "str | Path | pd.DataFrame") -> SeriesTable:
    """Another file, or a table in memory, read as that of the training was.

    Raises:
        GrunlpError: it has other columns or another frequency.
    """
    columns = columns_of(run.config.data)
    columns = columns._replace(targets=run.scaling.targets)
    table = read_series(source, columns, run.scaling.statics, run.scaling.covariates)
    if table.frequency != run.scaling.frequency:
        there = f"the run was trained on the frequency {run.scaling.frequency}"
        raise DataError(
            table.source, None, f"its times have the frequency {table.frequency}", there, "Resample the file."
        )
    return table
