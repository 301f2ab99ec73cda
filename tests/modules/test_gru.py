"""The GRU against its equations, against Torch, and against its own padding."""

import pytest
import torch
from torch import Tensor, nn

from grunlp.modules.gru import StackedGRU


def stack(num_layers: int = 2, bidirectional: bool = True, residual: str = "none", dropout: float = 0.0) -> StackedGRU:
    torch.manual_seed(0)
    gru = StackedGRU(5, 4, num_layers, bidirectional, dropout, residual)  # type: ignore[arg-type]
    for bias in gru.parameters():
        if bias.dim() == 1:
            nn.init.uniform_(bias, -0.5, 0.5)  # zero biases would hide a swap
    return gru.double()


def naive_direction(x: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """The four equations of the module's docstring, a step at a time: x (T, I) → (T, H), (H,)."""
    outputs = []
    for step in x:
        (wr, wz, wn), (ur, uz, un) = (w @ step + b).chunk(3), (u @ h).chunk(3)
        cr, cz, cn = c.chunk(3)
        r, z = torch.sigmoid(wr + ur + cr), torch.sigmoid(wz + uz + cz)
        n = torch.tanh(wn + r * (un + cn))
        h = (1 - z) * n + z * h
        outputs.append(h)
    return torch.stack(outputs) if outputs else x.new_zeros(0, len(h)), h


def naive_stack(gru: StackedGRU, x: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One unpadded sequence x (T, I) through all layers."""
    finals = []
    for depth, layer in enumerate(gru.layers):
        parts = []
        for d, suffix in enumerate(("", "_reverse")[: gru.directions]):
            weights = [
                getattr(layer, f"{kind}_l0{suffix}") for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            start = x.new_zeros(gru.hidden_size) if initial is None else initial[depth * gru.directions + d]
            outputs, final = naive_direction(x.flip(0) if suffix else x, *weights, start)
            parts.append(outputs.flip(0) if suffix else outputs)
            finals.append(final)
        above = torch.cat(parts, dim=1)
        if depth and gru.residual == "add":
            above = above + x
        elif depth and gru.residual == "highway":
            gate = torch.sigmoid(gru.gates[depth - 1](x))
            above = gate * above + (1 - gate) * x
        x = above
    return x, torch.stack(finals)


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("residual", ["none", "add", "highway"])
@pytest.mark.parametrize("num_layers", [1, 3])
def test_equals_the_equations_at_every_length(bidirectional: bool, residual: str, num_layers: int) -> None:
    gru = stack(num_layers, bidirectional, residual)
    lengths = torch.tensor([6, 1, 0, 4])
    x = torch.randn(4, 6, 5, dtype=torch.float64)
    initial = torch.randn(num_layers * gru.directions, 4, 4, dtype=torch.float64)
    outputs, finals = gru(x, lengths, initial)
    for b, length in enumerate(lengths.tolist()):
        expected, final = naive_stack(gru, x[b, :length], initial[:, b])
        torch.testing.assert_close(outputs[b, :length], expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(finals[:, b], final, rtol=0, atol=1e-10)
        assert not outputs[b, length:].any()


def test_gradients_equal_the_equations() -> None:
    gru = stack(2, True, "highway")
    lengths = torch.tensor([5, 2])
    x = torch.randn(2, 5, 5, dtype=torch.float64)
    weight = torch.randn(2, 5, 8, dtype=torch.float64)
    (gru(x, lengths)[0] * weight).sum().backward()
    found = [p.grad.clone() for p in gru.parameters() if p.grad is not None]
    gru.zero_grad()
    sum((naive_stack(gru, x[b, :n])[0] * weight[b, :n]).sum() for b, n in enumerate(lengths.tolist())).backward()
    expected = [p.grad for p in gru.parameters()]
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


def test_equals_torch_packed_in_float32() -> None:
    gru = stack(2).float()
    reference = nn.GRU(5, 4, 2, batch_first=True, bidirectional=True)
    for depth, layer in enumerate(gru.layers):
        for name, weight in layer.named_parameters():
            getattr(reference, name.replace("l0", f"l{depth}")).data.copy_(weight)
    x, lengths = torch.randn(3, 7, 5), torch.tensor([7, 3, 5])
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs, finals = reference(packed)
    outputs, _ = nn.utils.rnn.pad_packed_sequence(outputs, batch_first=True)
    mine, states = gru(x, lengths)
    torch.testing.assert_close(mine, outputs, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(states, finals, rtol=1e-5, atol=1e-6)


def test_padding_is_never_seen() -> None:
    gru = stack(2)
    x, lengths = torch.randn(2, 6, 5, dtype=torch.float64), torch.tensor([3, 6])
    outputs, finals = gru(x, lengths)
    x[0, 3:] = float("nan")
    longer = torch.cat([x, torch.full((2, 4, 5), torch.inf, dtype=torch.float64)], dim=1)
    again, states = gru(longer, lengths)
    assert torch.equal(again[:, :6], outputs) and torch.equal(states, finals)


def test_no_gradient_reaches_padding() -> None:
    gru = stack(2)
    x = torch.randn(2, 6, 5, dtype=torch.float64, requires_grad=True)
    gru(x, torch.tensor([3, 6]))[0].sum().backward()
    assert x.grad is not None and not x.grad[0, 3:].any() and x.grad[0, :3].all() and x.grad[1].all()


def test_states_carry_over() -> None:
    gru = stack(2, bidirectional=False)
    x = torch.randn(2, 8, 5, dtype=torch.float64)
    whole, end = gru(x, torch.tensor([8, 8]))
    first, middle = gru(x[:, :3], torch.tensor([3, 3]))
    second, last = gru(x[:, 3:], torch.tensor([5, 5]), middle)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole, rtol=0, atol=1e-12)
    torch.testing.assert_close(last, end, rtol=0, atol=1e-12)


def test_dropout_between_layers_only_and_only_in_training() -> None:
    x, lengths = torch.randn(2, 6, 5, dtype=torch.float64), torch.tensor([6, 6])
    assert torch.equal(stack(1, dropout=0.5)(x, lengths)[0], stack(1)(x, lengths)[0])
    deep = stack(2, dropout=0.5)
    assert not torch.equal(deep(x, lengths)[0], stack(2)(x, lengths)[0])
    assert torch.equal(deep.eval()(x, lengths)[0], stack(2)(x, lengths)[0])


def test_empty_input() -> None:
    gru = stack(2)
    for batch, steps in ((0, 3), (3, 0)):
        x = torch.zeros(batch, steps, 5, dtype=torch.float64)
        outputs, finals = gru(x, torch.zeros(batch, dtype=torch.long))
        assert outputs.shape == (batch, steps, 8) and finals.shape == (4, batch, 4)


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="none, add or highway"):
        stack(2, residual="dense")
    with pytest.raises(ValueError, match="positive"):
        StackedGRU(5, 0, 1, True, 0.0, "none")
    with pytest.raises(ValueError, match="probability"):
        stack(2, dropout=1.0)
