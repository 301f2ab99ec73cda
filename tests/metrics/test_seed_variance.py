import itertools

import numpy as np
import pytest

from grunlp.metrics.corpus_metric import ratio_of_sums
from grunlp.metrics.seed_variance import compare_seeds, mean_score, paired_t


def test_paired_t_by_hand() -> None:
    # mean 2, standard deviation 1, error 1/√3, t = 3.4641 with 2 degrees of freedom: p = 1 - t / √(2 + t²)
    assert paired_t([1.0, 2.0, 3.0]) == pytest.approx(1 - np.sqrt(12 / 14))
    # t = 1 with 1 degree of freedom, Cauchy: p = 1 - 2 / π · atan 1
    assert paired_t([0.0, 2.0]) == pytest.approx(0.5)
    assert paired_t([-1.0, -2.0, -3.0]) == paired_t([1.0, 2.0, 3.0])
    # from tables: t = 2.776 with 4 and 2.571 with 5 degrees of freedom leave 5 %
    for count, t in ((5, 2.776), (6, 2.571)):
        base = np.arange(count) - (count - 1) / 2
        base /= base.std(ddof=1) / np.sqrt(count)
        assert paired_t((base + t).tolist()) == pytest.approx(0.05, abs=1e-4)


def test_no_spread() -> None:
    assert paired_t([0.0, 0.0]) == 1 and paired_t([1.0, 1.0]) == 0


def tables(seeds: int, shift: float) -> np.ndarray:
    rng = np.random.default_rng(7)
    values = rng.normal(50, 5, size=(1, 200)) + rng.normal(0, 1, size=(seeds, 1)) + shift
    return np.stack([values, np.ones_like(values)], axis=2)


def test_the_mean_is_over_seeds_and_the_interval_over_both() -> None:
    table = tables(3, 0.0)
    mean, interval = mean_score(table, ratio_of_sums)
    assert mean == pytest.approx(table[:, :, 0].mean()) and interval.low < mean < interval.high
    same_seed = np.repeat(table[:1], 3, axis=0)
    _, narrow = mean_score(same_seed, ratio_of_sums)
    assert interval.high - interval.low > narrow.high - narrow.low, "seeds widen it"
    assert narrow.high - narrow.low == pytest.approx(2 * 1.96 * 5 / np.sqrt(200), rel=0.2)


def test_what_is_shared_cancels() -> None:
    first, second = tables(4, 0.0), tables(4, 0.5)
    found = compare_seeds(first, second, ratio_of_sums)
    assert found.difference == pytest.approx(0.5) and found.interval == pytest.approx((0.5, 0.5))
    assert found.p_examples < 0.01 and found.p_seeds is not None and found.p_seeds < 1e-6
    same = compare_seeds(first, first, ratio_of_sums)
    assert same.difference == 0 and same.p_examples == 1 and same.p_seeds == 1
    assert compare_seeds(first[:1], second[:1], ratio_of_sums).p_seeds is None


def test_seeds_that_disagree_are_no_difference() -> None:
    first = tables(4, 0.0)
    second = first.copy()
    second[:, :, 0] += np.array([3.0, -3.0, 2.0, -2.0])[:, None]
    found = compare_seeds(first, second, ratio_of_sums)
    assert found.difference == pytest.approx(0) and found.interval.low < -1 and found.interval.high > 1
    assert found.p_seeds is not None and found.p_seeds > 0.9


def test_shapes_must_agree() -> None:
    for one, other in itertools.permutations((tables(2, 0.0), tables(3, 0.0))):
        with pytest.raises(ValueError, match="same seeds and groups"):
            compare_seeds(one, other, ratio_of_sums)
