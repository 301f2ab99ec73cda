"""Weights of a recurrent layer: initialization, learned states, options."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.packed_sequence import GATES_PER_CELL, STATES_PER_CELL, PackedBatch
from grunlp.modules.gru import RNNLayer
from grunlp.modules.rnn_weights import RNNLayerOptions

LENGTHS = torch.tensor([6, 2, 4])
SEQUENCES = PackedBatch(LENGTHS, 6)
H = 5
cells = pytest.mark.parametrize("cell", ["gru", "gru-reset-before", "lstm", "rnn"])


def make(cell: str = "gru", directions: int = 2, **options: Any) -> RNNLayer:
    torch.manual_seed(0)
    layer = RNNLayer(cell, 3, H, directions, RNNLayerOptions(**options))
    for name, parameter in layer.named_parameters():
        if name in ("bias_hh", "gains", "initial"):
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    return layer.double()


def inputs() -> Tensor:
    return torch.linspace(-2, 2, 36, dtype=torch.float64).view(12, 3)


def run(layer: RNNLayer, seed: int = 3, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    found: tuple[Tensor, Tensor] = layer(inputs(), SEQUENCES, initial)
    return found


def test_weight_dropout_drops_weights_in_training_alone() -> None:
    layer, same = make(weight_dropout=0.5), make()
    found = run(layer)[0]
    torch.manual_seed(3)
    with torch.no_grad():
        same.weight_hh.copy_(functional.dropout(layer.weight_hh, 0.5, True))
    torch.testing.assert_close(found, run(same)[0])
    assert torch.equal(run(layer.eval())[0], run(make().eval())[0])


@cells
def test_a_learned_state_starts_every_sequence_unless_one_is_given(cell: str) -> None:
    layer = make(cell, initial_state="learned")
    states, _ = run(layer)
    assert layer.initial is not None
    same = layer.initial[:, None].expand(-1, 3, -1)
    torch.testing.assert_close(states, run(layer, initial=same)[0])
    zero = run(make(cell), initial=torch.zeros(2, 3, STATES_PER_CELL[cell] * H, dtype=torch.float64))[0]
    assert (states - zero).abs().amax(1).min() > 1e-6, "of every token"
    states.sum().backward()
    assert layer.initial.grad is not None and layer.initial.grad.all()


@cells
def test_recurrent_weights_are_initialized_gate_by_gate(cell: str) -> None:
    layer = RNNLayer(cell, 3, H, 2, RNNLayerOptions(initial_state="learned"))
    for block in layer.weight_hh.detach().view(2 * GATES_PER_CELL[cell], H, H):
        torch.testing.assert_close(block @ block.T, torch.eye(H))
    assert layer.initial is not None and not layer.initial.any() and not layer.bias_ih.any() and not layer.bias_hh.any()
    glorot = RNNLayer(cell, 3, 64, 2, RNNLayerOptions(layer_norm=True, init="glorot"))
    assert glorot.weight_hh.abs().max() <= (6 / 128) ** 0.5 < 1.05 * glorot.weight_hh.abs().max()
    assert glorot.gains is not None and (glorot.gains == 1).all()


@pytest.mark.parametrize("cell", ["gru", "gru-reset-before", "lstm"])
def test_forget_bias_keeps_the_state(cell: str) -> None:
    start = torch.full((2, 3, STATES_PER_CELL[cell] * H), 1000.0, dtype=torch.float64)
    layer = make(cell, forget_bias=50.0)
    torch.nn.init.zeros_(layer.weight_hh)  # so large a state would close the gate
    _, final = run(layer, initial=start)
    part = slice(H, None) if cell == "lstm" else slice(None)  # an LSTM's memory, to which a step adds at most 1
    torch.testing.assert_close(final[..., part], start[..., part], rtol=0.007, atol=0)
    assert layer.bias_ih.count_nonzero() == 2 * H


def test_wrong_options_are_refused() -> None:
    for name in ("recurrent_dropout", "zoneout", "weight_dropout"):
        with pytest.raises(ValueError, match=rf"{name} must be a probability in \[0, 1\), got 1.0"):
            make(**{name: 1.0})
    with pytest.raises(ValueError, match="initial_state must be zero or learned, got 'random'"):
        make(initial_state="random")
    with pytest.raises(ValueError, match="init must be orthogonal or glorot, got 'normal'"):
        make(init="normal")
