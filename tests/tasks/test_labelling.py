"""Labels do not depend on neighbours, order or batch size; scores are those of the tags."""

import torch

from grunlp.config import compose_config
from grunlp.data.bio import illegal_positions
from grunlp.data.vocabulary import Vocabulary
from grunlp.metrics.spans import Counts, count_srl
from grunlp.run import build_model
from grunlp.tasks.labelling import label, score, with_tags
from tests.toys import toy_corpus

CORPUS = toy_corpus(40)
VOCABULARY = Vocabulary.count(CORPUS, 1)
torch.manual_seed(0)
MODEL = build_model(compose_config(["recipe=srl", "debug=tiny"]), VOCABULARY).eval()
with torch.no_grad():
    MODEL.roles.weight.mul_(20)  # far from ties


def test_order_is_kept_and_neighbours_do_not_matter() -> None:
    small = list(label(MODEL, VOCABULARY, CORPUS, batch_tokens=1))
    large = list(label(MODEL, VOCABULARY, iter(CORPUS), batch_tokens=10_000))
    assert [one.example for one in large] == CORPUS
    assert [one.tags for one in small] == [one.tags for one in large]
    back = list(label(MODEL, VOCABULARY, CORPUS[::-1], batch_tokens=100))
    assert [one.tags for one in back[::-1]] == [one.tags for one in large]


def test_longer_than_a_chunk() -> None:
    many = CORPUS * 60
    assert [one.example["id"] for one in label(MODEL, VOCABULARY, many, 10_000)] == [e["id"] for e in many]


def test_scores_count_what_was_predicted() -> None:
    found = list(label(MODEL, VOCABULARY, CORPUS, 1000))
    scores = score(MODEL, VOCABULARY, CORPUS, 1000)
    counts = [count_srl([f["tags"] for f in one.example["frames"]], one.tags) for one in found]
    assert scores.total("srl-eval") == sum(counts, Counts())
    assert scores.illegal_output == 0
    wild = sum(len(illegal_positions(tags)) for one in found for tags in one.argmax)
    assert scores.illegal_argmax == wild > 0
    assert scores.as_dict()["predicates"] == sum(len(e["frames"]) for e in CORPUS)


def test_with_tags_leaves_the_original_alone() -> None:
    one = next(found for found in label(MODEL, VOCABULARY, CORPUS, 1000) if found.tags)
    before = [frame["tags"] for frame in one.example["frames"]]
    assert [frame["tags"] for frame in with_tags(one)["frames"]] == one.tags != before
    assert [frame["tags"] for frame in one.example["frames"]] == before


def test_nothing_to_label() -> None:
    assert list(label(MODEL, VOCABULARY, [], 100)) == []
