from pathlib import Path

import pytest
import torch
from pytorch_lightning.callbacks import EarlyStopping

from grunlp.checks import CHOICES
from grunlp.config import compose_config
from grunlp.tasks.trainer import DIRECTIONS, RunningAverage, make_trainer


def test_every_score_that_can_be_monitored_has_a_direction(tmp_path: Path) -> None:
    assert set(CHOICES["trainer.monitor"]) == set(DIRECTIONS)
    for monitor, direction in {"dev/f1": "max", "dev/loss": "min"}.items():
        trainer = make_trainer(tmp_path, **compose_config(["recipe=srl", f"trainer.monitor={monitor}"]).trainer)
        assert isinstance(trainer.early_stopping_callback, EarlyStopping)
        assert trainer.early_stopping_callback.mode == trainer.checkpoint_callback.mode == direction  # type: ignore[union-attr]


def test_the_average_is_of_use_from_the_start() -> None:
    """Against the recursion written out, a(n) = a(n-1) + (1 - d)(w(n) - a(n-1)) with d = min(decay, (1+n)/(10+n))."""
    update = RunningAverage(0.9)._kwargs["multi_avg_fn"]
    average, expected = [torch.tensor([1.0])], 1.0
    for n in range(1, 200):
        update(average, [torch.tensor([float(n % 7)])], torch.tensor(n))
        decay = min(0.9, (1 + n) / (10 + n))
        expected += (1 - decay) * (n % 7 - expected)
    assert average[0].item() == pytest.approx(expected, rel=1e-4)
