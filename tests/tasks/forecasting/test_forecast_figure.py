"""The figure of forecasts is a PNG, for one window as for many."""

from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.image import imread

from grunlp.tasks.forecasting.forecast_figure import plot_forecasts
from grunlp.tasks.forecasting.inference import evaluate_forecaster
from tests.tasks.forecasting.test_inference import HISTORY, HORIZON, build, scaled


@pytest.mark.parametrize(
    ("output", "origins"), [pytest.param("gaussian", range(8, 30), marks=pytest.mark.slow), ("point", [45])]
)
def test_it_shows_windows_and_the_error_by_step(output: str, origins: list[int], tmp_path: Path) -> None:
    weights = torch.zeros(HISTORY + 1, HORIZON)
    found = evaluate_forecaster(build(output=output), weights, scaled(40, 30), torch.tensor(list(origins)), HISTORY, 7)
    plot_forecasts(found, tmp_path / "forecast.png")
    pixels = np.asarray(imread(tmp_path / "forecast.png"))[..., :3]
    assert (tmp_path / "forecast.png").read_bytes().startswith(b"\x89PNG") and pixels.shape[:2] == (640, 960)
    red = (pixels[..., 0] > 0.7) & (pixels[..., 1] < 0.3) & (pixels[..., 2] < 0.3)
    columns = red[:300].any(axis=0)
    assert columns.any(), "forecasts are in the upper half"
    if len(origins) > 1:
        assert all(part.any() for part in np.split(columns, 4)), "four windows side by side"
