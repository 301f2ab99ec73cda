"""The compiled forward pass of Viterbi search against Torch's."""

import pytest
import torch

from grunlp.decoding.viterbi import bio_transition_mask, viterbi
from grunlp.kernels.loader import disabled
from grunlp.kernels.viterbi import viterbi_scores


@pytest.mark.parametrize("labels", [1, 3, 16, 37])
def test_the_same_paths_and_scores_as_torch(compiled: str, labels: int) -> None:
    torch.manual_seed(labels)
    lengths = torch.randint(1, 13, (40,))
    emissions, end = torch.randn(40, 12, labels), torch.randn(labels)
    start, transitions = torch.randn(labels), torch.randn(labels, labels)
    transitions[torch.rand(labels, labels) < 0.3] = -torch.inf
    transitions.fill_diagonal_(0.5)  # a path is left
    allowed = torch.rand(40, 12, labels) < 0.8
    allowed[:, :, 0] = True
    assert viterbi_scores(emissions, lengths, start, transitions) is not None
    found = viterbi(emissions, lengths, transitions, start, end, allowed)
    with disabled():
        assert viterbi_scores(emissions, lengths, start, transitions) is None
        expected = viterbi(emissions, lengths, transitions, start, end, allowed)
    assert torch.equal(found[0], expected[0]) and torch.equal(found[1], expected[1])


def test_neighbours_padding_and_threads_change_no_bit(compiled: str, two_threads: None) -> None:
    torch.manual_seed(0)
    lengths = torch.tensor([7, 1, 4])
    emissions, (start, transitions) = torch.randn(3, 7, 3), bio_transition_mask(["O", "B-X", "I-X"])
    together = viterbi_scores(emissions, lengths, start, transitions)
    assert together is not None
    for row, n in enumerate(lengths.tolist()):
        alone = viterbi_scores(emissions[row : row + 1, :n], lengths[row : row + 1], start, transitions)
        assert alone is not None and torch.equal(alone[0], together[row, :n])
        assert (together[row, n - 1 :] == together[row, n - 1]).all()


def test_nan_is_not_lost(compiled: str) -> None:
    emissions, (start, transitions) = torch.zeros(1, 3, 3), bio_transition_mask(["O", "B-X", "I-X"])
    emissions[0, 1, 1] = torch.nan
    assert viterbi_scores(emissions, torch.tensor([3]), start, transitions) is None
    with pytest.raises(ValueError, match="no legal path"):
        viterbi(emissions, torch.tensor([3]), transitions, start)


def test_other_precisions_are_left_to_torch(compiled: str) -> None:
    emissions, (start, transitions) = torch.zeros(1, 3, 3), bio_transition_mask(["O", "B-X", "I-X"])
    assert viterbi_scores(emissions.double(), torch.tensor([3]), start, transitions) is None
    tags, _ = viterbi(emissions.bfloat16(), torch.tensor([3]), transitions, start)
    assert tags.tolist() == [[0, 0, 0]]
