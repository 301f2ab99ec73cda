"""Language models: windows add up to the whole text, steps to a reading, and all weights learn."""

from typing import Any

import pytest
import torch

from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.tasks.language_modeling.options import LanguageModelOptions

SIZE = 60
PLAIN: dict[str, Any] = {
    "embedding_size": 6,
    "hidden_size": 7,
    "num_layers": 2,
    "cell": "gru",
    "residual": "add",
    "tie_embeddings": True,
    "adaptive_softmax": False,
    "word_dropout": 0.0,
    "input_dropout": 0.0,
    "dropout": 0.0,
    "weight_dropout": 0.0,
}
VARIANTS: list[dict[str, Any]] = [
    {},
    {"tie_embeddings": False},
    {"tie_embeddings": False, "adaptive_softmax": True, "embedding_size": 16},
    {"cell": "lstm"},
    {"cell": "mingru"},
    {"cell": "rnn", "residual": "none"},
]


def make(vocabulary_size: int = SIZE, **options: Any) -> LanguageModel:
    return LanguageModel(LanguageModelOptions(**{**PLAIN, **options}), vocabulary_size)


def toy(**options: Any) -> LanguageModel:
    torch.manual_seed(3)
    return make(**options).eval()


def text(rows: int, length: int) -> torch.Tensor:
    return torch.randint(4, SIZE, (rows, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_steps_windows_and_whole_agree(options: dict[str, Any]) -> None:
    model, ids = toy(**options), text(3, 11)
    inputs, targets = ids[:, :-1], ids[:, 1:]
    full = torch.full((3,), 10)
    with torch.no_grad():
        whole, _ = model(inputs, full, model.initial_state(3))
        state, parts = model.initial_state(3), []
        for start, end in ((0, 4), (4, 5), (5, 10)):
            part, state = model(inputs[:, start:end], torch.full((3,), end - start), state)
            parts.append(part)
        torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=1e-5)
        state, nats = model.initial_state(3), model.nll(whole.flatten(0, 1), targets.flatten()).view(3, 10)
        for t in range(10):
            log_probs, state = model.step(inputs[:, t], state)
            torch.testing.assert_close(log_probs.exp().sum(dim=1), torch.ones(3))
            told = -log_probs.gather(1, targets[:, t : t + 1])[:, 0]
            torch.testing.assert_close(told, nats[:, t], rtol=0, atol=1e-5)


def test_rows_are_independent_and_padding_has_no_effect() -> None:
    model, ids = toy(), text(2, 9)
    with torch.no_grad():
        together, state = model(ids, torch.tensor([9, 4]), model.initial_state(2))
        alone, end = model(ids[1:, :4], torch.tensor([4]), model.initial_state(1))
    torch.testing.assert_close(together[1:, :4], alone)
    torch.testing.assert_close(state[:, 1:], end)


@pytest.mark.parametrize("options", VARIANTS, ids=str)
def test_every_weight_learns(options: dict[str, Any]) -> None:
    model = toy(**options).train()
    ids = torch.arange(4, SIZE)[None].repeat(2, 1)  # all tokens, so that each part of the vocabulary is met
    features, _ = model(ids[:, :-1], torch.full((2,), SIZE - 5), model.initial_state(2))
    model.nll(features.flatten(0, 1), ids[:, 1:].flatten()).sum().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None and weight.grad.abs().sum() > 0, name


def test_no_gradient_crosses_windows() -> None:
    model = toy()
    _, state = model(text(1, 4), torch.tensor([4]), model.initial_state(1))
    assert state.requires_grad


def test_choices_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="tie_embeddings"):
        toy(adaptive_softmax=True)
    with pytest.raises(ValueError, match="40 tokens and 16 features"):
        toy(tie_embeddings=False, adaptive_softmax=True)
