from pathlib import Path

import pytest
import torch

from grunlp.config import compose_config
from grunlp.errors import GrunlpError
from grunlp.tasks.trainer import DIRECTIONS, RunningAverage, make_trainer


def test_a_score_without_a_known_direction_is_refused(tmp_path: Path) -> None:
    config = compose_config(["recipe=srl", "trainer.monitor=dev/recall"])
    with pytest.raises(GrunlpError, match=r"(?s)cannot monitor dev/recall.*there are: dev/f1, dev/loss"):
        make_trainer(tmp_path, **config.trainer)
    assert DIRECTIONS == {"dev/f1": "max", "dev/loss": "min"}


def test_the_average_is_of_use_from_the_start() -> None:
    """Against the recursion written out, a(n) = a(n-1) + (1 - d)(w(n) - a(n-1)) with d = min(decay, (1+n)/(10+n))."""
    update = RunningAverage(0.9)._kwargs["multi_avg_fn"]
    average, expected = [torch.tensor([1.0])], 1.0
    for n in range(1, 200):
        update(average, [torch.tensor([float(n % 7)])], torch.tensor(n))
        decay = min(0.9, (1 + n) / (10 + n))
        expected += (1 - decay) * (n % 7 - expected)
    assert average[0].item() == pytest.approx(expected, rel=1e-4)
