"""Random weights and inputs of recurrent layers."""

import pytest
import torch
from torch import Tensor

from grunlp.kernels.packed_sequence import GATES_PER_CELL, STATES_PER_CELL

LENGTHS = [7, 3, 0, 12, 1, 12, 5, 9, 2]
cells = pytest.mark.parametrize("cell", ["gru", "gru-reset-before", "lstm", "rnn"])


def leaves(cell: str, directions: int, hidden: int, lengths: list[int] = LENGTHS) -> list[Tensor]:
    """x, initial states and the four weights in double precision, all wanting gradients."""
    random = torch.Generator().manual_seed(0)
    rows, batch = GATES_PER_CELL[cell] * hidden, len(lengths)
    shapes: list[tuple[tuple[int, ...], float]] = [
        ((sum(lengths), 5), 1.0),
        ((directions, batch, STATES_PER_CELL[cell] * hidden), 1.0),
        ((directions, rows, 5), 0.5),
        ((directions, rows, hidden), hidden**-0.5),
        ((directions, rows), 0.5),
        ((directions, rows), 0.5),
    ]
    return [
        (torch.randn(shape, generator=random, dtype=torch.float64) * scale).requires_grad_() for shape, scale in shapes
    ]


def single(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.detach().float().requires_grad_() for tensor in tensors]


def assert_near(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    """Equal to that share of the largest value of each tensor."""
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance * other.abs().max().item())
