"""The GRU against its equations, against Torch, and against its own padding."""

import pytest
import torch
from torch import Tensor, nn

from grunlp.modules.gru import StackedGRU, gru_step
from grunlp.modules.options import Cell
from grunlp.modules.rnn_weights import RNNLayerOptions
from tests.modules.naive_rnn import NAIVE, naive_stack


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
@pytest.mark.parametrize("residual", ["none", "add", "highway"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("cell", NAIVE)
def test_equals_the_equations_at_every_length(cell: str, bidirectional: bool, residual: str, num_layers: int) -> None:
    gru = stack(num_layers, bidirectional, residual, cell=cell)
    lengths = torch.tensor([6, 1, 0, 4])
    x = torch.randn(4, 6, 5, dtype=torch.float64)
    initial = torch.randn(num_layers * gru.directions, 4, gru.state_size, dtype=torch.float64)
    outputs, finals = gru(x, lengths, initial)
    for b, length in enumerate(lengths.tolist()):
        expected, final = naive_stack(gru, x[b, :length], initial[:, b])
        torch.testing.assert_close(outputs[b, :length], expected, rtol=0, atol=1e-10)
        torch.testing.assert_close(finals[:, b], final, rtol=0, atol=1e-10)
        assert not outputs[b, length:].any()


@pytest.mark.parametrize("cell", NAIVE)
def test_gradients_equal_the_equations(cell: str) -> None:
    gru = stack(2, True, "highway", cell=cell)
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
            for suffix, direction in zip(("", "_reverse"), weight, strict=True):
                getattr(reference, f"{name}_l{depth}{suffix}").data.copy_(direction)
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
    with pytest.raises(ValueError, match="one of none, add, highway"):
        stack(2, residual="dense")
    with pytest.raises(ValueError, match="gru, gru-reset-before, lstm, rnn, mingru, got 'elman'"):
        stack(2, cell="elman")
    with pytest.raises(ValueError, match=r"cell=mingru has no recurrent weights and does not support zoneout$"):
        StackedGRU(5, 4, 1, True, 0.0, "none", "mingru", options=RNNLayerOptions(zoneout=0.1))
    options = RNNLayerOptions(
        recurrent_dropout=0.1, weight_dropout=0.1, layer_norm=True, init="glorot", forget_bias=1.0
    )
    with pytest.raises(ValueError, match=r"support recurrent_dropout, weight_dropout, layer_norm, init, forget_bias$"):
        StackedGRU(5, 4, 1, True, 0.0, "none", "mingru", options=options)
    with pytest.raises(ValueError, match="positive"):
        StackedGRU(5, 0, 1, True, 0.0, "none")
    with pytest.raises(ValueError, match="probability"):
        stack(2, dropout=1.0)


def test_what_does_not_fit_is_refused() -> None:
    gru, x = stack(1), torch.randn(2, 6, 5, dtype=torch.float64)
    with pytest.raises(ValueError, match=r"from 0 to the 6 steps of the input, got \[7, 1\]"):
        gru(x, torch.tensor([7, 1]))
    with pytest.raises(ValueError, match="integers"):
        gru(x, torch.tensor([2.0, 1.0]))
    with pytest.raises(ValueError, match="2 sequences, but there are 3 lengths"):
        gru(x, torch.tensor([1, 2, 3]))
    with pytest.raises(ValueError, match=r"shape \(2, 2, 4\), got \(2, 1, 4\)"):
        gru(x, torch.tensor([6, 1]), torch.zeros(2, 1, 4))


def test_plain_dropout_draws_anew_at_every_step() -> None:
    x, lengths = torch.ones(1, 50, 5, dtype=torch.float64), torch.tensor([50])
    deep = StackedGRU(5, 4, 2, True, 0.5, "none", variational_dropout=False).double()
    seen: list[Tensor] = []
    deep.layers[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0] == 0))
    deep(x, lengths)
    dropped = seen[0]  # (N, 8)
    assert 0.3 < dropped.double().mean() < 0.7 and not (dropped == dropped[0]).all(0).any()
    assert not torch.equal(deep(x, lengths)[0], deep(x, lengths)[0])
    assert torch.equal(deep.eval()(x, lengths)[0], deep(x, lengths)[0])


def test_gru_step_and_the_number_of_weights() -> None:
    gru = stack(1, bidirectional=False)
    (layer,) = gru.layers
    (weight_ih, weight_hh, bias_ih, bias_hh) = (weight[0] for weight in layer.layer_weights())
    x, h = torch.randn(3, 6, 5, dtype=torch.float64), torch.zeros(3, 4, dtype=torch.float64)
    outputs, _ = gru(x, torch.tensor([6, 6, 6]))
    for t in range(6):
        h = gru_step(x[:, t] @ weight_ih.T + bias_ih, h, lambda h, first, count: h @ weight_hh.T + bias_hh)
        torch.testing.assert_close(outputs[:, t], h, rtol=0, atol=1e-12)
    for layers, directions in ((1, 1), (1, 2), (3, 2)):
        count = sum(p.numel() for p in stack(layers, directions == 2).parameters())
        assert count == 3 * directions * ((5 + (layers - 1) * directions * 4) * 4 + layers * (4 * 4 + 2 * 4))


def test_halved_weights_predict_nearly_the_same() -> None:
    torch.manual_seed(0)
    x, lengths = torch.randn(3, 20, 8), torch.tensor([20, 1, 11])
    gru = StackedGRU(8, 64, 2, True, 0.0, "none").eval()
    with torch.no_grad():
        expected = gru(x, lengths)[0]
        before = sum(p.numel() * p.element_size() for p in gru.parameters())
        found = gru.to_bfloat16_weights()(x, lengths)[0]
    saved = 2 * sum(layer.weight_hh.numel() + layer.weight_ih.numel() for layer in gru.layers)
    assert before - sum(p.numel() * p.element_size() for p in gru.parameters()) == saved
    assert 1e-5 < (found - expected).abs().max() < 5e-3
    again = StackedGRU(8, 64, 2, True, 0.0, "none").eval()
    again.load_state_dict(gru.state_dict())
    with torch.no_grad():
        assert torch.equal(again(x, lengths)[0], found)
    with pytest.raises(ValueError, match="cell=mingru has no recurrent weights"):
        StackedGRU(8, 4, 1, False, 0.0, "none", "mingru").to_bfloat16_weights()


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm", "mingru"])
def test_export_gives_a_program_for_any_batch(cell: Cell) -> None:
    torch.manual_seed(0)
    gru = StackedGRU(4, 5, 2, True, 0.1, "add", cell).eval()
    batch, steps = torch.export.Dim("batch"), torch.export.Dim("steps")
    with torch.no_grad():
        example = (torch.randn(3, 6, 4), torch.tensor([6, 2, 4]))
        shapes = ({0: batch, 1: steps}, {0: batch})
        program = torch.export.export(gru, example, dynamic_shapes=shapes, strict=False).module()
        for lengths, padded in (([6, 2, 4], 6), ([1, 2, 7, 3], 9), ([5, 5], 5)):
            x = torch.randn(len(lengths), padded, 4)
            for found, expected in zip(program(x, torch.tensor(lengths)), gru(x, torch.tensor(lengths)), strict=True):
                torch.testing.assert_close(found, expected)


@pytest.mark.slow
def test_compile_changes_nothing() -> None:
    torch.manual_seed(0)
    gru = StackedGRU(4, 5, 2, True, 0.0, "add")
    compiled = torch.compile(gru, backend="aot_eager")
    x, lengths = torch.randn(3, 6, 4), torch.tensor([6, 2, 4])
    found, expected = (
        [outputs, *torch.autograd.grad(outputs.square().sum(), list(gru.parameters()))]
        for outputs in (compiled(x, lengths)[0], gru(x, lengths)[0])
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU with CUDA")
@pytest.mark.parametrize("cell", ["gru", "gru-reset-before", "lstm", "rnn", "mingru"])
def test_a_gpu_computes_the_same(cell: Cell) -> None:
    torch.manual_seed(0)
    x, lengths = torch.randn(4, 9, 5), torch.tensor([9, 0, 3, 6])
    gru = StackedGRU(5, 16, 2, True, 0.0, "add", cell)
    expected = gru(x, lengths)
    gradients = torch.autograd.grad(expected[0].square().sum(), list(gru.parameters()))
    gru.cuda()
    found = gru(x.cuda(), lengths.cuda())
    on_gpu = torch.autograd.grad(found[0].square().sum(), list(gru.parameters()))
    for one, other in zip((*found, *on_gpu), (*expected, *gradients), strict=True):
        torch.testing.assert_close(one.cpu(), other, rtol=1e-3, atol=1e-4)
