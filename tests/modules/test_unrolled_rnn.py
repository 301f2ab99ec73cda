"""The recurrence step by step: regularization within steps."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from grunlp.kernels.loader import log_once
from grunlp.kernels.packed_sequence import PackedBatch
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
