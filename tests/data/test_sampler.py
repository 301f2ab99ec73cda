import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.data.sampler import TokenBudgetSampler

SIZES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 6)), max_size=80)


@given(SIZES, st.integers(1, 500), st.booleans(), st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_each_example_once_within_the_budget(
    sizes: list[tuple[int, int]], budget: int, shuffle: bool, epoch: int
) -> None:
    lengths, rows = [n for n, _ in sizes], [r for _, r in sizes]
    sampler = TokenBudgetSampler(lengths, rows, budget, shuffle, seed=0)
    sampler.set_epoch(epoch)
    batches = list(sampler)
    assert sorted(i for batch in batches for i in batch) == list(range(len(sizes)))
    assert len(sampler) == len(batches)
    for batch in batches:
        padded = max(lengths[i] for i in batch) * sum(max(rows[i], 1) for i in batch)
        assert padded <= budget or len(batch) == 1


def test_little_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.geometric(1 / 17, 5000).tolist()
    sampler = TokenBudgetSampler(lengths, [3] * 5000, 2400, shuffle=True, seed=0)
    padded = sum(max(lengths[i] for i in batch) * len(batch) for batch in sampler)
    assert padded < 1.1 * sum(lengths)


def test_epochs_differ_and_can_be_repeated() -> None:
    lengths = list(range(1, 200))

    def epoch(number: int, shuffle: bool = True, seed: int = 3) -> list[list[int]]:
        sampler = TokenBudgetSampler(lengths, [1] * 199, 400, shuffle, seed)
        sampler.set_epoch(number)
        return list(sampler)

    assert epoch(1) == epoch(1)
    assert epoch(1) != epoch(2)
    assert {tuple(sorted(b)) for b in epoch(1)} != {tuple(sorted(b)) for b in epoch(2)}, (
        "new neighbours, not only order"
    )
    assert epoch(1) != epoch(1, seed=4)
    assert epoch(1, shuffle=False) == epoch(2, shuffle=False)
    longest = [max(batch) for batch in epoch(0, shuffle=False)]
    assert longest == sorted(longest)


@pytest.mark.parametrize("shuffle", [True, False])
def test_nothing_to_sample(shuffle: bool) -> None:
    assert list(TokenBudgetSampler([], [], 10, shuffle, 0)) == []
