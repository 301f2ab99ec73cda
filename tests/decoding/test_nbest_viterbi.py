"""The n best paths against enumeration of all."""

from itertools import pairwise, product
from math import inf

import pytest
import torch
from torch import Tensor

from grunlp.decoding.nbest_viterbi import n_best
from grunlp.decoding.viterbi import PADDING_TAG, bio_transition_mask, viterbi

LABELS = ["O", "B-A", "I-A"]


def enumerated(emissions: Tensor, length: int, transitions: Tensor, start: Tensor, end: Tensor) -> list[tuple]:
    """(score, path) of all paths of one row that are not forbidden, best first."""
    found = []
    for path in product(range(emissions.shape[1]), repeat=length):
        score = start[path[0]] + sum(emissions[t, k] for t, k in enumerate(path)) + end[path[-1]]
        score = score + sum(transitions[a, b] for a, b in pairwise(path))
        if score > -inf:
            found.append((float(score), list(path)))
    return sorted(found, reverse=True)


@pytest.mark.parametrize("n", [1, 3, 7, 50])
def test_it_finds_what_enumeration_finds(n: int) -> None:
    torch.manual_seed(n)
    lengths = torch.tensor([4, 1, 3])
    emissions = torch.randn(3, 4, 3, dtype=torch.float64)
    start, transitions = (scores.double() for scores in bio_transition_mask(LABELS))
    transitions = transitions + torch.randn(3, 3, dtype=torch.float64)
    end = torch.randn(3, dtype=torch.float64)
    tags, scores = n_best(emissions, lengths, transitions, start, end, n)
    for row, length in enumerate(lengths.tolist()):
        expected = enumerated(emissions[row], length, transitions, start, end)[:n]
        assert scores[row, : len(expected)].tolist() == pytest.approx([score for score, _ in expected])
        assert tags[row, : len(expected), :length].tolist() == [path for _, path in expected]
        assert (tags[row, :, length:] == PADDING_TAG).all()
        assert (scores[row, len(expected) :] == -inf).all() and (tags[row, len(expected) :] == PADDING_TAG).all()


def test_the_best_is_that_of_viterbi() -> None:
    torch.manual_seed(0)
    emissions, lengths = torch.randn(5, 6, 3), torch.tensor([6, 2, 4, 1, 5])
    start, transitions = bio_transition_mask(LABELS)
    tags, scores = n_best(emissions, lengths, transitions, start, torch.zeros(3), 2)
    expected, best = viterbi(emissions, lengths, transitions, start)
    assert torch.equal(tags[:, 0], expected)
    torch.testing.assert_close(scores[:, 0], best)
    with pytest.raises(ValueError, match="at least 1"):
        n_best(emissions, lengths, transitions, start, torch.zeros(3), 0)
