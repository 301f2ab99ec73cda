"""Sentences of each type: capitalized, punctuated, with balanced quotes and frames inside the sentence."""

import pytest

from grunlp.data.toy.grammar import sentences
from grunlp.data.toy.grammar.lexicon import SplitRandom
from grunlp.data.toy.grammar.phrases import Phrase
from grunlp.data.toy.grammar.sentences import SENTENCE_TYPES, SentenceGenerator
from tests.data.toy.grammar.frame_checks import check_frames

TYPES = sorted(SENTENCE_TYPES)


def make(kind: str, count: int, monkeypatch: pytest.MonkeyPatch) -> list[Phrase]:
    monkeypatch.setattr(sentences, "SENTENCE_TYPES", {kind: 1.0})
    generator = SentenceGenerator(SplitRandom("train"))
    return [generator.make() for _ in range(count)]


@pytest.mark.parametrize("kind", TYPES)
def test_a_sentence_is_capitalized_punctuated_and_has_legal_frames(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for phrase in make(kind, 60, monkeypatch):
        example = check_frames(phrase)
        words = example["words"]
        assert kind in phrase.constructions and words.count('"') % 2 == 0
        first = words[words[0] == '"']
        assert first[0].isupper() or first[0].isdigit()
        if kind != "heading":
            assert words[-1] in (".", "?", "!", '"') and example["frames"], " ".join(words)
        assert (words[-1] == "?") == (kind in ("polar_question", "wh_question")) or kind == "heading"


def test_quotations_are_labelled_whole_or_in_two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    split = 0
    for phrase in make("quotation", 80, monkeypatch):
        example = check_frames(phrase)
        assert example["words"].count('"') == (4 if "split-quote" in phrase.constructions else 2)
        reporting = [f for f in example["frames"] if {"B-ARG0", "B-ARG1"} <= set(f["tags"])]
        assert reporting
        if "split-quote" in phrase.constructions:
            split += 1
            assert any("B-C-ARG1" in frame["tags"] for frame in reporting)
    assert split > 5


def test_coordinated_verbs_share_their_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    for phrase in make("verb_coordination", 40, monkeypatch):
        starts = [words[0] for predicate in phrase.predicates for role, words in predicate.roles if role[:3] == "ARG"]
        assert max(starts.count(word) for word in starts) >= 2, "one word begins arguments of two verbs"


def test_headings_have_no_predicate(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(phrase.predicates for phrase in make("heading", 60, monkeypatch))
