import random

import pytest

from grunlp.tuning.parameter_matching import match_parameter_count, scale_model
from grunlp.utils.errors import UserError


@pytest.mark.slow
def test_bisection_against_brute_force() -> None:
    rng = random.Random(0)
    for _ in range(200):
        a, b, c = rng.randint(0, 5), rng.randint(1, 50), rng.randint(0, 500)

        def count(size: int, a: int = a, b: int = b, c: int = c) -> int:
            return a * size * size + b * size + c

        target, start = rng.randint(1, 40_000), rng.randint(1, 300)
        expected = min(range(1, 50_000), key=lambda size: (abs(count(size) - target), size))
        assert match_parameter_count(count, target, start, 1) == expected


@pytest.mark.parametrize("target", [1, 90, 1000, 1089, 40_000])
def test_sizes_that_are_multiples(target: int) -> None:
    expected = min(range(2, 1000, 2), key=lambda size: (abs(size * size - target), size))
    assert match_parameter_count(lambda size: size * size, target, 7, 2) == expected


def test_a_network_that_does_not_grow() -> None:
    with pytest.raises(UserError, match=r"(?s)no hidden size has 9 parameters.*match_budget=time"):
        match_parameter_count(lambda size: 5, 9, 4, 1)


def test_other_sizes_keep_their_proportion() -> None:
    model = {"hidden_size": 256, "decoder_hidden_size": 384, "word_size": 100}
    assert scale_model(model, 128) == {"hidden_size": 128, "decoder_hidden_size": 192}
    assert scale_model({"hidden_size": 256, "predicate_hidden_size": 160}, 1) == {
        "hidden_size": 1,
        "predicate_hidden_size": 1,
    }
