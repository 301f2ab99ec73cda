"""The CRF against the enumeration of all tag sequences."""

from itertools import product
from math import inf

import pytest
import torch
from torch import Tensor

from grunlp.data.tags import invalid_transitions
from grunlp.decoding.viterbi import PADDING_TAG, bio_transition_mask, predicate_tag_mask
from grunlp.modules.crf import FORBIDDEN_SCORE, LinearChainCRF

LABELS = ["O", "B-X", "I-X", "B-V", "I-V"]


@pytest.fixture
def crf() -> LinearChainCRF:
    torch.manual_seed(0)
    crf = LinearChainCRF(*bio_transition_mask(LABELS)).double()
    for parameter in crf.parameters():
        torch.nn.init.normal_(parameter)
    return crf


def batch() -> tuple[Tensor, Tensor, Tensor]:
    """Emissions (4, 5, 5), legal tags (4, 5) and lengths (4,)."""
    torch.manual_seed(1)
    tags = torch.tensor([[0, 1, 2, 2, 3], [3, 4, 0, 0, 0], [1, 0, 0, 0, 0], [1, 1, 3, 1, 0]])
    return torch.randn(4, 5, 5, dtype=torch.float64), tags, torch.tensor([5, 3, 1, 4])


def legal_paths(length: int) -> list[tuple[int, ...]]:
    return [
        path
        for path in product(range(len(LABELS)), repeat=length)
        if not invalid_transitions([LABELS[k] for k in path])
    ]


def score(crf: LinearChainCRF, emissions: Tensor, path: tuple[int, ...]) -> Tensor:
    """Score of one path under emissions (T, K), written as its definition."""
    total = crf.start[path[0]] + crf.end[path[-1]]
    for t, k in enumerate(path):
        total = total + emissions[t, k]
        if t:
            total = total + crf.transitions[path[t - 1], k]
    return total


def normaliser(crf: LinearChainCRF, emissions: Tensor, length: int) -> Tensor:
    return torch.stack([score(crf, emissions, path) for path in legal_paths(length)]).logsumexp(0)


def test_likelihood_is_that_of_enumeration(crf):
    emissions, tags, lengths = batch()
    expected = [
        score(crf, row, tuple(path[:n].tolist())) - normaliser(crf, row, n)
        for row, path, n in zip(emissions, tags, lengths.tolist(), strict=True)
    ]
    torch.testing.assert_close(crf(emissions, tags, lengths), torch.stack(expected))


def test_likelihood_under_a_mask_is_that_of_enumeration(crf):
    emissions, tags, lengths = batch()
    allowed = predicate_tag_mask(LABELS, torch.tensor([4, 0, 0, 2]), lengths, 5)
    allowed[2, 0] = True  # the third row's gold tag is B-X
    masked = emissions.masked_fill(~allowed, -inf)
    expected = [
        score(crf, row, tuple(path[:n].tolist())) - normaliser(crf, row, n)
        for row, path, n in zip(masked, tags, lengths.tolist(), strict=True)
    ]
    torch.testing.assert_close(crf(emissions, tags, lengths, allowed), torch.stack(expected))


def test_gradients_are_those_of_enumeration(crf):
    emissions, _, lengths = batch()
    emissions.requires_grad_()
    parameters = [emissions, *crf.parameters()]
    ours = torch.autograd.grad(crf.log_partition(emissions, lengths).sum(), parameters)
    enumerated = torch.stack([normaliser(crf, row, n) for row, n in zip(emissions, lengths.tolist(), strict=True)])
    for one, other in zip(ours, torch.autograd.grad(enumerated.sum(), parameters), strict=True):
        torch.testing.assert_close(one, other)


def test_gradient_by_the_emissions_is_the_marginal(crf):
    emissions, _, lengths = batch()
    emissions.requires_grad_()
    (marginals,) = torch.autograd.grad(crf.log_partition(emissions, lengths).sum(), emissions)
    expected = torch.zeros_like(emissions)
    with torch.no_grad():
        for row, n in enumerate(lengths.tolist()):
            log_normaliser = normaliser(crf, emissions[row], n)
            for path in legal_paths(n):
                expected[row, range(n), list(path)] += (score(crf, emissions[row], path) - log_normaliser).exp()
    torch.testing.assert_close(marginals, expected)


def test_padding_has_no_effect(crf):
    emissions, tags, lengths = batch()
    beyond = torch.arange(5) >= lengths[:, None]
    other, other_tags = emissions.clone(), tags.masked_fill(beyond, -100)
    other[beyond] = torch.nan
    other.requires_grad_()
    likelihood = crf(other, other_tags, lengths)
    assert torch.equal(likelihood, crf(emissions, tags, lengths))
    (gradient,) = torch.autograd.grad(likelihood.sum(), other)
    assert (gradient[beyond] == 0).all() and gradient.isfinite().all()
    assert torch.equal(crf.decode(other, lengths)[0], crf.decode(emissions, lengths)[0])


def test_decodes_the_best_path(crf):
    emissions, _, lengths = batch()
    allowed = predicate_tag_mask(LABELS, torch.tensor([1, 2, 0, 3]), lengths, 5)
    for mask in (None, allowed):
        masked = emissions if mask is None else emissions.masked_fill(~mask, -inf)
        tags, scores = crf.decode(emissions, lengths, mask)
        for row, n in enumerate(lengths.tolist()):
            best = max(legal_paths(n), key=lambda path, row=row: score(crf, masked[row], path).item())
            assert tags[row].tolist() == [*best] + [PADDING_TAG] * (5 - n)
            torch.testing.assert_close(scores[row], score(crf, masked[row], best))


def test_float32_keeps_its_precision_over_a_long_sentence_and_hard_scores(crf):
    torch.manual_seed(2)
    emissions = 15 * torch.randn(2, 150, 5, dtype=torch.float64)
    lengths = torch.tensor([150, 90])
    exact = crf.log_partition(emissions, lengths)
    torch.testing.assert_close(crf.float().log_partition(emissions.float(), lengths), exact.float(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1000.0])
def test_gradients_stay_finite(crf, scale):
    crf.float()
    emissions, tags, lengths = batch()
    emissions = (scale * emissions).float().requires_grad_()
    # most gold tags break this mask
    allowed = predicate_tag_mask(LABELS, torch.zeros(4, dtype=torch.int64), lengths, 5)
    for mask in (None, allowed):
        gradients = torch.autograd.grad(crf(emissions, tags, lengths, mask).sum(), [emissions, *crf.parameters()])
        assert all(gradient.isfinite().all() for gradient in gradients)


def test_gold_tags_that_break_the_rules_cost_but_do_not_fail(crf):
    emissions, tags, lengths = batch()
    legal = crf(emissions, tags, lengths)
    tags[1, 1] = LABELS.index("I-X")  # after B-V
    broken = crf(emissions, tags, lengths)
    assert broken[1] < legal[1] + 0.9 * FORBIDDEN_SCORE
    assert torch.equal(broken[[0, 2, 3]], legal[[0, 2, 3]])


def test_mixed_precision_computes_in_full(crf):
    crf.float()
    emissions, tags, lengths = batch()
    emissions = emissions.bfloat16()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = crf(emissions, tags, lengths)
    assert torch.equal(mixed, crf(emissions.float(), tags, lengths))


def test_no_row_at_all(crf):
    nothing = torch.empty(0, 3, 5, dtype=torch.float64)
    assert crf(nothing, torch.empty(0, 3, dtype=torch.int64), torch.empty(0, dtype=torch.int64)).shape == (0,)


def test_training_learns_a_transition():
    # All emissions equal: only the transition scores can tell that O follows every B-X.
    crf = LinearChainCRF(*bio_transition_mask(["O", "B-X", "I-X"]))
    emissions, tags, lengths = torch.zeros(1, 4, 3), torch.tensor([[1, 0, 1, 0]]), torch.tensor([4])
    optimiser = torch.optim.Adam(crf.parameters(), lr=0.1)
    for _ in range(100):
        optimiser.zero_grad()
        (-crf(emissions, tags, lengths).mean()).backward()
        optimiser.step()
    assert crf.decode(emissions, lengths)[0].tolist() == tags.tolist()
    assert crf(emissions, tags, lengths).exp() > 0.9
