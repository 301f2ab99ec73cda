"""Measure the training speed of a recursive GRU forecaster against `nn.GRU`, Darts and NeuralForecast.

    python scripts/bench_forecast.py [batches=40] [repeats=3] [history=96] [horizon=24] [hidden_size=64]

It takes about a minute on one core, longer with Darts and NeuralForecast. Each candidate trains a one-step-ahead GRU on
the bundled series with teacher forcing, the same window length and batch size, and AdamW or Adam; the result is in
training windows per second. The peers are Darts RNNModel and NeuralForecast GRU; a peer that is not installed is marked
so in the table. The overhead of the peers' own trainers is included; a short warm-up training, which covers imports and
compilation, is not.
"""

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from bench_utils import measure_in_turns
from torch import Tensor, nn

from grunlp.configuration.options import option, parse_options
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.data import open_time_series
from grunlp.tasks.forecasting.inference import scale_table
from grunlp.tasks.forecasting.model import ForecasterSizes, RecursiveForecaster
from grunlp.tasks.forecasting.options import ForecasterOptions
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import TimeSeriesTensors, forecast_origins
from grunlp.training.optim import adamw
from grunlp.utils.cli import command


@dataclass
class Options:
    """Options of this script."""

    batches: int = option(40, "training batches to time", minimum=1, maximum=10**9)
    repeats: int = option(3, "repeats, of which the median counts", minimum=1, maximum=10**9)
    history: int = option(96, "rows to read", minimum=1, maximum=10**9)
    horizon: int = option(24, "rows to forecast", minimum=1, maximum=10**9)
    hidden_size: int = option(64, "units of the GRU", minimum=1, maximum=10**9)


_BATCH = 64


class _TorchGRU(nn.Module):
    """`nn.GRU` with the interface of grunlp's GRU layer."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the GRU; `lengths` is ignored because all windows have the same length."""
        states, final = self.gru(x, initial)
        return states, final


@command(lambda arguments: __doc__ or "")
def main(arguments: list[str]) -> int:
    """Measure all candidates in turn and print a table."""
    options = parse_options(arguments, Options)
    tensors, origins, series = _data(options)
    candidates: dict[str, Callable[[], float] | None] = {
        "grunlp": lambda: _grunlp_speed(options, tensors, origins, use_torch_gru=False),
        "the same with nn.GRU": lambda: _grunlp_speed(options, tensors, origins, use_torch_gru=True),
        "Darts RNNModel": _darts_speed(options, series),
        "NeuralForecast GRU": _neuralforecast_speed(options, series),
    }
    print(f"training windows/s, {torch.get_num_threads()} threads, median of {options.repeats}")
    installed = {name: measure for name, measure in candidates.items() if measure}
    speeds = measure_in_turns(installed, options.repeats)
    for name in candidates:
        print(f"{name:24} {f'{statistics.median(speeds[name]):10.0f}' if name in speeds else 'not installed'}")
    return 0


def _data(options: Options) -> tuple[TimeSeriesTensors, Tensor, np.ndarray]:
    """Return the bundled series as tensors, the origins of its training windows, and its scaled training values."""
    sizes = [f"data.{key}={getattr(options, key)}" for key in ("history", "horizon")]
    config = compose_config(["recipe=forecast", "data.time_features=false", *sizes])
    corpus = open_time_series(config.data)
    scaling = fit_standardizer(corpus.table, corpus.train[:, 1], corpus.seasonality, options.history)
    tensors = scale_table(corpus.table, scaling, options.history).tensors
    origins = forecast_origins(corpus.table, corpus.train, options.history, options.horizon)
    return tensors, origins, tensors.values[: int(corpus.train[0, 1]), 0].numpy()


def _grunlp_speed(options: Options, tensors: TimeSeriesTensors, origins: Tensor, use_torch_gru: bool) -> float:
    """Train grunlp's recursive forecaster and return its windows per second."""
    torch.manual_seed(0)
    model_options = ForecasterOptions(
        hidden_size=options.hidden_size, num_layers=1, dropout=0.0, window_normalization="none"
    )
    model = RecursiveForecaster(model_options, ForecasterSizes(1, 0, 0, options.horizon))
    if use_torch_gru:
        model.gru = _TorchGRU(1, options.hidden_size)  # type: ignore[assignment]
    optimizer = adamw(model, 1e-3, 0.0, {})
    batches = origins[torch.randint(len(origins), (options.batches, _BATCH))]
    started = time.perf_counter()
    for rows in batches:
        window = tensors.windows(rows, options.history, options.horizon)
        predictions = model.teacher_forced(window.values, window.known_covariates, window.static_covariates)
        loss = (predictions[..., 0] - window.values[:, 1:]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return options.batches * _BATCH / (time.perf_counter() - started)


def _darts_speed(options: Options, series: np.ndarray) -> Callable[[], float] | None:
    """Return a function that trains Darts and returns its windows per second, or None if it is not installed."""
    try:
        from darts import TimeSeries
        from darts.models import RNNModel
    except ImportError:
        return None

    def run() -> float:
        model = RNNModel(
            input_chunk_length=options.history,
            training_length=options.history + options.horizon - 1,
            model="GRU",
            hidden_dim=options.hidden_size,
            batch_size=_BATCH,
            n_epochs=1,
            pl_trainer_kwargs={"limit_train_batches": options.batches, "enable_progress_bar": False},
        )
        started = time.perf_counter()
        model.fit(TimeSeries.from_values(series.astype(np.float32)))
        windows = min(options.batches * _BATCH, len(series) - options.history - options.horizon + 1)
        return windows / (time.perf_counter() - started)

    return run


def _neuralforecast_speed(options: Options, series: np.ndarray) -> Callable[[], float] | None:
    """Return a function that trains NeuralForecast and returns its windows per second, or None if not installed."""
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
            h=options.horizon,
            input_size=options.history,
            encoder_hidden_size=options.hidden_size,
            encoder_n_layers=1,
            recurrent=True,
            batch_size=1,
            windows_batch_size=_BATCH,
            max_steps=options.batches,
            enable_progress_bar=False,
        )
        started = time.perf_counter()
        NeuralForecast(models=[model], freq="h").fit(frame)
        return options.batches * _BATCH / (time.perf_counter() - started)

    return run


if __name__ == "__main__":
    sys.exit(main())
