"""Averages of weights: the exponential moving average, and the mean of the last epochs."""

import pytest
import torch

from grunlp.training.weight_averaging import EMACallback


def test_ema_follows_its_recursion_with_a_smaller_decay_at_first() -> None:
    """Against the recursion written out, a(n) = a(n-1) + (1 - d)(w(n) - a(n-1)) with d = min(decay, (1+n)/(10+n))."""
    update = EMACallback(0.9)._kwargs["multi_avg_fn"]
    average, expected = [torch.tensor([1.0])], 1.0
    for n in range(1, 200):
        update(average, [torch.tensor([float(n % 7)])], torch.tensor(n))
        decay = min(0.9, (1 + n) / (10 + n))
        expected += (1 - decay) * (n % 7 - expected)
    assert average[0].item() == pytest.approx(expected, rel=1e-4)
