"""The contract of models, for the tagger: alone as in a batch, gradients everywhere, legal output, probabilities."""

from itertools import product
from typing import Any

import pytest
import torch

from grunlp.data.collate import TagBatch, TagCollator
from grunlp.data.examples import TaggedSentence
from grunlp.data.tags import invalid_transitions
from grunlp.data.vocabulary import Vocabulary
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.options import TaggerOptions

SENTENCES = [
    (["Anna", "Smith", "saw", "Rome", "."], ["B-PER", "I-PER", "O", "B-LOC", "O"]),
    (["she", "left"], ["O", "O"]),
    (["Rome"], ["B-LOC"]),
    ([], []),
]
CORPUS = [TaggedSentence(id="", document="", words=words, tags=tags) for words, tags in SENTENCES]
PLAIN = [
    TaggedSentence(id="", document="", words=words, tags=[f"T{len(word)}" for word in words]) for words, _ in SENTENCES
]
OPTIONS: dict[str, Any] = {
    "word_size": 8,
    "char_size": 6,
    "char_encoder": "cnn",
    "word_shape_features": True,
    "hidden_size": 6,
    "num_layers": 2,
    "residual": "add",
    "cell": "gru",
    "input_dropout": 0.1,
    "dropout": 0.1,
    "word_dropout": 0.1,
    "decoder": "crf",
    "label_smoothing": 0.0,
}


def make(corpus: list[TaggedSentence] = CORPUS, **changes: Any) -> tuple[Tagger, TagCollator, TagBatch]:
    torch.manual_seed(0)
    vocabulary = Vocabulary.build_for_tagging(corpus, 1, [])
    model = Tagger(TaggerOptions(**{**OPTIONS, **changes}), vocabulary)
    collate = TagCollator(vocabulary, None)
    return model, collate, collate(corpus)


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
def test_alone_as_in_a_batch(decoder: str) -> None:
    model, collate, batch = make(decoder=decoder)
    model.eval()
    best, _ = model.decode(model(batch), batch.lengths)
    for row, sentence in enumerate(CORPUS[:3]):
        alone = collate([sentence])
        torch.testing.assert_close(model(alone)[0], model(batch)[row, : len(sentence["words"])], rtol=0, atol=1e-6)
        assert torch.equal(model.decode(model(alone), alone.lengths)[0][0], best[row, : len(sentence["words"])])
    empty = collate([])
    assert model.decode(model(empty), empty.lengths)[0].shape == (0, 0)


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
def test_it_learns_and_gradients_reach_every_weight(decoder: str) -> None:
    model, _, batch = make(decoder=decoder)
    model.loss(model(batch), batch).backward()
    without = {name for name, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())}
    assert without == set()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.02)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(model(batch), batch).backward()
        optimizer.step()
    model.eval()
    best, _ = model.decode(model(batch), batch.lengths)
    assert ids_to_tags(best, batch.lengths, model.tags) == [tags for _, tags in SENTENCES]


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
def test_output_is_legal_whatever_the_scores(decoder: str) -> None:
    model, _, batch = make(decoder=decoder)
    scores = 10 * torch.randn(4, 5, len(model.tags))
    best, plain = model.decode(scores, batch.lengths)
    illegal = [
        sum(map(len, map(invalid_transitions, ids_to_tags(ids, batch.lengths, model.tags)))) for ids in (best, plain)
    ]
    assert illegal[0] == 0 < illegal[1]


def test_plain_tags_follow_each_other_freely() -> None:
    model, _, batch = make(PLAIN, decoder="viterbi")
    assert set(model.tags) == {"T1", "T3", "T4", "T5"}
    scores = torch.randn(4, 5, 4)
    best, plain = model.decode(scores, batch.lengths)
    real = torch.arange(5) < batch.lengths[:, None]
    assert torch.equal(best[real], plain[real])


@pytest.mark.parametrize("temperature", [1.0, 0.3])
@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
def test_probabilities_of_all_legal_sequences_sum_to_one(decoder: str, temperature: float) -> None:
    model, collate, _ = make(decoder=decoder)
    model.eval()
    model.temperature.fill_(temperature)
    model.crf.transitions.data.normal_()
    batch = collate(CORPUS[1:2])
    sequences, shares = model.n_best(model(batch), batch.lengths, 40)
    legal = [tags for tags in product(model.tags, repeat=2) if not invalid_transitions(tags)]
    found = {
        tuple(model.tags[k] for k in row)
        for row, share in zip(sequences[0].tolist(), shares[0], strict=True)
        if share > 0
    }
    assert found == set(legal)
    assert float(shares.sum()) == pytest.approx(1, abs=1e-5)
    assert shares[0].tolist() == sorted(shares[0].tolist(), reverse=True)


@pytest.mark.parametrize(
    ("changes", "message"), [({"decoder": "beam"}, "viterbi or crf"), ({"label_smoothing": 0.1}, "no effect")]
)
def test_bad_choices_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)
