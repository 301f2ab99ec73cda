"""Reading and writing: one step at a time or all at once, alone or with others."""

from typing import Any

import pytest
import torch
from torch.nn import functional

from tests.tasks.seq2seq.small_seq2seq import PAIRS, SIZE, VARIANTS, batch, make, toy


@pytest.mark.parametrize("options", VARIANTS)
def test_step_by_step_as_all_at_once(options: dict[str, Any]) -> None:
    model, pairs = toy(**options), batch(PAIRS)
    with torch.no_grad():
        log_probs, weights = model(pairs)
        state, steps, read = model.encode(pairs.source, pairs.source_lengths), [], []
        for t in range(pairs.decoder_inputs.shape[1]):
            one, attention, state = model.step(pairs.decoder_inputs[:, t], state)
            steps.append(one)
            read.append(attention)
    torch.testing.assert_close(torch.stack(steps, dim=1)[pairs.target_mask], log_probs, atol=1e-5, rtol=0)
    torch.testing.assert_close(
        torch.stack(read, dim=1)[pairs.target_mask], weights[pairs.target_mask], atol=1e-5, rtol=0
    )
    torch.testing.assert_close(log_probs.exp().sum(dim=1), torch.ones(len(log_probs)), atol=1e-5, rtol=0)


@pytest.mark.parametrize("options", VARIANTS)
def test_alone_as_in_a_batch(options: dict[str, Any]) -> None:
    model = toy(**options)
    with torch.no_grad():
        together = model(batch(PAIRS))[0].split([len(target) + 1 for _, target in PAIRS])
        for pair, expected in zip(PAIRS, together, strict=True):
            torch.testing.assert_close(model(batch([pair]))[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("options", VARIANTS)
def test_gradients_reach_every_weight(options: dict[str, Any]) -> None:
    model = toy(**options).train()
    model.loss(batch(PAIRS))[0].backward()
    without = [name for name, weight in model.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert not without


def test_the_source_matters_and_so_does_the_past() -> None:
    model = toy()
    with torch.no_grad():
        base, other, past = (model(batch([pair]))[0] for pair in (([4, 5], [6, 6]), ([4, 7], [6, 6]), ([4, 5], [7, 6])))
    assert (base - other).abs().max() > 1e-3
    assert torch.equal(base[0], past[0]), "the first word is told before the target is seen"
    assert (base[1:] - past[1:]).abs().amax(dim=1).min() > 1e-3


def test_input_feeding_feeds() -> None:
    model, pairs = toy(input_feeding=True), batch([([4, 5], [6, 6])])
    with torch.no_grad():
        state = model.encode(pairs.source, pairs.source_lengths)
        _, _, state = model.step(pairs.decoder_inputs[:, 0], state)
        fed, _, _ = model.step(pairs.decoder_inputs[:, 1], state)
        state.input_feed = torch.zeros_like(state.input_feed)
        not_fed, _, _ = model.step(pairs.decoder_inputs[:, 1], state)
    assert (fed - not_fed).abs().max() > 1e-3


def test_hypotheses_can_be_selected() -> None:
    model, pairs = toy(copy_attention=True), batch(PAIRS)
    with torch.no_grad():
        state = model.encode(pairs.source, pairs.source_lengths)
        _, _, state = model.step(torch.tensor([2, 2, 2, 2]), state)
        # of sources 3 and 0, two hypotheses each, the first of both being the same
        some = state.reorder(torch.tensor([[3, 3], [0, 0]]))
        log_probs, _, some = model.step(torch.tensor([4, 5, 6, 7]), some)
        for row, (source, word) in enumerate([(3, 4), (3, 5), (0, 6), (0, 7)]):
            alone, _, _ = model.step(torch.tensor([word]), state.reorder(torch.tensor([[source]])))
            torch.testing.assert_close(log_probs[row], alone[0], atol=1e-5, rtol=1e-5)
        again, _, _ = model.step(torch.tensor([8]), some.reorder(torch.tensor([[3]])))
        last, _, _ = model.step(torch.tensor([4, 5, 6, 8]), some)
    torch.testing.assert_close(again[0], last[3], atol=1e-5, rtol=1e-5)


def test_loss() -> None:
    pairs = batch(PAIRS)
    plain, smooth = toy(), toy(label_smoothing=0.2)
    with torch.no_grad():
        log_probs, _ = plain(pairs)
        right = torch.tensor([word for _, target in PAIRS for word in [*target, 3]])
        loss, nats = plain.loss(pairs)
        torch.testing.assert_close(nats, functional.cross_entropy(log_probs, right))
        torch.testing.assert_close(loss, nats)
        smoothed, same = smooth.loss(pairs)
        torch.testing.assert_close(same, nats)
        torch.testing.assert_close(smoothed, functional.cross_entropy(log_probs, right, label_smoothing=0.2))


def test_coverage_counts_what_is_read_twice() -> None:
    model, pairs = toy(coverage_loss_weight=2.0), batch(PAIRS)
    with torch.no_grad():
        loss, nats = model.loss(pairs)
        _, weights = model(pairs)
    twice = 0.0
    for b, (source, target) in enumerate(PAIRS):
        read = [0.0] * (len(source) + 1)
        for t in range(len(target) + 1):
            for s in range(len(source) + 1):
                twice += min(read[s], float(weights[b, t, s]))
                read[s] += float(weights[b, t, s])
    count = sum(len(target) + 1 for _, target in PAIRS)
    assert float(loss - nats) == pytest.approx(2.0 * twice / count, abs=1e-5)


def test_copying_writes_what_the_source_holds() -> None:
    model, pairs = toy(copy_attention=True), batch([([4, 5], [6])])
    assert model.copied is not None
    model.copied.weight.data.zero_()
    model.copied.bias.data.fill_(50.0)  # all of the probability is copied
    with torch.no_grad():
        log_probs, weights = model(pairs)
    expected = torch.zeros(2, SIZE).index_add_(1, torch.tensor([4, 5, 3]), weights[0])
    torch.testing.assert_close(log_probs.exp(), expected, atol=1e-6, rtol=0)


def test_dropout_acts_in_training_alone() -> None:
    model = toy(word_dropout=0.5, input_dropout=0.3, dropout=0.3)
    pairs = batch(PAIRS)
    with torch.no_grad():
        assert torch.equal(model(pairs)[0], model(pairs)[0])
        model.train()
        assert not torch.equal(model(pairs)[0], model(pairs)[0])


def test_bad_choices() -> None:
    for wrong, message in (
        ({"bridge": "none"}, "zero, last, mean"),
        ({"shared_vocabulary": False, "copy_attention": True}, "one vocabulary"),
    ):
        with pytest.raises(ValueError, match=message):
            make(**wrong)
