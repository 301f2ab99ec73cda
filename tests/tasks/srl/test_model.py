"""The contract every labeller keeps, in all its forms, and that it learns a task whose answer is known."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from grunlp.data.collate import IGNORE_INDEX, SRLBatch, SRLCollator
from grunlp.data.tags import invalid_transitions
from grunlp.data.vocabulary import Vocabulary
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.tasks.srl.model import SenseClassifier, SRLModel
from grunlp.tasks.srl.options import SRLModelOptions
from tests.random_srl_corpus import toy_corpus, vocabulary_of

CORPUS = toy_corpus(12)
VOCABULARY = vocabulary_of(CORPUS)
FORMS: list[dict[str, Any]] = [
    {},
    {"corpus_embedding": True},
    {"decoder": "crf"},
    {"char_encoder": "gru", "residual": "add", "num_layers": 2},
    {
        "char_encoder": "none",
        "residual": "highway",
        "num_layers": 2,
        "predicate_num_layers": 2,
        "pos_tag_loss_weight": 0.0,
    },
]


OPTIONS: dict[str, Any] = dict(
    word_size=8,
    char_size=6,
    char_encoder="cnn",
    hidden_size=8,
    num_layers=1,
    predicate_size=8,
    predicate_hidden_size=8,
    predicate_num_layers=1,
    max_relative_distance=3,
    residual="none",
    cell="gru",
    input_dropout=0.1,
    dropout=0.1,
    word_dropout=0.1,
    decoder="viterbi",
    label_smoothing=0.0,
    predicate_loss_weight=1.0,
    sense_loss_weight=0.5,
    pos_tag_loss_weight=0.3,
)


def make(vocabulary: Vocabulary = VOCABULARY, corpus_embedding: bool = False, **changes: Any) -> SRLModel:
    torch.manual_seed(0)
    options = SRLModelOptions(**{**OPTIONS, **changes})
    return SRLModel(options, vocabulary, corpus_embedding=corpus_embedding)


def batch_of(*numbers: int) -> SRLBatch:
    # every third sentence is one of data.extra_train
    return SRLCollator(VOCABULARY, None)(
        [CORPUS[n] if n % 3 else {**CORPUS[n], "from_extra_corpus": True} for n in numbers]
    )


def loss(model: SRLModel, batch: SRLBatch) -> torch.Tensor:
    return model.loss(model(batch), batch)


def decode(model: SRLModel, batch: SRLBatch) -> torch.Tensor:
    return model.decode(model(batch), batch)[0]


@pytest.fixture(params=FORMS, ids=lambda form: ",".join(map(str, form.values())) or "default")
def model(request: pytest.FixtureRequest) -> SRLModel:
    return make(**request.param).eval()


def test_alone_as_in_a_batch(model: SRLModel) -> None:
    together = model(batch_of(*range(12))).role_logits
    row = 0
    for n in range(12):
        batch = batch_of(n)
        for alone in model(batch).role_logits:
            torch.testing.assert_close(together[row, : batch.words.shape[1]], alone, rtol=0, atol=1e-5)
            row += 1
    assert row == len(together) > 10


def test_padding_has_no_effect(model: SRLModel) -> None:
    batch = batch_of(0, 1, 2, 3)
    P, T = batch.tags.shape  # noqa: N806 - as in shape comments
    wide = replace(
        batch,
        words=torch.cat([batch.words, torch.full((4, 5), 3)], dim=1),
        char_index=torch.cat([batch.char_index, torch.full((4, 5), 1)], dim=1),
        pos=torch.cat([batch.pos, torch.full((4, 5), IGNORE_INDEX)], dim=1),
        is_predicate=torch.cat([batch.is_predicate, torch.full((4, 5), IGNORE_INDEX)], dim=1),
        tags=torch.cat([batch.tags, torch.full((P, 5), IGNORE_INDEX)], dim=1),
    )
    one, other = model(batch).role_logits, model(wide).role_logits[:, :T]
    for p, n in enumerate(batch.predicate_lengths.tolist()):
        torch.testing.assert_close(one[p, :n], other[p, :n], rtol=0, atol=1e-6)
    torch.testing.assert_close(loss(model, batch), loss(model, wide), rtol=1e-5, atol=1e-6)
    places = [torch.stack(model.detect_predicates(model.encode(b), b)).tolist() for b in (batch, wide)]
    assert places[0] == places[1]
    torch.testing.assert_close(model(batch).sense_logits, model(wide).sense_logits)


def test_gradients_reach_every_weight(model: SRLModel) -> None:
    model.train()
    loss(model, batch_of(*range(12))).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()]
    assert without == []


def test_output_is_legal_and_knows_its_predicate(model: SRLModel) -> None:
    batch = batch_of(*range(12))
    with torch.no_grad():
        model.roles.weight.mul_(50)  # wild scores, so that the constraints have work to do
    best, argmax = model.decode(model(batch), batch)
    legal = ids_to_tags(best, batch.predicate_lengths, model.tags)
    wild = ids_to_tags(argmax, batch.predicate_lengths, model.tags)
    assert any(invalid_transitions(tags) for tags in wild), "the test must be able to fail"
    for tags, index in zip(legal, batch.predicate_index.tolist(), strict=True):
        assert invalid_transitions(tags) == []
        assert [i for i, tag in enumerate(tags) if tag == "B-V"] == [index]


def test_no_predicates_no_words(model: SRLModel) -> None:
    empty = [n for n, example in enumerate(CORPUS) if not example["frames"]]
    assert empty
    assert decode(model, batch_of(*empty)).shape[0] == 0
    loss(model, batch_of(*empty)).backward()
    nothing = {**CORPUS[0], "words": [], "pos": [], "frames": []}
    assert decode(model, SRLCollator(VOCABULARY, None)([nothing])).shape[0] == 0  # type: ignore[list-item]


def test_the_predicate_matters(model: SRLModel) -> None:
    batch = batch_of(next(n for n, example in enumerate(CORPUS) if len(example["frames"]) > 1))
    roles = model(batch).role_logits
    assert (roles[0] - roles[1]).abs().max() > 1e-3


@pytest.mark.parametrize(
    "change",
    [
        {"word_dropout": 50.0},
        {"input_dropout": 0.5},
        {"dropout": 0.5},
        {"label_smoothing": 0.2},
        {"predicate_loss_weight": 0.5},
        {"sense_loss_weight": 1.0},
        {"pos_tag_loss_weight": 1.0},
        {"char_encoder": "none"},
        {"residual": "add"},
        {"residual": "highway"},
        {"decoder": "crf"},
    ],
    ids=str,
)
def test_every_option_changes_the_loss(change: dict[str, Any]) -> None:
    plain, changed = make(num_layers=2), make(**{"num_layers": 2, **change})
    weights = changed.state_dict()
    # the same weights wherever both have them, or another random start would pass for an effect
    shared = {k: w for k, w in plain.state_dict().items() if k in weights and weights[k].shape == w.shape}
    changed.load_state_dict({**weights, **shared})
    losses = []
    for model in (plain, changed):
        torch.manual_seed(1)
        losses.append(loss(model, batch_of(*range(12))))
    assert losses[0] != losses[1]


def test_distance_is_clipped_and_signed() -> None:
    model = make(max_relative_distance=1).eval()
    batch = batch_of(next(n for n, example in enumerate(CORPUS) if example["frames"]))
    before = model(batch).role_logits
    for row in range(3):
        with torch.no_grad():
            model.distances.weight[row] += 1.0
        after = model(batch).role_logits
        assert (after - before).abs().max() > 1e-4, "each of left, here and right is read"
        before = after


def test_extra_sentences_are_marked_and_no_others() -> None:
    model = make(corpus_embedding=True).eval()
    batch = batch_of(*range(12))
    before = model(batch).role_logits
    with torch.no_grad():
        assert model.extra is not None
        model.extra += 1.0
    changed = (model(batch).role_logits - before).abs().amax(dim=(1, 2)) > 1e-4  # (P,)
    assert changed.tolist() == batch.from_extra_corpus.tolist() == [n % 3 == 0 for n in batch.sentence_index.tolist()]
    assert 0 < changed.sum() < len(changed)


def test_unseen_gold_tags_do_not_count() -> None:
    batch = batch_of(1, 2, 3)
    model = make().eval()
    unseen = replace(batch, tags=batch.tags.clone())
    unseen.tags[:, 0] = IGNORE_INDEX
    assert not torch.isclose(loss(model, batch), loss(model, unseen))
    assert torch.isfinite(loss(make(decoder="crf"), unseen))


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValueError, match="viterbi or crf"):
        make(decoder="greedy")
    with pytest.raises(ValueError, match="no effect"):
        make(decoder="crf", label_smoothing=0.1)


def test_senses_are_chosen_among_the_candidates_of_the_word() -> None:
    model = make().eval()
    batch = batch_of(*range(12))
    scores = model(batch)
    assert scores.sense_logits is not None
    assert (scores.sense_logits.isinf() == (batch.predicate_sense_candidates == 0)).all()
    for row, chosen in enumerate(model.predict_senses(scores, batch).tolist()):
        candidates = batch.predicate_sense_candidates[row]
        best = max(
            (i for i in range(len(candidates)) if candidates[i]), key=lambda i: scores.sense_logits[row, i].item()
        )
        assert chosen == candidates[best]


def test_an_unseen_roleset_comes_after_the_seen_and_in_order() -> None:
    scorer = SenseClassifier(3, 4, [0, 5, 0, 0, 2], [0, 0, 0, 0, 0])
    scores = scorer(torch.randn(6, 3), torch.tensor([[1, 4, 2, 3, 0]]).expand(6, 5))
    assert (scores[:, 0] > scores[:, 2]).all() and (scores[:, 1] > scores[:, 2]).all()
    assert torch.equal(scores[:, 2], scores[:, 3]) and scores[:, 4].isneginf().all()


def test_rolesets_of_one_particle_are_told_by_what_they_share() -> None:
    # 1: give.01, 2: give_up.07, 3: eat.01, 4: eat_up.02, never seen
    scorer = SenseClassifier(2, 2, [0, 9, 9, 9, 0], [0, 0, 1, 0, 1])
    near_up, elsewhere = torch.tensor([[5.0, 0.0]]), torch.tensor([[-5.0, 0.0]])
    with torch.no_grad():
        scorer.features.weight.copy_(torch.eye(2))
        scorer.rolesets.weight.zero_()
        candidates = torch.tensor([[3, 4]])
        assert scorer(near_up, candidates).argmax() == 0
        assert scorer.particles is not None
        scorer.particles.weight[1] = torch.tensor([9.0, 0.0])  # learned where `give_up.07` was seen
        assert scorer(near_up, candidates).argmax() == 1 and scorer(elsewhere, candidates).argmax() == 0


def test_a_roleset_that_is_no_candidate_does_not_count() -> None:
    batch = batch_of(1, 2, 4, 5)
    unknown = replace(batch, roleset=torch.zeros_like(batch.roleset))
    assert (SRLModel.sense_targets(unknown) == IGNORE_INDEX).all()
    targets = SRLModel.sense_targets(batch)
    found = batch.predicate_sense_candidates.gather(1, targets[:, None])[:, 0]
    assert torch.equal(found, batch.roleset)


def test_without_rolesets_there_are_no_senses() -> None:
    bare = [{**e, "frames": [{**f, "lemma": "", "roleset": ""} for f in e["frames"]]} for e in CORPUS]
    v = vocabulary_of(bare)  # type: ignore[arg-type]
    assert len(v.rolesets) == 1
    model = make(v)
    batch = SRLCollator(v, None)(bare)  # type: ignore[arg-type]
    assert model.senses is None and not model.predict_senses(model(batch), batch).any()
    loss(model, batch).backward()


@pytest.mark.parametrize("form", [{}, {"decoder": "crf"}], ids=str)
def test_learns_a_known_answer(form: dict[str, Any]) -> None:
    train, dev = toy_corpus(200, seed=1), toy_corpus(40, seed=2)
    model = make(**form, input_dropout=0.0, dropout=0.0, predicate_size=16, sense_loss_weight=2.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    collate = SRLCollator(VOCABULARY, None)
    for _ in range(7):
        for start in range(0, 200, 20):
            optimizer.zero_grad()
            loss(model, collate(train[start : start + 20])).backward()
            optimizer.step()
    model.eval()
    batch = collate(dev)
    best, _ = model.decode(model(batch), batch)
    real = batch.tags != IGNORE_INDEX
    assert ((best == batch.tags) & real).sum() / real.sum() > 0.99
    scores = model(batch)
    assert torch.equal(
        torch.stack(model.detect_predicates(scores.encoder_output, batch)),
        torch.stack([batch.sentence_index, batch.predicate_index]),
    )
    assert (model.predict_senses(scores, batch) == batch.roleset).float().mean() > 0.95
