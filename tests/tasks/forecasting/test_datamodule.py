"""Batches gathered from windows."""

import numpy as np
import torch

from grunlp.tasks.forecasting.datamodule import ForecastingDataModule
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.forecasting.windows import TimeSeriesTensors
from tests.data.timeseries.random_series import table


def test_gathered_windows_are_slices() -> None:
    made = table(30, 25)
    scaling = fit_standardizer(made, np.array([20, 45]), 7, 4)
    tensors = TimeSeriesTensors(made, scaling, np.array(scaling.means), np.array(scaling.scales))
    origins = torch.tensor([4, 41, 9])
    window = tensors.windows(origins, 4, 3)
    for i, row in enumerate(origins.tolist()):
        series = int(row >= 30)
        raw = (made.values[row - 4 : row + 3] - scaling.means[series]) / scaling.scales[series]
        torch.testing.assert_close(window.values[i], torch.from_numpy(raw).float())
        torch.testing.assert_close(window.known_covariates[i], tensors.known_covariates[row - 4 : row + 3])
    data = ForecastingDataModule(tensors, {"train": torch.arange(4, 20), "dev": torch.arange(20, 25)}, 4, 3, 5, True, 1)
    batches = list(data.train_dataloader())
    assert len(batches) == 4 == data.num_optimizer_steps(1, 0, 1) and data.num_optimizer_steps(3, 2, 1) == 6
    seen = torch.cat([batch.values[:, 0] for batch in batches]).sort(dim=0).values
    torch.testing.assert_close(seen, tensors.values[:16].sort(dim=0).values)
