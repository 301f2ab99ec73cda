"""The compiled recurrence against Torch in double precision; what it computes depends on nothing but its sequence."""

import math
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from grunlp.kernels.gru import Sequences, gru_backward, gru_forward, gru_layer

LENGTHS = [7, 3, 0, 12, 1, 12, 5, 9, 2]


def leaves(directions: int, hidden: int, lengths: list[int] = LENGTHS) -> list[Tensor]:
    """x, initial states and weights in double precision, all wanting gradients."""
    random = torch.Generator().manual_seed(0)
    rows = [(3 * hidden, 5), (3 * hidden, hidden), (3 * hidden,), (3 * hidden,)] * directions
    shapes = [(sum(lengths), 5), (directions, len(lengths), hidden), *rows]
    scale = [1.0, 1.0, *([0.5, hidden**-0.5, 0.5, 0.5] * directions)]
    tensors = [
        torch.randn(shape, generator=random, dtype=torch.float64) * s for shape, s in zip(shapes, scale, strict=True)
    ]
    return [tensor.requires_grad_() for tensor in tensors]


def layer(x: Tensor, initial: Tensor, *weights: Tensor, lengths: list[int] = LENGTHS) -> Tensor:
    return gru_layer(x, Sequences.of(torch.tensor(lengths), max(lengths)), initial, list(weights))


def single(tensors: list[Tensor]) -> list[Tensor]:
    return [tensor.detach().float().requires_grad_() for tensor in tensors]


def assert_near(found: Tensor, expected: Tensor) -> None:
    """Equal to 1e-5 of the largest value."""
    largest = expected.abs().max().item()
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * largest)


# 1 and 5: less than a vector; 16, 24, 40, 64: vectors that leave 1, 2 or no column beside panels of three; 37: a part
@pytest.mark.parametrize("hidden", [1, 5, 16, 24, 37, 40, 64])
@pytest.mark.parametrize("directions", [1, 2])
def test_outputs_and_all_gradients_equal_double_precision(compiled: str, directions: int, hidden: int) -> None:
    results = []
    doubles = leaves(directions, hidden)
    for tensors in (single(doubles), doubles):
        outputs = layer(*tensors)
        weight = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view_as(outputs)
        results.append([outputs, *torch.autograd.grad((outputs * weight).sum(), tensors)])
    assert results[0][0].dtype == torch.float32
    for found, expected in zip(*results, strict=True):
        assert_near(found, expected)


def test_switched_off_it_is_torch(off: str) -> None:
    doubles = leaves(2, 16)
    assert_near(layer(*single(doubles)), layer(*doubles))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 9, 17])
def test_neighbours_and_threads_change_no_bit(compiled: str, count: int) -> None:
    """Forward and backward: every tile shape, alone and together, on 1, 2, 3 and 4 threads."""
    lengths = [(5 * i) % 8 + 1 for i in range(count)]
    x, initial, *weights = single(leaves(2, 24, lengths))
    u, c = torch.stack(weights[1::4]), torch.stack([w[48:] for w in weights[3::4]])
    random = torch.Generator().manual_seed(1)
    shares, grad = (torch.randn(len(x), size, generator=random) for size in (2 * 72, 2 * 24))

    def run(rows: list[int], shares: Tensor, grad: Tensor) -> list[Tensor]:
        sequences = Sequences.of(torch.tensor([lengths[i] for i in rows]), 8)
        given = u, initial[:, rows], sequences.offsets, sequences.order
        states, kept = gru_forward(shares, u, c, *given[1:], True)
        return [states, kept, *gru_backward(grad, states, kept, *given)]

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        expected = run(list(range(count)), shares, grad)
        for threads in (2, 3, 4):
            torch.set_num_threads(threads)
            assert all(map(torch.equal, run(list(range(count)), shares, grad), expected)), threads
    finally:
        torch.set_num_threads(before)
    start = 0
    for i, length in enumerate(lengths):
        mine = slice(start, start := start + length)
        *alone, first = run([i], shares[mine], grad[mine])
        assert all(torch.equal(one, whole[mine]) for one, whole in zip(alone, expected, strict=False))
        assert torch.equal(first[:, 0], expected[-1][:, i])


def test_gates_are_good_to_the_last_bits(compiled: str) -> None:
    """Both gates and the candidate of one unit without recurrence: the sigmoid and tanh of x, in ulps of the result."""
    x = torch.cat([torch.linspace(-20, 20, 40001), torch.logspace(-30, 1.3, 2000), -torch.logspace(-30, 1.3, 2000)])
    shares = x[:, None].expand(-1, 3).contiguous()
    sequences = Sequences.of(torch.ones(len(x), dtype=torch.long), 1)
    zeros = torch.zeros(1, len(x), 1)
    _, kept = gru_forward(
        shares, torch.zeros(1, 3, 1), torch.zeros(1, 1), zeros, sequences.offsets, sequences.order, True
    )
    for found, exact in ((kept[:, 0, 0, 0], torch.sigmoid(x.double())), (kept[:, 0, 2, 0], torch.tanh(x.double()))):
        ulp = torch.from_numpy(np.spacing(exact.abs().float().numpy())).double()
        assert ((found.double() - exact).abs() / ulp).max() <= 2.5


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_pass_as_in_torch(compiled: str, value: float) -> None:
    x, initial, *weights = single(leaves(1, 16))
    with torch.no_grad():
        x[3, 2] = value
        initial[0, 1, 4] = value
    torch.testing.assert_close(
        layer(x, initial, *weights),
        layer(x.double(), initial.double(), *(w.double() for w in weights)).float(),
        equal_nan=True,
        rtol=1e-4,
        atol=1e-5,
    )


def test_same_bits_with_and_without_gradients(compiled: str) -> None:
    tensors = single(leaves(2, 24))
    with torch.no_grad():
        alone = layer(*tensors)
    assert torch.equal(layer(*tensors), alone)


def test_no_sequences_and_none_with_tokens() -> None:
    x, initial, *weights = single(leaves(2, 8))
    assert layer(x[:0], initial[:, :2], *weights, lengths=[0, 0]).shape == (0, 16)
    assert layer(x[:0], initial[:, :0], *weights[:8], lengths=[0]).shape == (0, 16)


def test_torch_knows_the_operators(compiled: str) -> None:
    x, initial, *weights = single(leaves(2, 8))
    sequences = Sequences.of(torch.tensor(LENGTHS), 12)
    shares = torch.randn(len(x), 48, requires_grad=True)
    u, c = (torch.stack(w).detach() for w in (weights[1::4], [w[16:] for w in weights[3::4]]))
    given = (shares, u.requires_grad_(), c.requires_grad_(), initial, sequences.offsets, sequences.order, True)
    torch.library.opcheck(gru_forward, given)
    states, kept = (tensor.detach() for tensor in gru_forward(*given))
    torch.library.opcheck(
        gru_backward,
        (torch.randn_like(states), states, kept, u.detach(), initial.detach(), sequences.offsets, sequences.order),
    )


def test_two_python_threads_at_once(compiled: str) -> None:
    tensors = [tensor.detach() for tensor in single(leaves(2, 24))]
    expected = layer(*tensors)
    with ThreadPoolExecutor(4) as pool:
        assert all(torch.equal(found, expected) for found in pool.map(lambda _: layer(*tensors), range(40)))


def test_after_a_fork(compiled: str) -> None:
    """As a worker of a DataLoader does; only the operator runs there, for Torch's own threads do not outlive a fork."""
    sequences, initial = Sequences.of(torch.tensor(LENGTHS), 12), torch.zeros(2, len(LENGTHS), 24)
    shares, u = torch.randn(sum(LENGTHS), 2 * 72), torch.randn(2, 72, 24)

    def run() -> bytes:
        states, _ = gru_forward(shares, u, initial[:, 0], initial, sequences.offsets, sequences.order, False)
        return states.numpy().tobytes()

    here = run()  # threads have run before the fork
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send_bytes(run()), daemon=True)
    child.start()
    assert receiver.poll(60) and receiver.recv_bytes() == here
    child.join(60)
    assert child.exitcode == 0
