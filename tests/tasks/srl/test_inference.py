"""Labels do not depend on neighbours, order or batch size; scores are those of the tags."""

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.data.tags import invalid_transitions
from grunlp.metrics.span_counts import EvalCounts, srl_eval_counts
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.tasks.srl.inference import SRLPrediction, evaluate_srl, label
from tests.random_srl_corpus import toy_corpus, vocabulary_of

CORPUS = toy_corpus(40)
COLLATE = SRLCollator(vocabulary_of(CORPUS), None)
torch.manual_seed(0)
SMALL = ["model.word_size=16", "model.char_size=8", "model.predicate_size=16", "model.predicate_hidden_size=16"]
CONFIG = compose_config(["recipe=srl", "debug=tiny", "model.predicate_num_layers=1", *SMALL])
MODEL = build_srl_model(CONFIG, COLLATE.vocabulary, None).eval()
with torch.no_grad():
    MODEL.roles.weight.mul_(20)  # far from ties
    MODEL.predicates[2].weight.mul_(20)  # some words are found, some not


def tags(one: SRLPrediction) -> list[list[str]]:
    return [frame["tags"] for frame in one.frames]


@pytest.mark.parametrize("find", [False, True])
def test_order_is_kept_and_neighbours_do_not_matter(find: bool) -> None:
    small = list(label(MODEL, COLLATE, CORPUS, 1, find))
    large = list(label(MODEL, COLLATE, iter(CORPUS), 10_000, find))
    assert [one.example for one in large] == CORPUS and any(one.frames for one in large)
    assert [one.frames for one in small] == [one.frames for one in large]
    back = list(label(MODEL, COLLATE, CORPUS[::-1], 100, find))
    assert [one.frames for one in back[::-1]] == [one.frames for one in large]


def test_longer_than_a_chunk() -> None:
    many = CORPUS * 60
    assert [one.example["id"] for one in label(MODEL, COLLATE, many, 10_000, True)] == [e["id"] for e in many]


def test_given_predicates_are_kept_and_found_ones_are_those_above_a_half() -> None:
    given, found = (list(label(MODEL, COLLATE, CORPUS, 1000, find)) for find in (False, True))
    for one, example in zip(given, CORPUS, strict=True):
        assert [frame["index"] for frame in one.frames] == [frame["index"] for frame in example["frames"]]
    batch = COLLATE(CORPUS)
    odds = MODEL.encode(batch).predicate_logits
    expected = [[t for t in range(len(e["words"])) if odds[b, t] > 0] for b, e in enumerate(CORPUS)]
    assert [[frame["index"] for frame in one.frames] for one in found] == expected
    assert 0 < sum(map(len, expected)) < sum(len(e["words"]) for e in CORPUS)


@pytest.mark.parametrize("work", [1, 14])
def test_so_much_work_at_most_and_what_is_left(work: int) -> None:
    for find in (False, True):
        whole = list(label(MODEL, COLLATE, CORPUS, 1000, find))
        part = list(label(MODEL, COLLATE, CORPUS, 1000, find, work))
        fit = [max(1, work // max(1, len(one.example["words"]))) for one in whole]
        assert [one.frames for one in part] == [one.frames[:n] for one, n in zip(whole, fit, strict=True)]
        left = [[frame["index"] for frame in one.frames[n:]] for one, n in zip(whole, fit, strict=True)]
        assert [one.unlabelled for one in part] == left and any(left)
        assert not any(one.unlabelled for one in whole)


def test_every_frame_has_a_roleset_of_its_word() -> None:
    rolesets = COLLATE.vocabulary.rolesets
    for one in label(MODEL, COLLATE, CORPUS, 1000, True):
        for frame in one.frames:
            word = one.example["words"][frame["index"]]
            known = [rolesets.names[i] for i in rolesets.candidates(word)]
            assert frame["roleset"] in known or (not known and frame["roleset"] == rolesets.most_frequent(word))
            assert frame["lemma"] == rolesets.lemma(frame["roleset"])


def test_scores_count_what_was_predicted() -> None:
    given, found = (list(label(MODEL, COLLATE, CORPUS, 1000, find)) for find in (False, True))
    scores = evaluate_srl(MODEL, COLLATE, CORPUS, 1000)
    counts = [srl_eval_counts([f["tags"] for f in one.example["frames"]], tags(one)) for one in given]
    assert scores.total("srl-eval") == sum(counts, EvalCounts())
    assert scores.illegal_output == 0
    wild = sum(len(invalid_transitions(row)) for one in given for row in one.argmax)
    assert scores.illegal_before_viterbi == wild > 0
    assert scores.as_dict()["given_predicates"] == sum(len(e["frames"]) for e in CORPUS)
    hits = sum(any(f["index"] == g["index"] for g in one.example["frames"]) for one in found for f in one.frames)
    assert scores.total("predicates").overall.tp == hits


def test_a_prediction_leaves_the_original_alone() -> None:
    one = next(found for found in label(MODEL, COLLATE, CORPUS, 1000, False) if found.frames)
    before = [frame["tags"] for frame in one.example["frames"]]
    assert one.predicted_example["frames"] == one.frames and tags(one) != before
    assert [frame["tags"] for frame in one.example["frames"]] == before


@pytest.mark.parametrize("find", [False, True])
def test_nothing_to_label(find: bool) -> None:
    assert list(label(MODEL, COLLATE, [], 100, find)) == []
    (one,) = label(MODEL, COLLATE, [{**CORPUS[0], "words": [], "pos": [], "frames": []}], 100, find)  # type: ignore[list-item]
    assert one.frames == []
