"""The trainer: the direction of monitored scores, limits of batches, and the mean of the last epochs."""

from itertools import cycle
from pathlib import Path

import pytest
import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.callbacks import EarlyStopping
from torch.utils.data import DataLoader, Dataset

from grunlp.runs.layout import RunMode
from grunlp.tasks.config import compose_config
from grunlp.training.datamodule_base import IndexedDataModule
from grunlp.training.trainer import fit, make_trainer


def test_every_score_that_can_be_monitored_has_a_direction(tmp_path: Path) -> None:
    for monitor, direction in {"dev/f1": "max", "dev/loss": "min"}.items():
        trainer = make_trainer(tmp_path, 1, compose_config(["recipe=srl", f"trainer.monitor={monitor}"]).trainer)
        assert isinstance(trainer.early_stopping_callback, EarlyStopping)
        assert trainer.early_stopping_callback.mode == trainer.checkpoint_callback.mode == direction  # type: ignore[union-attr]


class One(Dataset[torch.Tensor]):
    """A single number."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.ones(1)


class Ones(IndexedDataModule):
    """That number in each epoch, and to be scored on."""

    def __init__(self) -> None:
        super().__init__(0, False, 1)

    def batches(self, epoch: int) -> One:
        return One()

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        return ["1"]

    def val_dataloader(self) -> DataLoader[torch.Tensor]:
        return DataLoader(One(), batch_size=None)


class Wandering(LightningModule):
    """One weight that jumps between two values, 2 apart; its score is its distance from 0."""

    def __init__(self, middle: float) -> None:
        super().__init__()
        self.model = torch.nn.Linear(1, 1, bias=False)
        self.values = cycle([middle - 1, middle + 1])
        self.scored: list[float] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        self.model.weight.data.fill_(next(self.values))
        return 0 * self.model(batch).sum()

    def validation_step(self, batch: torch.Tensor, batch_idx: int) -> None:
        self.scored.append(float(self.model.weight.detach()))
        self.log("dev/loss", abs(self.scored[-1]))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


class Three(One):
    """Three batches of it."""

    def __len__(self) -> int:
        return 3


class Scored(Ones):
    """With three batches to be scored on."""

    def val_dataloader(self) -> DataLoader[torch.Tensor]:
        return DataLoader(Three(), batch_size=None)


def test_a_limit_of_batches_limits_dev(tmp_path: Path) -> None:
    keys = ["recipe=lm", "trainer.limit_train_batches=1", "trainer.ema_decay=0", "trainer.max_epochs=1"]
    task = Wandering(0.0)
    fit(make_trainer(tmp_path, 1, compose_config(keys).trainer), task, Scored(), tmp_path, RunMode.NEW)
    assert len(task.scored) == 1


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_mean_of_the_last_epochs_is_kept_where_it_is_better(
    average: float, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    keys = [
        f"trainer.ema_decay={average}",
        "trainer.average_last_epochs=3",
        "trainer.max_epochs=5",
        "trainer.patience=5",
    ]
    better = 0
    for middle in (0.0, 0.8):
        folder = tmp_path / str(middle)
        folder.mkdir()
        task = Wandering(middle)
        data = Ones()
        trainer = make_trainer(folder, 1, compose_config(["recipe=lm", *keys]).trainer)
        fit(trainer, task, data, folder, RunMode.NEW)
        epochs, mean = task.scored[:5], task.scored[-1]
        if average:  # the fifth value itself, for the log, between the epochs and the mean
            own = middle - 1
            assert task.scored[5:-1] == pytest.approx([own])
            said = f"moving average of the weights {abs(epochs[-1]):.4f}, the weights themselves {abs(own):.4f}"
            assert f"dev/loss after the last epoch: {said}" in caplog.text
        else:
            assert len(task.scored) == 6
        assert mean == pytest.approx(sum(epochs[2:]) / 3, abs=1e-6)
        best = min(epochs, key=abs)
        better += abs(mean) < abs(best)
        assert float(task.model.weight.detach()) == pytest.approx(min(mean, best, key=abs), abs=1e-6)
        kept = "the mean" if abs(mean) < abs(best) else "the best epoch"
        assert f"mean of the last 3 epochs {abs(mean):.4f}, best epoch {abs(best):.4f}; {kept} is kept" in caplog.text
    assert better == 1
