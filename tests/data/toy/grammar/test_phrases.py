"""Roles follow their words wherever these are moved."""

import pytest

from grunlp.data.toy.grammar.phrases import Phrase, Predicate, Word, join, parse_tagged, to_example


def test_templates_know_closed_classes_tags_numbers_and_names():
    phrase = parse_tagged("in a big/JJ hurry , 1998 Lisbon")
    assert [word.pos for word in phrase.words] == ["IN", "DT", "JJ", "NN", ",", "CD", "NNP"]
    assert phrase.words[2].text == "big"


def test_a_fronted_object_keeps_its_role():
    subject, verb, thing = parse_tagged("she"), Word("read", "VBD"), parse_tagged("what")
    predicate = Predicate([verb], "read.01")
    predicate.add_role("ARG0", subject)
    predicate.add_role("ARG1", thing)
    example = to_example(join((thing, subject, Phrase([verb], [predicate]))), "x", "d")
    assert example["words"] == ["what", "she", "read"]
    assert example["frames"] == [
        {"index": 2, "lemma": "read", "roleset": "read.01", "tags": ["B-ARG1", "B-ARG0", "B-V"]}
    ]


def test_a_particle_is_part_of_v_or_apart_from_it():
    verb, particle, box = Word("picked", "VBD"), Word("up", "RP"), parse_tagged("the box")
    predicate = Predicate([verb, particle], "pick_up.04")
    predicate.add_role("ARG1", box)
    together = to_example(join((Phrase([verb], [predicate]), Phrase([particle]), box)), "x", "d")
    assert together["frames"][0]["tags"] == ["B-V", "I-V", "B-ARG1", "I-ARG1"]
    assert together["frames"][0]["lemma"] == "pick"
    apart = to_example(join((Phrase([verb], [predicate]), box, Phrase([particle]))), "x", "d")
    assert apart["frames"][0]["tags"] == ["B-V", "B-ARG1", "I-ARG1", "B-C-V"]


def test_a_role_torn_apart_is_an_error():
    verb, box = Word("saw", "VBD"), parse_tagged("the box")
    predicate = Predicate([verb], "see.01")
    predicate.add_role("ARG1", box)
    with pytest.raises(ValueError, match="ARG1 are torn apart: the box"):
        to_example(Phrase([box.words[0], verb, box.words[1]], [predicate]), "x", "d")


def test_marks_are_gathered():
    assert (
        parse_tagged("a").with_constructions("one") + parse_tagged("b").with_constructions("two")
    ).constructions == {"one", "two"}
