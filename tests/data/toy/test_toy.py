"""The corpus as a whole: the same everywhere, legal, varied, and harder outside training."""

import hashlib
import json
from collections import Counter
from itertools import pairwise

import pytest

from grunlp.data.tags import invalid_transitions, tags_to_spans
from grunlp.data.toy import DESCRIPTION, HELD_OUT, HELD_OUT_EVERY, SPLIT_SIZES, toy_srl_examples
from grunlp.data.toy.grammar.lexicon import SPLITS
from grunlp.utils.errors import UserError

# When the grammar or lexicon changes on purpose, so do these.
DIGESTS = {"train": "32c9c9436e32c4ed", "dev": "ba156b0a9c34d7fe", "test": "1158afa00d0cb71d"}
LABELS = {  # the least that dev and test have of each; training has five times as many
    "ARG0": 500, "ARG1": 700, "ARG2": 150, "ARG3": 10, "ARG4": 5,
    "ARGM-TMP": 100, "ARGM-LOC": 60, "ARGM-MNR": 40, "ARGM-CAU": 20, "ARGM-PRP": 25, "ARGM-ADV": 60, "ARGM-DIS": 40,
    "ARGM-MOD": 100, "ARGM-NEG": 40, "ARGM-EXT": 3, "ARGM-COM": 10, "ARGM-GOL": 10, "ARGM-PRD": 3, "ARGM-ADJ": 8,
    "ARGM-LVB": 20, "ARGM-PRR": 20, "R-ARG0": 10, "R-ARG1": 15, "R-ARGM-LOC": 4, "C-ARG1": 30, "C-ARG2": 5, "C-V": 5,
}  # fmt: skip
CONSTRUCTIONS = {
    "passive": 60, "by-phrase": 30, "double-object": 8, "polar_question": 15, "wh-argument": 20, "wh-adjunct": 8,
    "relative-subject": 8, "relative-object": 8, "relative-reduced": 2, "relative-where": 4, "stranded": 5,
    "quote": 15, "split-quote": 5, "split-particle": 5, "modal": 60, "negation": 40, "np-coordination": 50,
    "verb_coordination": 25, "clause_coordination": 20, "control": 30, "raising": 10, "noun-predicate": 5,
    "light-verb": 15, "copula": 30, "adjective-predicate": 20, "imperative": 10, "existential": 5, "no-predicate": 5,
    "clause-ARGM-TMP": 4, "clause-ARGM-CAU": 4, "clause-ARGM-ADV": 3, "clause-ARGM-PRP": 6, "that-clause": 15,
    "indirect-question": 2, "noun-modifier": 40,
}  # fmt: skip


def text(example):
    return " ".join(example["words"])


@pytest.mark.parametrize("split", SPLITS)
def test_is_the_same_everywhere(corpus, split):
    lines = "\n".join(json.dumps(example, sort_keys=True) for example in corpus[split])
    assert hashlib.sha256(lines.encode()).hexdigest()[:16] == DIGESTS[split]


@pytest.mark.parametrize("split", SPLITS)
def test_sizes_and_names(corpus, split):
    examples = corpus[split]
    assert len(examples) == SPLIT_SIZES[split]
    assert len({example["id"] for example in examples}) == len(examples)
    assert set(Counter(example["document"] for example in examples).values()) == {10}
    assert examples[0]["id"] == f"demo-{split}-0001"
    assert examples[0]["document"] == f"demo-{split}-001"


@pytest.mark.parametrize("split", SPLITS)
def test_every_frame_is_legal(corpus, split):
    for example in corpus[split]:
        words, frames = example["words"], example["frames"]
        assert len(words) == len(example["pos"]) and all(words) and all(example["pos"])
        assert [frame["index"] for frame in frames] == sorted({frame["index"] for frame in frames})
        for frame in frames:
            assert len(frame["tags"]) == len(words)
            assert not invalid_transitions(frame["tags"])
            assert [span.start for span in tags_to_spans(frame["tags"]) if span.label == "V"] == [frame["index"]]
            assert frame["roleset"].startswith(frame["lemma"])


@pytest.mark.parametrize("split", SPLITS)
def test_every_role_is_there_once_and_references_have_a_referent(corpus, split):
    for example in corpus[split]:
        for frame in example["frames"]:
            labels = Counter(span.label for span in tags_to_spans(frame["tags"]))
            for label, count in labels.items():
                if label[:2] in ("R-", "C-"):
                    assert labels[label[2:]] == 1, (text(example), label)
                elif not label.startswith("ARGM"):
                    assert count == 1, (text(example), label)


@pytest.mark.parametrize("split", SPLITS)
def test_sentences_look_like_sentences(corpus, split):
    for example in corpus[split]:
        words = example["words"]
        first = words[1] if words[0] == '"' else words[0]
        assert first[0].isupper() or first[0].isdigit(), text(example)
        assert words.count('"') in (0, 2, 4)
        for word, following in pairwise(words):
            assert not (word in ("a", "A") and following[0] in "aeio"), text(example)
            assert word not in ("the", "a", "an", "and", "by", "of", "not") or word != following, text(example)


def test_no_sentence_is_repeated_within_or_between_splits(corpus):
    sentences = [text(example).lower() for split in SPLITS for example in corpus[split]]
    assert len(set(sentences)) == len(sentences) == sum(SPLIT_SIZES.values())


@pytest.mark.parametrize("split", SPLITS)
def test_every_label_and_construction_is_there(corpus, constructions, split):
    labels = Counter(s.label for e in corpus[split] for f in e["frames"] for s in tags_to_spans(f["tags"]))
    factor = 5 if split == "train" else 1
    assert {label: labels[label] for label, least in LABELS.items() if labels[label] < least * factor} == {}
    marks = Counter(mark for phrase in constructions[split] for mark in phrase.constructions)
    assert {mark: marks[mark] for mark, least in CONSTRUCTIONS.items() if marks[mark] < least * factor} == {}


@pytest.mark.parametrize("split", SPLITS)
def test_verbs_nouns_and_adjectives_are_predicates_and_some_sentences_have_none(corpus, split):
    kinds = Counter(e["pos"][f["index"]][:2] for e in corpus[split] for f in e["frames"])
    assert set(kinds) == {"VB", "NN", "JJ"}
    assert min(kinds["NN"], kinds["JJ"]) >= 20
    assert sum(not example["frames"] for example in corpus[split]) >= 5


def test_auxiliaries_have_frames_with_nothing_but_v(corpus):
    frames = [f for e in corpus["train"] for f in e["frames"] if f["roleset"] in ("be.03", "have.01", "do.01")]
    assert len(frames) > 1000
    assert all(set(frame["tags"]) == {"O", "B-V"} for frame in frames)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_reserved_combinations_stay_in_their_split(constructions, split):
    other = "test" if split == "dev" else "dev"
    for combination in HELD_OUT[split]:
        assert sum(combination <= phrase.constructions for phrase in constructions[split]) >= 8
        for elsewhere in ("train", other):
            assert not any(combination <= phrase.constructions for phrase in constructions[elsewhere])
            for mark in combination:  # each alone is known
                assert any(mark in phrase.constructions for phrase in constructions[elsewhere])
    combined = sum(any(c <= phrase.constructions for c in HELD_OUT[split]) for phrase in constructions[split])
    assert combined >= SPLIT_SIZES[split] / HELD_OUT_EVERY


@pytest.mark.parametrize("split", ["dev", "test"])
def test_one_word_in_fifteen_is_unseen_in_training(corpus, split):
    seen = {word.lower() for example in corpus["train"] for word in example["words"]}
    words = [word.lower() for example in corpus[split] for word in example["words"]]
    assert 1 / 15 < sum(word not in seen for word in words) / len(words) < 1 / 5


def test_an_unknown_split_is_an_error_in_three_parts():
    with pytest.raises(UserError) as error:
        next(toy_srl_examples("tset"))
    assert error.value.message == "the toy corpus has no split 'tset'"
    assert error.value.details == "There are train, dev, test."
    assert error.value.hint == "Did you mean 'test'?"


def test_says_that_it_is_a_demonstration():
    assert "demonstration" in DESCRIPTION and "nothing about real text" in DESCRIPTION
