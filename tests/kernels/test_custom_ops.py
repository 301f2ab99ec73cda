"""The compiled operators: bits, precision, and registration with PyTorch."""

import multiprocessing

import numpy as np
import pytest
import torch
from torch import Tensor

from grunlp.kernels.custom_ops import backward, forward, linear, pack_matrix, pack_weights
from grunlp.kernels.loader import load_library
from grunlp.kernels.packed_sequence import GATES_PER_CELL, PackedBatch
from tests.kernels.random_layers import LENGTHS, assert_near, cells, leaves, single


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


def test_gates_are_accurate_to_the_last_bits(compiled: str) -> None:
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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("count", "size", "columns"), [(1, 1, 1), (3, 7, 5), (70, 33, 200), (130, 64, 389), (25, 8, 192)]
)
def test_linear_equals_torch(compiled: str, count: int, size: int, columns: int, dtype: torch.dtype) -> None:
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


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_operators_are_registered_with_torch(best: None, cell: str) -> None:
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


def test_all_of_torch_works_in_a_process_forked_after_a_prediction(compiled: str, two_threads: None) -> None:
    """Pools of processes and `datasets.map(num_proc=2)` fork. Torch would wait for threads of the parent there."""
    matrix = torch.randn(600, 600)
    load_library()
    matrix @ matrix
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(
        target=lambda: sender.send((torch.get_num_threads(), bool((matrix @ matrix).isfinite().all())))
    )
    child.start()
    try:
        assert receiver.poll(60) and receiver.recv() == (1, True)
    finally:
        child.kill()
    assert torch.get_num_threads() == 2, "the parent computes as before"


@pytest.mark.parametrize("loaded_before", [True, False])
def test_operators_work_after_a_fork(compiled: str, two_threads: None, loaded_before: bool) -> None:
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
