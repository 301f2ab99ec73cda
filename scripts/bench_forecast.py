"""How many windows a second a one-step GRU forecaster trains on, beside the same network with `nn.GRU` and two peers.

    python scripts/bench_forecast.py [batches=40] [repeats=3] [history=96] [horizon=24] [hidden_size=64]

Takes about a minute on a core, longer with peers. All train a GRU that tells the next step of the bundled series, with
teacher forcing, on windows of the same length and batches of the same size, and AdamW or Adam. The peers are Darts
(RNNModel) and NeuralForecast (GRU); where one is not installed its row says so. They bring trainers of their own, whose
time counts; a first short training, which compiles and imports, does not.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grunlp.configuration.compose import compose_config
from grunlp.configuration.key_value_args import parse_arguments
from grunlp.tasks.forecasting.data import open_time_series
from grunlp.tasks.forecasting.inference import scale_table
from grunlp.tasks.forecasting.model import RecursiveForecaster
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import TimeSeriesTensors, forecast_origins
from grunlp.training.optim import adamw
from grunlp.utils.cli import command

DEFAULTS: dict[str, Any] = {"batches": 40, "repeats": 3, "history": 96, "horizon": 24, "hidden_size": 64}
_BATCH = 64


class _TorchGRU(nn.Module):
    """`nn.GRU` called as our layer is."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """All windows are of one length."""
        states, final = self.gru(x, initial)
        return states, final


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Measure all in turn and print a table."""
    given = parse_arguments(arguments, DEFAULTS)
    tensors, origins, series = _data(given)
    ways: dict[str, Callable[[], float] | None] = {
        "grunlp": lambda: _grunlp_speed(given, tensors, origins, use_torch_gru=False),
        "the same with nn.GRU": lambda: _grunlp_speed(given, tensors, origins, use_torch_gru=True),
        "Darts RNNModel": _darts_speed(given, series),
        "NeuralForecast GRU": _neuralforecast_speed(given, series),
    }
    print(f"training windows a second, {torch.get_num_threads()} threads, median of {given['repeats']}")
    for way in ways.values():
        if way:
            way()
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(given["repeats"]):
        for name, way in ways.items():
            if way:
                found[name].append(way())
    for name, speeds in found.items():
        print(f"{name:24} {f'{statistics.median(speeds):10.0f}' if speeds else 'not installed'}")
    return 0


def _data(options: dict[str, Any]) -> tuple[TimeSeriesTensors, Tensor, np.ndarray]:
    """Training windows of the bundled series, and its scaled values."""
    sizes = [f"data.{key}={options[key]}" for key in ("history", "horizon")]
    config = compose_config(["recipe=forecast", "data.calendar=false", *sizes])
    corpus = open_time_series(config.data)
    scaling = fit_standardizer(corpus.table, corpus.train[:, 1], corpus.seasonality, options["history"])
    tensors = scale_table(corpus.table, scaling, options["history"]).tensors
    origins = forecast_origins(corpus.table, corpus.train, options["history"], options["horizon"])
    return tensors, origins, tensors.values[: int(corpus.train[0, 1]), 0].numpy()


def _grunlp_speed(options: dict[str, Any], tensors: TimeSeriesTensors, origins: Tensor, use_torch_gru: bool) -> float:
    """Windows a second of our recursive forecaster."""
    torch.manual_seed(0)
    rest = ("gru", 0.0, 0.0, "none", "point", ())
    model = RecursiveForecaster(1, 0, 0, options["horizon"], options["hidden_size"], 1, *rest)  # type: ignore[arg-type]
    if use_torch_gru:
        model.gru = _TorchGRU(1, options["hidden_size"])  # type: ignore[assignment]
    optimizer = adamw(model, 1e-3, 0.0, {})
    picked = origins[torch.randint(len(origins), (options["batches"], _BATCH))]
    started = time.perf_counter()
    for rows in picked:
        window = tensors.windows(rows, options["history"], options["horizon"])
        told = model.teacher_forced(window.values, window.known_covariates, window.static_covariates)
        loss = (told[..., 0] - window.values[:, 1:]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return options["batches"] * _BATCH / (time.perf_counter() - started)


def _darts_speed(options: dict[str, Any], series: np.ndarray) -> Callable[[], float] | None:
    """Windows a second of Darts; None: it is not installed."""
    try:
        from darts import TimeSeries
        from darts.models import RNNModel
    except ImportError:
        return None

    def run() -> float:
        model = RNNModel(
            input_chunk_length=options["history"],
            training_length=options["history"] + options["horizon"] - 1,
            model="GRU",
            hidden_dim=options["hidden_size"],
            batch_size=_BATCH,
            n_epochs=1,
            pl_trainer_kwargs={"limit_train_batches": options["batches"], "enable_progress_bar": False},
        )
        started = time.perf_counter()
        model.fit(TimeSeries.from_values(series.astype(np.float32)))
        windows = min(options["batches"] * _BATCH, len(series) - options["history"] - options["horizon"] + 1)
        return windows / (time.perf_counter() - started)

    return run


def _neuralforecast_speed(options: dict[str, Any], series: np.ndarray) -> Callable[[], float] | None:
    """Windows a second of NeuralForecast; None: it is not installed."""
    try:
        from neuralforecast import NeuralForecast
        from neuralforecast.models import GRU
    except ImportError:
        return None
    import pandas as pd

    times = pd.date_range("2024-01-01", periods=len(series), freq="h")
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": series})

    def run() -> float:
        model = GRU(
            h=options["horizon"],
            input_size=options["history"],
            encoder_hidden_size=options["hidden_size"],
            encoder_n_layers=1,
            recurrent=True,
            batch_size=1,
            windows_batch_size=_BATCH,
            max_steps=options["batches"],
            enable_progress_bar=False,
        )
        started = time.perf_counter()
        NeuralForecast(models=[model], freq="h").fit(frame)
        return options["batches"] * _BATCH / (time.perf_counter() - started)

    return run


if __name__ == "__main__":
    sys.exit(main())
