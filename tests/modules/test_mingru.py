"""The minimal GRU: parallel scan and compiled recurrence give the same states."""

import pytest
import torch
from torch import nn

from grunlp.modules.gru import StackedGRU
from tests.modules.naive_rnn import naive_stack


def stack(
    num_layers: int = 2, bidirectional: bool = True, residual: str = "none", dropout: float = 0.0, cell: str = "gru"
) -> StackedGRU:
    torch.manual_seed(0)
    gru = StackedGRU(5, 4, num_layers, bidirectional, dropout, residual, cell)  # type: ignore[arg-type]
    for name, bias in gru.named_parameters():
        if "bias" in name:
            nn.init.uniform_(bias, -0.5, 0.5)  # zero biases would hide a swap
    return gru.double()


@pytest.mark.parametrize("bidirectional", [True, False])
def test_scan_over_many_chunks_equals_the_equations(bidirectional: bool) -> None:
    """In single precision too, where a sum over all steps at once would have lost its digits."""
    gru = stack(1, bidirectional, cell="mingru")
    lengths = torch.tensor([700, 65, 64, 1, 0])
    x = torch.randn(5, 700, 5, dtype=torch.float64)
    outputs, finals = gru(x, lengths)
    single, _ = gru.float()(x.float(), lengths)
    torch.testing.assert_close(single.double(), outputs, rtol=1e-4, atol=1e-5)
    gru.double()
    for b, length in enumerate(lengths.tolist()):
        expected, final = naive_stack(gru, x[b, :length])
        torch.testing.assert_close(outputs[b, :length], expected, rtol=1e-4, atol=1e-5)  # weights were single once
        torch.testing.assert_close(finals[:, b], final, rtol=1e-4, atol=1e-5)
