"""The compiled recurrence against a step at a time in double precision; neighbours and threads change nothing."""

import copy
import logging
import math
import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from grunlp.kernels.custom_ops import backward, forward, linear, pack_matrix, pack_weights
from grunlp.kernels.loader import load_library, log_once
from grunlp.kernels.loader import run as library_run
from grunlp.kernels.packed_sequence import GATES_PER_CELL, STATES_PER_CELL, LayerWeights, PackedBatch
from grunlp.kernels.rnn import PackedWeightCache, compiled_mingru
from grunlp.modules.gru import STEPS, RNNLayer
from grunlp.modules.mingru import MinGRULayer
from grunlp.modules.rnn_weights import DEFAULT_OPTIONS, RNNLayerOptions
from grunlp.modules.unrolled_rnn import unrolled_rnn

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


def assert_near(found: list[Tensor], expected: list[Tensor], tolerance: float) -> None:
    """Equal to that share of the largest value of each tensor."""
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=0, atol=tolerance * other.abs().max().item())


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


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 9, 17])
@cells
def test_neighbours_and_threads_change_no_bit(compiled: str, cell: str, count: int) -> None:
    """Forward and backward: every tile shape, alone and together, on 1, 2, 3 and 4 threads."""
    lengths = [(5 * i) % 8 + 1 for i in range(count)]
    x, initial, _, u, _, c = (tensor.detach() for tensor in single(leaves(cell, 2, 24, lengths)))
    random = torch.Generator().manual_seed(1)
    shares, grad = (torch.randn(len(x), size, generator=random) for size in (2 * GATES_PER_CELL[cell] * 24, 2 * 24))

    def both_passes(rows: list[int], shares: Tensor, grad: Tensor) -> list[Tensor]:
        sequences = PackedBatch(torch.tensor([lengths[i] for i in rows]), 8)
        places, start = (sequences.offsets, sequences.sorted_indices), initial[:, rows]
        bias = c[:, 48:] if cell == "gru" else None
        states, final, kept = forward(cell, shares, u, pack_weights(cell, u, False), bias, start, *places, True)
        grad_x, grad_initial, _ = backward(cell, grad, final, states, kept, u, start, *places)
        return [states, kept, grad_x, final, grad_initial]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = both_passes(list(range(count)), shares, grad)
        for threads in (2, 3, 4):
            torch.set_num_threads(threads)
            assert all(map(torch.equal, both_passes(list(range(count)), shares, grad), expected)), threads
    finally:
        torch.set_num_threads(before)
    start = 0
    for i, length in enumerate(lengths):
        mine = slice(start, start := start + length)
        alone = both_passes([i], shares[mine], grad[mine])
        assert all(torch.equal(one, whole[mine]) for one, whole in zip(alone[:3], expected[:3], strict=True))
        assert all(torch.equal(one[:, 0], whole[:, i]) for one, whole in zip(alone[3:], expected[3:], strict=True))


def test_gates_are_good_to_the_last_bits(compiled: str) -> None:
    """Gate and candidate of one unit without recurrence: the sigmoid and tanh of x, in ulps of the result."""
    x = torch.cat([torch.linspace(-20, 20, 40001), torch.logspace(-30, 1.3, 2000), -torch.logspace(-30, 1.3, 2000)])
    shares = x[:, None].expand(-1, 3).contiguous()
    sequences = PackedBatch(torch.ones(len(x), dtype=torch.long), 1)
    zeros = torch.zeros(1, len(x), 1)
    places = (sequences.offsets, sequences.sorted_indices)
    u = torch.zeros(1, 3, 1)
    *_, kept = forward("gru", shares, u, pack_weights("gru", u, False), torch.zeros(1, 1), zeros, *places, True)
    for found, exact in ((kept[:, 0, 0], torch.sigmoid(x.double())), (kept[:, 0, 2], torch.tanh(x.double()))):
        ulp = torch.from_numpy(np.spacing(exact.abs().float().numpy())).double()
        assert ((found.double() - exact).abs() / ulp).max() <= 2.5


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("count", "size", "columns"), [(1, 1, 1), (3, 7, 5), (70, 33, 200), (130, 64, 389), (25, 8, 192)]
)
def test_affine(compiled: str, count: int, size: int, columns: int, dtype: torch.dtype) -> None:
    """Every row alone gives the same bits, on any number of threads."""
    torch.manual_seed(0)
    x, w, bias = torch.randn(count, size), torch.randn(columns, size).to(dtype), torch.randn(columns)
    packed, before, results = pack_matrix(w), torch.get_num_threads(), []
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            results.append(linear(x, packed, bias))
    finally:
        torch.set_num_threads(before)
    assert_near(results[:1], [x.double() @ w.double().T + bias], 1e-6)
    results.append(torch.cat([linear(row[None], packed, bias) for row in x]))
    assert all(torch.equal(results[0], other) for other in results[1:])


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


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_torch_knows_the_operators(best: None, cell: str) -> None:
    x, initial, _, u, _, c = single(leaves(cell, 2, 8))
    sequences = PackedBatch(torch.tensor(LENGTHS), 12)
    places = (sequences.offsets, sequences.sorted_indices)
    shares = torch.randn(len(x), 2 * GATES_PER_CELL[cell] * 8, requires_grad=True)
    bias = c[:, 16:].detach().requires_grad_() if cell == "gru" else None
    packed = pack_weights(cell, u, False).detach()
    torch.library.opcheck(pack_weights, (cell, u.detach(), True))
    w = torch.randn(9, 5)
    torch.library.opcheck(pack_matrix, (w,))
    torch.library.opcheck(linear, (x.detach(), pack_matrix(w), torch.randn(9)))
    torch.library.opcheck(forward, (cell, shares, u, packed, bias, initial, *places, True))
    with torch.no_grad():
        states, final, kept = forward(cell, shares, u, packed, bias, initial, *places, True)
    given = (torch.randn_like(states), torch.randn_like(final), states, kept, u.detach(), initial.detach(), *places)
    torch.library.opcheck(backward, (cell, *given))


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


@pytest.mark.parametrize("loaded_before", [True, False])
def test_after_a_fork(compiled: str, two_threads: None, loaded_before: bool) -> None:
    """As a worker of a DataLoader does; only the operator runs there, for Torch's own threads do not outlive a fork."""
    sequences, initial = PackedBatch(torch.tensor(LENGTHS), 12), torch.zeros(2, len(LENGTHS), 24)
    shares, u = torch.randn(sum(LENGTHS), 2 * 72), torch.randn(2, 72, 24)
    places = (sequences.offsets, sequences.sorted_indices)

    def states() -> bytes:
        found, *_ = forward("gru", shares, u, pack_weights("gru", u, False), initial[:, 0], initial, *places, False)
        return found.numpy().tobytes()

    here = states()
    torch.randn(300, 300) @ torch.randn(300, 300)  # Torch's threads have run before the fork
    if not loaded_before:
        load_library.cache_clear()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send_bytes(states()), daemon=True)
    child.start()
    assert receiver.poll(60) and receiver.recv_bytes() == here
    child.join(60)
    assert child.exitcode == 0
