"""The compiled recurrence against a step at a time in double precision; neighbours and threads change nothing."""

import copy
import logging
import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from grunlp.kernels.custom_ops import pack_matrix, pack_weights
from grunlp.kernels.loader import log_once
from grunlp.kernels.loader import run as library_run
from grunlp.kernels.packed_sequence import LayerWeights, PackedBatch
from grunlp.kernels.rnn import PackedWeightCache, compiled_mingru
from grunlp.modules.gru import STEPS, RNNLayer
from grunlp.modules.mingru import MinGRULayer
from grunlp.modules.rnn_weights import DEFAULT_OPTIONS, RNNLayerOptions
from grunlp.modules.unrolled_rnn import unrolled_rnn
from tests.kernels.random_layers import LENGTHS, assert_near, cells, leaves, single


def rnn_layer(
    cell: str,
    x: Tensor,
    batch: PackedBatch,
    initial_state: Tensor,
    weights: LayerWeights,
    packed_weights: PackedWeightCache | None = None,
) -> tuple[Tensor, Tensor]:
    """A layer with these weights, by the implementation that it chooses."""
    directions, _, hidden_size = weights.weight_hh.shape
    layer = RNNLayer(cell, weights.weight_ih.shape[2], hidden_size, directions, DEFAULT_OPTIONS)
    for name, weight in weights._asdict().items():
        delattr(layer, name)  # a parameter, which a plain tensor cannot replace
        setattr(layer, name, weight)
    layer._packed_weights = packed_weights or PackedWeightCache()
    states, final_state = layer(x, batch, initial_state)
    return states, final_state


def unrolled(
    cell: str, x: Tensor, batch: PackedBatch, initial_state: Tensor, weights: LayerWeights
) -> tuple[Tensor, Tensor]:
    """The same step by step."""
    return unrolled_rnn(STEPS[cell], x, batch, initial_state, weights)


def run(function: object, cell: str, tensors: list[Tensor], lengths: list[int] = LENGTHS) -> tuple[Tensor, Tensor]:
    x, initial, *weights = tensors
    batch = PackedBatch(torch.tensor(lengths), max(lengths))
    return function(cell, x, batch, initial, LayerWeights(*weights))  # type: ignore[operator, no-any-return]


def layer(cell: str, tensors: list[Tensor]) -> Tensor:
    return torch.cat([part.flatten() for part in run(rnn_layer, cell, tensors)])


def with_gradients(function: object, cell: str, tensors: list[Tensor]) -> list[Tensor]:
    states, final = run(function, cell, tensors)
    weights = [torch.linspace(-1, 2, part.numel(), dtype=part.dtype).view_as(part) for part in (states, final)]
    total = (states * weights[0]).sum() + (final * weights[1]).sum()
    return [states, final, *torch.autograd.grad(total, tensors)]


# 1 and 5: less than a vector; 16, 24, 40, 64: vectors that leave 1, 2 or no column beside panels of three; 37: a part
@pytest.mark.parametrize("hidden", [1, 5, 16, 24, 37, 40, 64])
@pytest.mark.parametrize("directions", [1, 2])
@cells
def test_outputs_and_all_gradients_equal_the_equations(compiled: str, cell: str, directions: int, hidden: int) -> None:
    doubles = leaves(cell, directions, hidden)
    found = with_gradients(rnn_layer, cell, single(doubles))
    assert found[0].dtype == torch.float32
    assert_near(found, with_gradients(unrolled, cell, doubles), 1e-5)


@pytest.mark.parametrize("directions", [1, 2])
@cells
def test_torch_packed_equals_the_equations(cell: str, directions: int) -> None:
    """Double precision never takes the compiled way."""
    doubles = leaves(cell, directions, 6)
    expected = with_gradients(unrolled, cell, doubles)
    assert_near(with_gradients(rnn_layer, cell, doubles), expected, 1e-12)


@cells
def test_switched_off_it_is_torch(off: str, cell: str) -> None:
    doubles = leaves(cell, 2, 16)
    expected = with_gradients(unrolled, cell, doubles)
    assert_near(with_gradients(rnn_layer, cell, single(doubles)), expected, 1e-5)


def test_what_half_precision_comes_back_as(off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU, autocast lets cuDNN compute in half precision from states that are in single."""
    whole = torch.gru
    monkeypatch.setattr(torch, "gru", lambda *given: tuple(part.half() for part in whole(*given)))
    states, final = run(rnn_layer, "gru", single(leaves("gru", 2, 8)))
    assert states.dtype == torch.float16 and final.dtype == torch.float32


def recurrent(u: Tensor) -> LayerWeights:
    return LayerWeights(torch.ones(2, 24, 3), u, torch.zeros(2, 24), torch.zeros(2, 24))


def test_a_copy_packs_its_own(best: None) -> None:
    cache = PackedWeightCache()
    with torch.no_grad():
        cache.get("gru", recurrent(torch.randn(2, 24, 8)))
    assert cache._cached is not None
    assert pickle.loads(pickle.dumps(cache))._cached is None and copy.deepcopy(cache)._cached is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@cells
def test_nan_and_infinity_pass_as_in_torch(compiled: str, cell: str, value: float) -> None:
    tensors = single(leaves(cell, 1, 16))
    with torch.no_grad():
        tensors[0][3, 2] = value
        tensors[1][0, 1, 4] = value
    expected = layer(cell, [tensor.double() for tensor in tensors]).float()
    torch.testing.assert_close(layer(cell, tensors), expected, equal_nan=True, rtol=1e-4, atol=1e-5)


@cells
def test_the_same_with_and_without_gradients(compiled: str, cell: str) -> None:
    """Products with the input are the library's in training, ours in prediction."""
    tensors = single(leaves(cell, 2, 24))
    with torch.no_grad():
        alone = layer(cell, tensors)
    assert_near([layer(cell, tensors)], [alone.double()], 1e-6)


@pytest.mark.parametrize("hidden", [5, 24, 37, 64])
@cells
def test_bfloat16_weights_are_read_exactly(compiled: str, cell: str, hidden: int) -> None:
    """To the bit as the same values in float32: only the weights are rounded, by Torch."""
    x, initial, w, u, b, c = (tensor.detach() for tensor in single(leaves(cell, 2, hidden)))
    half, w = u.bfloat16(), w.bfloat16()
    assert pack_weights(cell, half, False).dtype == torch.bfloat16
    expected = run(rnn_layer, cell, [x, initial, w.float(), half.float(), b, c])
    assert all(map(torch.equal, run(rnn_layer, cell, [x, initial, w, half, b, c]), expected))
    learning = run(rnn_layer, cell, [x, initial, w, half.requires_grad_(), b, c])
    assert_near(list(learning), [part.double() for part in expected], 1e-6)
    learning[0].sum().backward()
    single_u = half.detach().float().requires_grad_()
    run(rnn_layer, cell, [x, initial, w.float(), single_u, b, c])[0].sum().backward()
    assert half.grad is not None and single_u.grad is not None
    assert torch.equal(half.grad, single_u.grad.bfloat16())


@cells
def test_bfloat16_weights_without_the_compiled_recurrence(off: str, cell: str) -> None:
    tensors = [tensor.detach() for tensor in single(leaves(cell, 2, 8))]
    tensors[2:4] = [tensor.bfloat16() for tensor in tensors[2:4]]
    expected = run(unrolled, cell, [tensor.double() for tensor in tensors])
    assert_near(list(run(rnn_layer, cell, tensors)), list(expected), 1e-5)


def test_the_log_names_what_torch_does(compiled: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_once.cache_clear()
    for _ in range(2):
        run(rnn_layer, "gru-reset-before", leaves("gru-reset-before", 1, 4))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            run(rnn_layer, "gru", single(leaves("gru", 1, 4)))
    assert [message for message in caplog.messages if "compiled" not in message] == [
        "recurrence: PyTorch, because of float64",
        "recurrence: PyTorch step by step, because of gru-reset-before",
        "recurrence: PyTorch, because of autocast",
    ]


@pytest.mark.parametrize("threads", [1, 2])
def test_too_little_memory_is_an_error(compiled: str, threads: int) -> None:
    offsets, order = torch.tensor([0, 0, 0]), torch.tensor([0, 1])
    none = (None,) * 7
    with pytest.raises(MemoryError, match="grunlp_forward: not enough memory"):
        library_run("grunlp_forward", 3, threads, 2, 2, 2**50, 0, offsets, order, *none)
    with pytest.raises(MemoryError, match="grunlp_backward: not enough memory"):
        library_run("grunlp_backward", 3, threads, 2, 2, 2**50, offsets, order, *none, None, None)


def test_weights_are_packed_once_until_they_change(compiled: str) -> None:
    cache, weights = PackedWeightCache(), recurrent(torch.randn(2, 24, 8, requires_grad=True))
    w, u, *_ = weights

    def packed() -> tuple[Tensor, Tensor]:
        found = cache.get("gru", weights)
        assert torch.equal(found[0], pack_matrix(w.flatten(0, 1))) and torch.equal(
            found[1], pack_weights("gru", u, False)
        )
        return found

    with torch.no_grad():
        first = packed()
        assert packed() is first
        u[1, 3, 5] += 1
        second = packed()
        assert packed() is second is not first
        w[1, 20, 2] += 1
        assert packed() is packed() is not second
        third = packed()
        u.data.mul_(0.5)
        assert packed() is packed() is not third
        third = packed()
        u.data[:, :, 7] += 1  # a column alone
        assert packed() is packed() is not third
        other = recurrent(u.clone())
        assert cache.get("gru", other) is not packed()
        with torch.inference_mode():
            assert cache.get("gru", other) is cache.get("gru", other)
    assert packed() is not packed(), "with gradients they may change under way"


def test_biases_are_read_each_time(compiled: str) -> None:
    x, initial, w, u, b, c = (tensor.detach() for tensor in single(leaves("gru", 2, 8)))
    cache, sequences = PackedWeightCache(), PackedBatch(torch.tensor(LENGTHS), 12)
    first, _ = rnn_layer("gru", x, sequences, initial, LayerWeights(w, u, b, c), cache)
    b.data.fill_(3)
    second, _ = rnn_layer("gru", x, sequences, initial, LayerWeights(w, u, b, c), cache)
    assert not torch.equal(first, second)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@pytest.mark.parametrize("learning", [False, True])
@pytest.mark.parametrize("place", [0, 1, 2, 4], ids=["initial", "w", "u", "c"])
def test_other_types_are_refused(compiled: str, place: int, learning: bool, dtype: torch.dtype) -> None:
    tensors = [tensor.requires_grad_(learning) for tensor in single(leaves("gru", 2, 8))]
    tensors[place + 1] = tensors[place + 1].detach().to(dtype)
    with pytest.raises((TypeError, RuntimeError), match=r"float16|Half|float64|[dD]ouble"):
        run(rnn_layer, "gru", tensors)


@cells
def test_no_sequences_and_none_with_tokens(cell: str) -> None:
    x, initial, *weights = single(leaves(cell, 2, 8))
    for batch in (0, 2):
        sequences = PackedBatch(torch.zeros(batch, dtype=torch.long), 3)
        given = (cell, x[:0], sequences, initial[:, :batch], LayerWeights(*weights), PackedWeightCache())
        states, final = rnn_layer(*given)
        assert states.shape == (0, 16) and torch.equal(final, initial[:, :batch])


@pytest.mark.parametrize("hidden", [1, 5, 16, 37])
@pytest.mark.parametrize("directions", [1, 2])
def test_minimal_gru_equals_its_scan(compiled: str, directions: int, hidden: int) -> None:
    """In double precision the layer scans in log space, in single it is compiled."""
    torch.manual_seed(0)
    lengths = torch.tensor([70, 3, 0, 12, 1, 150, 5])
    layer = MinGRULayer(5, hidden, directions, RNNLayerOptions(initial_state="learned")).double()
    assert layer.initial is not None
    torch.nn.init.uniform_(layer.initial)
    x = torch.randn(int(lengths.sum()), 5, dtype=torch.float64) * 3

    def results(layer: MinGRULayer, x: Tensor) -> list[Tensor]:
        x = x.requires_grad_()
        states, final = layer(x, PackedBatch(lengths, 150), None)
        total = (states * torch.linspace(-1, 2, states.numel()).view_as(states)).sum() + final.sin().sum()
        return [states, final, *torch.autograd.grad(total, [x, *layer.parameters()])]

    expected = results(layer, x)
    found = results(copy.deepcopy(layer).float(), x.detach().float())
    assert found[0].dtype == torch.float32
    assert_near(found, expected, 1e-5)


def test_threads_change_no_bit_of_a_minimal_gru(compiled: str) -> None:
    lengths = torch.tensor([5, 1, 8, 8, 0, 3])
    sequences, initial = PackedBatch(lengths, 8), torch.randn(2, 6, 20)
    shares, before = torch.randn(25, 2 * 2 * 20, requires_grad=True), torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            states, final = compiled_mingru(shares, sequences, initial)
            results.append([states, final, *torch.autograd.grad(states.square().sum() + final.sum(), shares)])
    finally:
        torch.set_num_threads(before)
    for other in results[1:]:
        assert all(map(torch.equal, results[0], other))


def test_two_python_threads_at_once(compiled: str, two_threads: None) -> None:
    x, initial, *weights = (tensor.detach() for tensor in single(leaves("gru", 2, 24)))
    cache, sequences = PackedWeightCache(), PackedBatch(torch.tensor(LENGTHS), 12)

    def states(_: int) -> Tensor:
        torch.set_num_threads(2)
        with torch.no_grad():
            return rnn_layer("gru", x, sequences, initial, LayerWeights(*weights), cache)[0]

    expected = states(0)
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(found, expected) for found in pool.map(states, range(40)))
