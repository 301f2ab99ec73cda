"""Every option of a recurrent layer: what it computes, that it has an effect, and which values are refused."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.loader import log_once
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


def naive(
    layer: RNNLayer, product: Callable[[Tensor, int], Tensor], after: Callable[[Tensor, Tensor], Tensor]
) -> Tensor:
    """A GRU of one direction over each sequence alone; `after` changes each new state."""
    found = []
    w, b = layer.weight_ih[0], layer.bias_ih[0]
    for row, (start, end) in enumerate(zip(SEQUENCES.offsets[:-1], SEQUENCES.offsets[1:], strict=True)):
        h = torch.zeros(H, dtype=torch.float64)
        for x in inputs()[start:end]:
            share = w @ x
            if layer.gains is not None:
                share = normalized(share) * layer.gains[0, 0]
            (xr, xz, xn), (ur, uz, un) = (share + b).chunk(3), product(h, row).chunk(3)
            r, z = torch.sigmoid(xr + ur), torch.sigmoid(xz + uz)
            h = after(h, (1 - z) * torch.tanh(xn + r * un) + z * h)
            found.append(h)
    return torch.stack(found)


def normalized(x: Tensor) -> Tensor:
    return torch.cat([functional.layer_norm(block, (H,)) for block in x.split(H)])


def plain(layer: RNNLayer) -> Callable[[Tensor, int], Tensor]:
    return lambda h, row: layer.weight_hh[0] @ h + layer.bias_hh[0]


def test_layer_norm_is_of_each_gate_alone() -> None:
    layer = make(directions=1, layer_norm=True)
    assert layer.gains is not None
    gain = layer.gains[0, 1]
    expected = naive(
        layer, lambda h, row: normalized(layer.weight_hh[0] @ h) * gain + layer.bias_hh[0], lambda old, new: new
    )
    torch.testing.assert_close(run(layer)[0], expected, rtol=0, atol=1e-12)


def test_recurrent_dropout_leaves_out_the_same_units_at_all_steps() -> None:
    layer = make(directions=1, recurrent_dropout=0.4)
    found = run(layer)[0]
    torch.manual_seed(3)
    factors = torch.empty(3, H, dtype=torch.float64).bernoulli_(0.6) / 0.6  # (B, H), drawn once
    expected = naive(
        layer, lambda h, row: layer.weight_hh[0] @ (h * factors[row]) + layer.bias_hh[0], lambda old, new: new
    )
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert torch.equal(run(layer.eval())[0], run(make(directions=1).eval())[0])


def test_zoneout_takes_the_expectation_in_evaluation() -> None:
    layer = make(directions=1, zoneout=0.3).eval()
    expected = naive(layer, plain(layer), lambda old, new: 0.3 * old + 0.7 * new)
    torch.testing.assert_close(run(layer)[0], expected, rtol=0, atol=1e-12)


def test_zoneout_keeps_units_in_training() -> None:
    layer = make(directions=1, zoneout=0.3)
    kept = steps = 0
    for seed in range(300):
        states = run(layer, seed)[0]
        within = states[1:6] == states[:5]  # the first sequence
        kept, steps = kept + int(within.sum()), steps + within.numel()
    assert kept / steps == pytest.approx(0.3, abs=0.02)


def test_weight_drop_leaves_out_weights_in_training_alone() -> None:
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
def test_starts(cell: str) -> None:
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


@pytest.mark.parametrize(
    "change",
    [
        {"recurrent_dropout": 0.3},
        {"zoneout": 0.3},
        {"weight_dropout": 0.3},
        {"layer_norm": True},
        {"initial_state": "learned"},
        {"init": "glorot"},
        {"forget_bias": 1.0},
    ],
    ids=str,
)
@cells
def test_every_option_has_an_effect_and_reaches_every_weight(cell: str, change: dict[str, Any]) -> None:
    if cell == "rnn" and "forget_bias" in change:
        with pytest.raises(ValueError, match="forget_bias has no effect on cell=rnn"):
            make(cell, **change)
        return
    layer = make(cell, **change)
    states, final = run(layer)
    assert not torch.allclose(states, run(make(cell))[0])
    (states.sum() + final.sum()).backward()
    without = [name for name, p in layer.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_the_log_names_what_makes_it_slow(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_once.cache_clear()
    for _ in range(2):
        run(make(zoneout=0.1, layer_norm=True))
    assert caplog.messages == ["recurrence: PyTorch step by step, because of zoneout, layer_norm"]


def test_wrong_options_are_refused() -> None:
    for name in ("recurrent_dropout", "zoneout", "weight_dropout"):
        with pytest.raises(ValueError, match=rf"{name} must be a probability in \[0, 1\), got 1.0"):
            make(**{name: 1.0})
    with pytest.raises(ValueError, match="initial_state must be zero or learned, got 'random'"):
        make(initial_state="random")
    with pytest.raises(ValueError, match="init must be orthogonal or glorot, got 'normal'"):
        make(init="normal")
