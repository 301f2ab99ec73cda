"""Losses and gradients that are no numbers: the batch is named, left out or the end, and can be seen again."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import LightningModule
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader

from grunlp.runs.layout import RunMode
from grunlp.tasks.config import compose_config
from grunlp.training.datamodule_base import BatchDataset, IndexedDataModule
from grunlp.training.nan_guard import MAX_SKIPPED_PER_EPOCH
from grunlp.training.trainer import fit, make_trainer
from grunlp.utils.errors import UserError


class Numbers(BatchDataset):
    """Batches of one number: 1, 2, ..., a few of them with others."""

    def __init__(self, count: int, bad: dict[int, float]) -> None:
        self.values = [bad.get(i, float(i + 1)) for i in range(count)]

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> Tensor:
        if index >= len(self):
            raise IndexError
        return torch.tensor([[self.values[index]]])


class Data(IndexedDataModule):
    """The same in each epoch."""

    def __init__(self, bad: dict[int, float], count: int = 12) -> None:
        super().__init__(0, False, 1)
        self.numbers = Numbers(count, bad)

    def batches(self, epoch: int) -> Numbers:
        return self.numbers

    def example_ids(self, epoch: int, batch: int) -> list[str]:
        return [f"sentence {batch}"]

    def val_dataloader(self) -> DataLoader[Tensor]:
        return DataLoader(Numbers(1, {}), batch_size=None)


class Task(LightningModule):
    """A weight that is told to become 0, with dropout; other losses than squares can be made of the outputs."""

    def __init__(self, loss: Callable[[Tensor], Tensor] = torch.square) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.model = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        self.loss = loss
        self.weights: list[Tensor] = []

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        self.weights.append(self.model[0].weight.detach().clone())  # type: ignore[operator]
        return self.loss(self.model(batch)).sum()

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("dev/loss", self.model(batch).square().sum(), batch_size=1)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.001)


def trained(folder: Path, task: Task, data: Data, *more: str, start: RunMode = RunMode.NEW) -> Any:
    folder.mkdir(exist_ok=True)
    keys = ["recipe=lm", "trainer.max_epochs=2", "trainer.ema_decay=0.0", *more]
    trainer = make_trainer(folder, 1, compose_config(keys).trainer)
    fit(trainer, task, data, folder, start)
    return trainer


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_it_stops_names_the_batch_and_shows_it_again(
    value: float, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, data = Task(), Data({7: value})
    with pytest.raises(UserError, match=r"epoch 1, batch 8: loss (nan|inf)") as error:
        trained(tmp_path, task, data)
    assert error.value.details == "its examples: sentence 7" and f"replay_bad_batch={tmp_path}" in error.value.hint
    assert not (tmp_path / "weights.safetensors").exists()
    about = json.loads((tmp_path / "nonfinite/batch.json").read_text())
    assert (about["epoch"], about["batch"], about["examples"]) == (0, 7, ["sentence 7"])
    kept = load_file(tmp_path / "nonfinite/weights.safetensors")
    assert torch.equal(kept["task.model.0.weight"], task.weights[-1])
    again = Task()
    trained(tmp_path, again, data, start=RunMode.REPLAY)
    assert re.search(r"epoch 1, batch 8: loss -?(nan|inf).*\nas in the training.*sentence 7", capsys.readouterr().out)
    assert torch.equal(again.weights[-1], task.weights[-1])
    with pytest.raises(UserError, match="the training had"):
        trained(tmp_path, Task(), Data({}), start=RunMode.REPLAY)


def test_what_is_replayed_draws_what_was_drawn(tmp_path: Path) -> None:
    """A finite loss, which dropout changes, is taken for bad to be seen again to the last bit."""
    losses: list[float] = []

    def kept(output: Tensor) -> Tensor:
        losses.append(float(output.detach()))
        return output / 0 if len(losses) == 6 else output

    with pytest.raises(UserError):
        trained(tmp_path, Task(kept), Data({}))
    with suppress(UserError):  # the loss is finite this time
        trained(tmp_path, Task(kept), Data({}), start=RunMode.REPLAY)
    assert len(losses) == 7 and losses[-1] == losses[5] and losses[5] != losses[4]


def test_a_bad_gradient_of_a_good_loss_is_met_too(tmp_path: Path) -> None:
    def rooted(output: Tensor) -> Tensor:
        return output.square().sum().sqrt()  # at 0, its derivative is none

    with pytest.raises(UserError, match="epoch 1, batch 5/6: gradient nan") as error:
        bad = Task(lambda output: rooted(output * 0) if len(bad.weights) == 6 else rooted(output))
        trained(tmp_path, bad, Data({}), "trainer.accumulate_grad_batches=2")
    assert error.value.details == "its examples: sentence 4, sentence 5"


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_bad_batch_is_skipped(accumulate: int, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = Task()
    keys = ("trainer.on_nonfinite_loss=skip", f"trainer.accumulate_grad_batches={accumulate}")
    trained(tmp_path, task, Data({7: float("nan")}), *keys)
    assert all(parameter.isfinite().all() for parameter in task.parameters())
    assert torch.equal(task.weights[7], task.weights[8]), "nothing was learned from it"
    assert not torch.equal(task.weights[6 - accumulate], task.weights[6])
    assert "epoch 1, batch 8: loss nan; skipped. Its examples: sentence 7" in caplog.text
    assert "epoch 2, batch 8: loss nan; skipped" in caplog.text
    assert "gradient" not in caplog.text, "none comes of it"
    assert json.loads((tmp_path / "nonfinite/batch.json").read_text())["epoch"] == 0, "the first is kept"
    log = (tmp_path / "logs/csv/metrics.csv").read_text()
    assert "train/gradient_norm" in log and "lr-SGD" in log


def test_too_many_are_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bad = dict.fromkeys(range(MAX_SKIPPED_PER_EPOCH), float("nan"))
    trained(tmp_path, Task(), Data(bad), "trainer.on_nonfinite_loss=skip")  # in each of two epochs as many as may be
    with pytest.raises(
        UserError,
        match=rf"epoch 1, batch {MAX_SKIPPED_PER_EPOCH + 1}: loss nan\nmore than {MAX_SKIPPED_PER_EPOCH} batches",
    ):
        trained(tmp_path, Task(), Data({**bad, MAX_SKIPPED_PER_EPOCH: float("nan")}), "trainer.on_nonfinite_loss=skip")


def test_what_stops_it_is_what_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not what had been skipped before."""
    bad = dict.fromkeys(range(MAX_SKIPPED_PER_EPOCH + 1), float("nan"))
    task = Task()
    with pytest.raises(UserError, match=f"epoch 1, batch {MAX_SKIPPED_PER_EPOCH + 1}"):
        trained(tmp_path, task, Data(bad), "trainer.on_nonfinite_loss=skip")
    trained(tmp_path, Task(), Data(bad), start=RunMode.REPLAY)
    assert f"epoch 1, batch {MAX_SKIPPED_PER_EPOCH + 1}: loss nan" in capsys.readouterr().out
    with pytest.raises(UserError, match="epoch 1, batch 3"):
        trained(tmp_path, task, Data({2: float("inf")}))
    trained(tmp_path, Task(), Data({2: float("inf")}), start=RunMode.REPLAY)
    assert "epoch 1, batch 3: loss nan" in capsys.readouterr().out


def test_nothing_to_replay(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no batch to replay"):
        trained(tmp_path, Task(), Data({}), start=RunMode.REPLAY)
