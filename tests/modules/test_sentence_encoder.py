"""The sentence encoder: words alone as in a batch, features concatenated, layers from the lowest."""

from typing import Any

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.modules.options import SentenceEncoderOptions
from grunlp.modules.sentence_encoder import SentenceEncoder
from tests.random_srl_corpus import toy_corpus, vocabulary_of

CORPUS = toy_corpus(8, 1)
VOCABULARY = vocabulary_of(CORPUS)
COLLATE = SRLCollator(VOCABULARY, None)
OPTIONS: dict[str, Any] = {
    "word_size": 6, "char_size": 4, "char_encoder": "cnn", "hidden_size": 5, "num_layers": 2, "residual": "add",
    "cell": "gru", "dropout": 0.5,
}  # fmt: skip


def make(word_shape_features: bool = False, **changes: Any) -> SentenceEncoder:
    torch.manual_seed(0)
    options = SentenceEncoderOptions(**{**OPTIONS, **changes})
    dropout = {"input_dropout": 0.5, "word_dropout": 0.5}
    return SentenceEncoder(options, VOCABULARY, **dropout, word_shape_features=word_shape_features)


@pytest.mark.parametrize("char_encoder", ["none", "cnn", "gru"])
def test_a_sentence_is_encoded_alone_as_in_a_batch(char_encoder: str) -> None:
    encoder = make(char_encoder=char_encoder).eval()
    states, words = encoder(COLLATE(CORPUS))
    assert states.shape[2] == encoder.output_size == 10 and words.shape[2] == encoder.word_size
    for row, sentence in enumerate(CORPUS):
        own_states, own_words = encoder(COLLATE([sentence]))
        length = len(sentence["words"])
        torch.testing.assert_close(own_states[0], states[row, :length], atol=1e-6, rtol=0)
        torch.testing.assert_close(own_words[0], words[row, :length], atol=1e-6, rtol=0)


def test_states_are_those_of_the_gru_over_the_words() -> None:
    encoder = make().eval()
    batch = COLLATE(CORPUS)
    states, words = encoder(batch)
    torch.testing.assert_close(states, encoder.gru(words, batch.lengths)[0])


def test_dropout_acts_in_training_alone() -> None:
    encoder, batch = make(), COLLATE(CORPUS)
    assert not torch.equal(encoder(batch)[1], encoder(batch)[1])
    encoder.eval()
    assert torch.equal(encoder(batch)[0], encoder(batch)[0])


def test_every_weight_has_a_gradient_and_belongs_to_one_layer() -> None:
    encoder = make(word_shape_features=True)
    encoder(COLLATE(CORPUS))[0].square().sum().backward()
    used = {name for name, weight in encoder.named_parameters() if weight.grad is not None and weight.grad.any()}
    assert used == {name for name, weight in encoder.named_parameters() if weight.requires_grad}
    layers = encoder.layers_bottom_up()
    assert len(layers) == 3 and layers[1:] == list(encoder.gru.layers)
    listed = [id(weight) for layer in layers for weight in layer.parameters()]
    assert sorted(listed) == sorted(map(id, encoder.parameters()))
