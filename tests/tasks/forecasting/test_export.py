"""Exports of forecasters."""

from pathlib import Path

import pytest
import torch

from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, build_forecaster
from grunlp.tasks.forecasting.export import ForecasterExporter
from grunlp.tasks.forecasting.scaler import Standardizer
from tests.exporting.untrained_models import config, prove, shaken


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "output", "known", "static", "normalize"),
    [
        ("direct", "quantiles", 2, 1, "last"),
        ("direct", "point", 0, 0, "revin"),
        ("recursive", "gaussian", 1, 1, "none"),
        ("recursive", "point", 0, 1, "last"),
        ("segrnn", "quantiles", 1, 1, "revin"),
        ("segrnn", "gaussian", 0, 0, "last"),
    ],
)
def test_forecasters_export(kind: str, output: str, known: int, static: int, normalize: str, tmp_path: Path) -> None:
    words = [
        f"model.architecture={kind}",
        f"model.output={output}",
        f"model.window_normalization={normalize}",
        "model.segment_length=3",
    ]
    c = config("forecast", "data=toy-series", *words, "data.history=12", "data.horizon=4")
    scaling = Standardizer(
        targets=["x", "y"], covariates=["k", "l"][:known], own=known, statics=["s"][:static], frequency="h", season=24,
        names=["one", "two"], means=[[1.0, -2.0], [30.0, 4.0]], scales=[[2.0, 0.5], [9.0, 1.0]], steps=[[1.0, 1.0]] * 2,
        known_means=[0.5, 0.0][:known], known_scales=[2.0, 1.0][:known],
        static_means=[1.0][:static], static_scales=[2.0][:static],
    )  # fmt: skip
    model = shaken(build_forecaster(c, 2, known, static))
    prove(ForecasterExporter(TrainedForecaster(tmp_path, c, scaling, model, torch.zeros(1))), tmp_path / "out")
