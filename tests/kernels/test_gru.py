"""The hand-written backward pass against Torch's autograd through its own GRU."""

import pytest
import torch
from torch import Tensor

from grunlp.kernels.gru import gru_layer


def leaves(directions: int, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """x, initial states and weights, all wanting gradients."""
    torch.manual_seed(0)
    shapes = [(3, 7, 5), (directions, 3, 4), *([(12, 5), (12, 4), (12,), (12,)] * directions)]
    return [torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes]


def torch_gru(x: Tensor, initial: Tensor, weights: list[Tensor]) -> Tensor:
    return torch.gru(x, initial, weights, True, 1, 0.0, True, len(initial) == 2, True)[0]


@pytest.mark.parametrize("directions", [1, 2])
def test_outputs_and_all_gradients_equal_torch(directions: int) -> None:
    results = []
    for layer in (gru_layer, torch_gru):
        x, initial, *weights = tensors = leaves(directions)
        outputs = layer(x, initial, weights)
        weight = torch.linspace(-1, 1, outputs.numel(), dtype=torch.float64).view_as(outputs)
        results.append([outputs, *torch.autograd.grad((outputs * weight).sum(), tensors)])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_finite_differences() -> None:
    x, initial, *weights = leaves(2)
    assert torch.autograd.gradcheck(lambda *w: gru_layer(x, initial, list(w)), weights)
    assert torch.autograd.gradcheck(lambda a, b: gru_layer(a, b, weights), (x, initial))


def test_same_numbers_with_and_without_gradients() -> None:
    x, initial, *weights = leaves(2, torch.float32)
    trained = gru_layer(x, initial, weights)
    with torch.no_grad():
        torch.testing.assert_close(gru_layer(x, initial, weights), trained, rtol=1e-5, atol=1e-6)


def test_a_single_step() -> None:
    x, initial, *weights = leaves(2)
    one = gru_layer(x[:, :1], initial, weights)
    torch.testing.assert_close(one, torch_gru(x[:, :1], initial, weights), rtol=0, atol=1e-12)
    one.sum().backward()
    assert initial.grad is not None and initial.grad.all()
