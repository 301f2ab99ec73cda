"""Hidden words are hidden whole, the loss is that of guessing them, and a labeller takes over what was learned."""

import math

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.tasks.pretraining.options import MaskedModelOptions
from grunlp.training.weight_transfer import transfer_weights
from tests.random_srl_corpus import toy_corpus, vocabulary_of
from tests.tasks.srl.test_model import make as make_labeller

CORPUS = toy_corpus(12)
VOCABULARY = vocabulary_of(CORPUS)
BATCH = SRLCollator(VOCABULARY, None)(CORPUS)


def make(mask_probability: float = 0.3) -> MaskedLanguageModel:
    torch.manual_seed(0)
    options = MaskedModelOptions(
        word_size=8,
        char_size=6,
        hidden_size=8,
        num_layers=1,
        residual="none",
        dropout=0.1,
        mask_probability=mask_probability,
    )
    return MaskedLanguageModel(options, VOCABULARY)


def test_a_share_of_the_known_words_is_hidden() -> None:
    model, generator = make(0.3), torch.Generator().manual_seed(0)
    drawn = torch.stack([model.sample_mask(BATCH, generator) for _ in range(200)])
    real = BATCH.words > 1
    assert not drawn[:, ~real].any()
    assert drawn[:, real].float().mean() == pytest.approx(0.3, abs=0.02)


def test_neither_form_nor_spelling_of_a_hidden_word_is_read() -> None:
    model = make().eval()
    hidden = torch.zeros_like(BATCH.words, dtype=torch.bool)
    hidden[:, 1] = BATCH.words[:, 1] > 1
    one = model(BATCH, hidden)
    with torch.no_grad():
        other = BATCH.to(torch.device("cpu"))
        other.char_index = other.char_index.masked_fill(hidden, 3)
        assert torch.equal(model(other, hidden), one)
    other.char_index[:, 0] = 3
    assert not torch.equal(model(other, hidden), one), "those of other words are"


def test_the_loss_at_the_start_is_that_of_guessing_blindly() -> None:
    model = make().eval()
    hidden = model.sample_mask(BATCH, torch.Generator().manual_seed(1))
    assert model(BATCH, hidden).item() == pytest.approx(math.log(len(VOCABULARY.words)), rel=0.1)
    assert model(BATCH, torch.zeros_like(hidden)) == 0


def test_it_learns() -> None:
    model, generator = make(), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    hidden = model.sample_mask(BATCH, torch.Generator().manual_seed(1))
    before = model.eval()(BATCH, hidden).item()
    model.train()
    for _ in range(60):
        optimizer.zero_grad()
        model(BATCH, model.sample_mask(BATCH, generator)).backward()
        optimizer.step()
    assert model.eval()(BATCH, hidden).item() < 0.7 * before


def test_a_labeller_starts_from_it() -> None:
    model, labeller = make(), make_labeller()
    transfer_weights(model.state_dict(), VOCABULARY, labeller, VOCABULARY)
    for name, weight in model.named_parameters():
        if name.startswith("encoder."):
            assert torch.equal(labeller.get_parameter(name), weight)
    with pytest.raises(ValueError, match=r"encoder\.gru\.layers\.0\.weight_ih is"):
        transfer_weights(model.state_dict(), VOCABULARY, make_labeller(hidden_size=9), VOCABULARY)
