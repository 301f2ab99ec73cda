"""Inflection."""

import pytest

from grunlp.data.toy.grammar.morphology import add_ing, add_s, article, plural, regular_past, verb_form


@pytest.mark.parametrize(
    ("verb", "s", "past", "ing"),
    [
        ("open", "opens", "opened", "opening"),
        ("carry", "carries", "carried", "carrying"),
        ("play", "plays", "played", "playing"),
        ("push", "pushes", "pushed", "pushing"),
        ("stop", "stops", "stopped", "stopping"),
        ("admit", "admits", "admitted", "admitting"),
        ("visit", "visits", "visited", "visiting"),
        ("fix", "fixes", "fixed", "fixing"),
        ("load", "loads", "loaded", "loading"),
        ("describe", "describes", "described", "describing"),
        ("agree", "agrees", "agreed", "agreeing"),
        ("travel", "travels", "traveled", "traveling"),
    ],
)
def test_regular_verbs(verb, s, past, ing):
    assert (add_s(verb), regular_past(verb), add_ing(verb)) == (s, past, ing)


@pytest.mark.parametrize(
    ("verb", "ing"), [("see", "seeing"), ("run", "running"), ("begin", "beginning"), ("eat", "eating")]
)
def test_participles_of_irregular_verbs(verb, ing):
    assert add_ing(verb) == ing


def test_be_and_have_agree():
    be = ("be", "was", "been")
    assert [verb_form(*be, "VBP", who) for who in ("I", "singular", "plural")] == ["am", "is", "are"]
    assert [verb_form(*be, "VBD", who) for who in ("I", "singular", "plural")] == ["was", "was", "were"]
    assert [verb_form(*be, tag, "I") for tag in ("VB", "VBN", "VBG")] == ["be", "been", "being"]
    assert verb_form("have", "had", "had", "VBP", "singular") == "has"
    assert verb_form("give", "gave", "given", "VBP", "singular") == "gives"


def test_plurals():
    assert [plural(noun) for noun in ("box", "city", "radio", "potato", "bus")] == [
        "boxes", "cities", "radios", "potatoes", "buses",
    ]  # fmt: skip


def test_articles():
    words = ("apple", "hour", "honest", "uniform", "university", "European", "unusual", "book", "one-way")
    assert [article(word) for word in words] == ["an", "an", "an", "a", "a", "a", "an", "a", "a"]
