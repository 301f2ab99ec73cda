"""How processes share batches, for many sizes; and that N processes weigh as one that accumulates N batches."""

from itertools import zip_longest

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.sampler import TokenBudgetSampler
from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches
from grunlp.training.batch_sharding import DistributedBatchSampler, loss_weights, shard_eval_batches, steps_per_rank
from grunlp.utils.errors import UserError

RANKS = st.integers(1, 9)
SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=40)


@given(lengths=st.lists(st.integers(0, 40), min_size=1, max_size=120), ranks=RANKS, epoch=st.integers(0, 3))
def test_every_example_is_trained_on_once_and_all_have_as_many_turns(
    lengths: list[int], ranks: int, epoch: int
) -> None:
    sampler = TokenBudgetSampler(lengths, [1] * len(lengths), 60, True, 5)
    sampler.set_epoch(epoch)
    batches = sampler.batches
    sizes = [len(batch) for batch in batches]
    turns = [list(DistributedBatchSampler(len(batches), rank, ranks, 0)) for rank in range(ranks)]
    assert {len(own) for own in turns} == {steps_per_rank(len(batches), ranks)}
    counted = []
    for rank, own in enumerate(turns):
        shares = loss_weights(sizes, rank, ranks, 1)
        counted += [number for number, share in zip(own, shares, strict=True) if share]
    assert sorted(counted) == list(range(len(batches)))
    assert sorted(i for number in counted for i in batches[number]) == list(range(len(lengths)))
    in_turn = [number for turn in zip(*turns, strict=True) for number in turn][: len(batches)]
    assert in_turn == list(range(len(batches))), "the same order for any number of ranks"


@given(sizes=SIZES, ranks=RANKS, accumulate=st.integers(1, 4))
def test_an_update_is_the_mean_over_all_that_its_batches_have(sizes: list[int], ranks: int, accumulate: int) -> None:
    """What the trainer does with the shares, written out: the mean over accumulated turns, then over processes."""
    losses = [float(number) for number in range(len(sizes))]
    shares = [loss_weights(sizes, rank, ranks, accumulate) for rank in range(ranks)]
    group = ranks * accumulate
    for update, first in enumerate(range(0, len(sizes), group)):
        means = []
        for rank in range(ranks):
            turns = range(update * accumulate, min((update + 1) * accumulate, len(shares[rank])))
            own = [shares[rank][turn] * losses[min(turn * ranks + rank, len(losses) - 1)] for turn in turns]
            means.append(sum(own) / accumulate)
        together = range(first, min(first + group, len(sizes)))
        expected = sum(sizes[i] * losses[i] for i in together) / sum(sizes[i] for i in together)
        assert sum(means) / ranks == pytest.approx(expected)


@given(sizes=SIZES, ranks=RANKS)
def test_ranks_are_the_twin_of_accumulation(sizes: list[int], ranks: int) -> None:
    one = loss_weights(sizes, 0, 1, ranks)
    several = [loss_weights(sizes, rank, ranks, 1) for rank in range(ranks)]
    in_turn = [share for turn in zip_longest(*several) for share in turn]
    assert in_turn[: len(sizes)] == one and not any(in_turn[len(sizes) :])


def test_a_process_alone_weighs_nothing() -> None:
    assert loss_weights([3, 0, 7], 0, 1, 1) == [1.0, 1.0, 1.0]


@given(batches=st.integers(1, 40), ranks=RANKS, data=st.data())
def test_turns_go_on_where_they_stopped(batches: int, ranks: int, data: st.DataObject) -> None:
    for rank in range(ranks):
        whole = DistributedBatchSampler(batches, rank, ranks, 0)
        done = data.draw(st.integers(0, len(whole)))
        rest = DistributedBatchSampler(batches, rank, ranks, done)
        assert list(rest) == list(whole)[done:] and len(rest) == len(whole)


@given(sizes=st.lists(st.integers(1, 12), min_size=1, max_size=20), ranks=RANKS)
def test_evaluation_repeats_nothing_and_leaves_nothing_out(sizes: list[int], ranks: int) -> None:
    examples = torch.arange(sum(sizes))
    batches = list(examples.split(sizes))
    if len(examples) < ranks:
        with pytest.raises(UserError, match="development examples for"):
            shard_eval_batches(batches, 0, ranks)
        return
    parts = [shard_eval_batches(batches, rank, ranks) for rank in range(ranks)]
    assert all(parts), "a process without a batch would skip the evaluation, and the others wait for it"
    assert sorted(int(i) for own in parts for batch in own for i in batch) == examples.tolist()


@given(count=st.integers(0, 300), rows=st.integers(1, 9), groups=st.integers(1, 5), first=st.integers(1, 7))
def test_groups_of_rows_are_the_rows(count: int, rows: int, groups: int, first: int) -> None:
    """A window parted into groups has the same tokens, each once, and each group has all windows."""
    ids = torch.arange(10, 10 + count)
    whole, parted = BPTTBatches(ids, rows * groups, 7, first), BPTTBatches(ids, rows * groups, 7, first, groups)
    assert len(parted) == len(whole) * groups
    for number in range(len(whole)):
        parts = [parted[number * groups + group] for group in range(groups)]
        assert {part.is_first for part in parts} == {number == 0}
        for name in ("inputs", "targets", "lengths"):
            expected = getattr(whole[number], name)
            found = torch.cat([getattr(part, name) for part in parts])
            assert found[: len(expected)].equal(expected)
            assert not torch.cat([part.lengths for part in parts])[len(expected) :].any()
        assert [int(part.lengths.sum()) for part in parts] == parted.batch_loss_counts()[
            number * groups : (number + 1) * groups
        ]
    told = [token for window in parted for token in window.targets[window.mask].tolist()]
    assert sorted(told) == ids.tolist()
