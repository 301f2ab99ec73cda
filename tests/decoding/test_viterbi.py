"""Viterbi against the enumeration of all paths, the two routines against each other, and the constraints."""

from itertools import pairwise, product
from math import inf

import pytest
import torch
from torch import Tensor

from grunlp.data.tags import invalid_transitions
from grunlp.decoding.viterbi import (
    PADDING_TAG,
    bio_transition_mask,
    ids_to_tags,
    predicate_tag_mask,
    viterbi,
    viterbi_bio,
)

LABELS = ["O", "B-X", "I-X", "B-V", "I-V"]
LENGTHS = torch.tensor([5, 1, 3, 4, 2])


def enumerate_best(
    emissions: Tensor, length: int, transitions: Tensor, start: Tensor, end: Tensor
) -> tuple[list[int], float]:
    """Best of all K**length paths under emissions (T, K)."""
    best: tuple[list[int], float] = ([], -inf)
    for path in product(range(emissions.shape[1]), repeat=length):
        score = float(start[path[0]] + end[path[-1]])
        score += sum(float(emissions[t, k]) for t, k in enumerate(path))
        score += sum(float(transitions[j, k]) for j, k in pairwise(path))
        if score > best[1]:
            best = list(path), score
    return best


def random_mask(rows: int, num_tokens: int, labels: int) -> Tensor:
    """Forbids a third of the labels, never the first."""
    allowed = torch.rand(rows, num_tokens, labels) > 0.33
    allowed[:, :, 0] = True
    return allowed


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("with_end", [False, True])
@pytest.mark.parametrize("labels", [3, 4])
def test_viterbi_equals_enumeration(labels, with_end, masked):
    torch.manual_seed(labels)
    emissions = torch.randn(5, 5, labels, dtype=torch.float64)
    transitions, start = torch.randn(labels, labels, dtype=torch.float64), torch.randn(labels, dtype=torch.float64)
    end = torch.randn(labels, dtype=torch.float64) if with_end else None
    allowed = random_mask(5, 5, labels) if masked else None
    tags, scores = viterbi(emissions, LENGTHS, transitions, start, end, allowed)
    seen = emissions if allowed is None else emissions.masked_fill(~allowed, -inf)
    no_end = torch.zeros(labels)
    for row, n in enumerate(LENGTHS.tolist()):
        path, score = enumerate_best(seen[row], n, transitions, start, no_end if end is None else end)
        assert tags[row].tolist() == path + [PADDING_TAG] * (5 - n)
        assert scores[row].item() == pytest.approx(score)


@pytest.mark.parametrize("masked", [False, True])
def test_viterbi_bio_equals_enumeration(masked):
    torch.manual_seed(0)
    emissions = torch.randn(5, 5, 5, dtype=torch.float64)
    start, transitions = bio_transition_mask(LABELS)
    allowed = predicate_tag_mask(LABELS, torch.tensor([2, 0, 2, 0, 1]), LENGTHS, 5) if masked else None
    tags, scores = viterbi_bio(emissions, LENGTHS, LABELS, allowed)
    seen = emissions if allowed is None else emissions.masked_fill(~allowed, -inf)
    for row, n in enumerate(LENGTHS.tolist()):
        path, score = enumerate_best(seen[row], n, transitions, start, torch.zeros(5))
        assert tags[row].tolist() == path + [PADDING_TAG] * (5 - n)
        assert scores[row].item() == pytest.approx(score)


@pytest.mark.parametrize("seed", range(20))
def test_the_two_routines_agree(seed):
    torch.manual_seed(seed)
    labels = ["I-A", "O", "B-B", "I-V", "B-A", "B-V", "I-B", "I-ORPHAN", "B-ALONE"]  # in no helpful order
    lengths = torch.randint(1, 21, (16,))
    emissions = 3 * torch.randn(16, 20, len(labels))
    predicate = (torch.rand(16) * lengths).long()
    start, transitions = bio_transition_mask(labels)
    for allowed in (None, predicate_tag_mask(labels, predicate, lengths, 20)):
        general = viterbi(emissions, lengths, transitions, start, allowed=allowed)
        special = viterbi_bio(emissions, lengths, labels, allowed)
        assert torch.equal(general[0], special[0])
        assert torch.equal(general[1], special[1])


def test_outputs_are_legal_and_hold_the_one_given_predicate():
    torch.manual_seed(0)
    lengths = torch.randint(1, 31, (200,))
    emissions = 5 * torch.randn(200, 30, 5)
    predicate = (torch.rand(200) * lengths).long()
    ids, _ = viterbi_bio(emissions, lengths, LABELS, predicate_tag_mask(LABELS, predicate, lengths, 30))
    for tags, index in zip(ids_to_tags(ids, lengths, LABELS), predicate.tolist(), strict=True):
        assert invalid_transitions(tags) == []
        assert [i for i, tag in enumerate(tags) if tag == "B-V"] == [index]
    wild = ids_to_tags(emissions.argmax(dim=2), lengths, LABELS)
    assert sum(bool(invalid_transitions(tags)) for tags in wild) > 100  # it was needed


@pytest.mark.parametrize("routine", ["general", "bio"])
def test_padding_and_company_have_no_effect(routine):
    def decode(emissions: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        start, transitions = bio_transition_mask(LABELS)
        if routine == "bio":
            return viterbi_bio(emissions, lengths, LABELS)
        return viterbi(emissions, lengths, transitions, start)

    torch.manual_seed(0)
    emissions = torch.randn(5, 5, 5)
    tags, scores = decode(emissions, LENGTHS)
    other = emissions.clone()
    other[torch.arange(5) >= LENGTHS[:, None]] = torch.nan
    assert torch.equal(decode(other, LENGTHS)[0], tags)
    for row, n in enumerate(LENGTHS.tolist()):
        alone = decode(emissions[row : row + 1, :n], LENGTHS[row : row + 1])
        assert torch.equal(alone[0][0], tags[row, :n])
        assert torch.equal(alone[1][0], scores[row])


def test_a_row_without_a_path_is_refused():
    emissions = torch.zeros(2, 3, 5)
    allowed = torch.ones(2, 3, 5, dtype=torch.bool)
    allowed[1, 1] = False
    with pytest.raises(ValueError, match=r"no legal path in rows \[1\]"):
        viterbi_bio(emissions, torch.tensor([3, 3]), LABELS, allowed)
    emissions[0, 2, 4] = torch.nan
    with pytest.raises(ValueError, match=r"no legal path in rows \[0\]"):
        viterbi_bio(emissions, torch.tensor([3, 3]), LABELS)


def test_no_row_at_all():
    tags, scores = viterbi_bio(torch.empty(0, 4, 5), torch.empty(0, dtype=torch.int64), LABELS)
    assert (tags.shape, scores.shape) == ((0, 4), (0,))


def test_half_precision_is_summed_in_float32():
    # One label, 300 tokens of 1: a sum in bfloat16 sticks at 256.
    _, scores = viterbi_bio(torch.ones(1, 300, 1, dtype=torch.bfloat16), torch.tensor([300]), ["O"])
    assert scores.tolist() == [300.0]


# --- constraints ------------------------------------------------------------------------------------------------------


def test_bio_constraints_allow_exactly_what_is_legal():
    start, transitions = bio_transition_mask(LABELS)
    assert [score == 0 for score in start.tolist()] == [not invalid_transitions([label]) for label in LABELS]
    for before, row in zip(LABELS, transitions.tolist(), strict=True):
        # invalid_transitions of the pair, but for a fault of its first tag
        assert [score == 0 for score in row] == [1 not in invalid_transitions([before, after]) for after in LABELS]
    assert set(start.tolist()) | set(transitions.flatten().tolist()) == {0, -inf}


def test_bio_constraints_refuse_other_tags():
    with pytest.raises(ValueError, match="'E-X' is not a BIO tag"):
        bio_transition_mask(["O", "E-X"])


def test_predicate_mask_names_one_predicate():
    allowed = predicate_tag_mask(LABELS, torch.tensor([1, 0]), torch.tensor([3, 1]), 3)
    others, predicate = [True, True, True, False, True], [False, False, False, True, False]
    assert allowed.tolist() == [[others, predicate, others], [predicate, others, others]]


def test_predicate_mask_without_a_predicate_label_allows_everything():
    assert predicate_tag_mask(["O", "B-X"], torch.tensor([0]), torch.tensor([2]), 2).all()


@pytest.mark.parametrize("index", [-1, 2])
def test_predicate_mask_refuses_a_predicate_outside_its_sentence(index):
    with pytest.raises(ValueError, match=r"outside its sentence in rows \[1\]"):
        predicate_tag_mask(LABELS, torch.tensor([0, index]), torch.tensor([3, 2]), 3)


def test_ids_to_tags_leaves_padding_out():
    ids = torch.tensor([[1, 2, 0], [3, PADDING_TAG, PADDING_TAG]])
    assert ids_to_tags(ids, torch.tensor([3, 1]), LABELS) == [["B-X", "I-X", "O"], ["B-V"]]
