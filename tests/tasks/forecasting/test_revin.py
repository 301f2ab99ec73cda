"""Normalization of windows by their own history, by hand and back."""

from typing import get_args

import pytest
import torch

from grunlp.tasks.forecasting.options import WindowNormalization
from grunlp.tasks.forecasting.revin import RevIN

HISTORY = torch.tensor([[[1.0, 10.0], [3.0, 30.0]], [[5.0, 0.0], [5.0, 2.0]]])  # (B = 2, T = 2, C = 2)


def make(kind: WindowNormalization) -> RevIN:
    norm = RevIN(2, kind)
    if norm.weight is not None and norm.bias is not None:
        norm.weight.data, norm.bias.data = torch.tensor([2.0, -0.5]), torch.tensor([0.3, 0.1])
    return norm


def test_statistics_by_hand() -> None:
    shift, scale = make("last").compute_stats(HISTORY)
    assert shift.tolist() == [[[3.0, 30.0]], [[5.0, 2.0]]] and scale.tolist() == [[[1.0, 1.0]], [[1.0, 1.0]]]
    shift, scale = make("revin").compute_stats(HISTORY)
    assert shift.tolist() == [[[2.0, 20.0]], [[5.0, 1.0]]]
    torch.testing.assert_close(scale, torch.tensor([[[1.0, 10.0]], [[1e-5**0.5, 1.0]]]), atol=1e-5, rtol=1e-5)
    shift, scale = make("none").compute_stats(HISTORY)
    assert not shift.any() and (scale == 1).all()


def test_the_learned_scale_and_shift_come_last() -> None:
    norm = make("revin")
    found = norm(HISTORY[:1], norm.compute_stats(HISTORY[:1]))
    torch.testing.assert_close(found, torch.tensor([[[-2 + 0.3, 0.5 + 0.1], [2 + 0.3, -0.5 + 0.1]]]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", get_args(WindowNormalization))
def test_outputs_come_back_in_the_units_of_the_history(kind: WindowNormalization) -> None:
    norm, values = make(kind), torch.randn(2, 3, 2)
    stats = norm.compute_stats(HISTORY)
    back = norm.denormalize(norm(values, stats)[..., None], stats)
    torch.testing.assert_close(back[..., 0], values, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", get_args(WindowNormalization))
def test_standard_deviations_are_those_of_shifted_outputs(kind: WindowNormalization) -> None:
    """The deviation of y = a · x + b is |a| times that of x."""
    norm, stats = make(kind), make(kind).compute_stats(HISTORY)
    zero, std = torch.zeros(2, 1, 2, 1), torch.full((2, 1, 2, 1), 0.7)
    expected = (norm.denormalize(zero + std, stats) - norm.denormalize(zero, stats)).abs()
    torch.testing.assert_close(norm.denormalize_std(std, stats), expected, atol=1e-5, rtol=1e-4)


def test_a_scale_of_zero_is_not_divided_by() -> None:
    norm = make("revin")
    assert norm.weight is not None
    norm.weight.data = torch.tensor([0.0, -1e-9])
    stats = norm.compute_stats(HISTORY)
    assert norm.denormalize(torch.ones(2, 1, 2, 1), stats).isfinite().all()
    assert (norm.denormalize_std(torch.ones(2, 1, 2, 1), stats) > 0).all()
