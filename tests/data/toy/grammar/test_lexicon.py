"""Held-out entries stay at home, and the tables name only what exists."""

import pytest

from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.lexicon import SHARED, SPLITS, EntryPool, SplitRandom
from grunlp.data.toy.grammar.morphology import add_s
from grunlp.data.toy.grammar.noun_lexicon import ADJECTIVES, NOUN_MODIFIERS

PREDICATES = (*lexicon.VERBS.items, *lexicon.NOUN_PREDICATES.items, *lexicon.LIGHT_VERBS.items)
CLAUSES_AND_AMOUNTS = {
    *("TO", "ING", "THAT", "WHETHER", "NPTO", "NPBARE"),
    *("MONEY", "PERCENT", "SPAN", "WEIGHT", "NAME", "LANGUAGE", "OCCUPATION"),
}


def test_the_lexicon_is_rich():
    assert len({verb.forms[0] for verb in lexicon.VERBS.items}) >= 200
    assert len({noun.text for pool in lexicon.NOUNS.values() for noun in pool.items}) >= 400
    assert len({word for words in ADJECTIVES.values() for word in words.split()}) >= 100
    assert len({adverb.text for pool in lexicon.MEDIAL_ADVERBS.values() for adverb in pool.items}) >= 55


@pytest.mark.parametrize("split", ["dev", "test"])
def test_held_out_predicates_occur_in_no_other_split(corpus, split):
    own = {entry.roleset.split(".")[0].split("_")[0] for entry in PREDICATES if entry.split == split}
    assert len(own) >= 20
    used = {name: {f["lemma"] for e in corpus[name] for f in e["frames"]} for name in SPLITS}
    assert len(own & used[split]) >= 18
    for other in set(SPLITS) - {split}:
        assert not own & used[other]


@pytest.mark.parametrize("split", ["dev", "test"])
def test_held_out_words_occur_in_no_other_split(corpus, split):
    pools = [*lexicon.NOUNS.values(), *lexicon.MODIFIERS.values(), *lexicon.MEDIAL_ADVERBS.values(), lexicon.DEGREES]
    pools += [lexicon.FIRST_NAMES, lexicon.SURNAMES, lexicon.CITIES]
    own = {form for pool in pools for e in pool.items if e.split == split for form in (e.text, e.plural) if form}
    assert len(own) >= 110
    used = {name: {word for e in corpus[name] for word in e["words"]} for name in SPLITS}
    assert len(own & used[split]) >= 80
    for other in set(SPLITS) - {split}:
        assert not own & used[other]


def test_every_pool_has_something_for_every_split():
    pools = [*lexicon.NOUNS.values(), *lexicon.TIMES.values(), *lexicon.ADJUNCTS.values(), lexicon.VERBS]
    for pool in pools:
        assert all(pool.by_split[split] for split in SPLITS)


def test_tables_name_only_known_kinds():
    known = {*lexicon.NOUNS, *CLAUSES_AND_AMOUNTS, "city", "name", "deed"}
    for entry in (*PREDICATES, *lexicon.ADJECTIVES.items):
        for slot in (entry.subject, *entry.slots):
            assert set(slot.semantic_types) <= known, (entry.roleset, slot)
    assert {template.split()[1] for templates in NOUN_MODIFIERS.values() for template in templates} <= known


def test_a_line_of_the_verb_table():
    give = next(verb for verb in lexicon.VERBS.items if verb.roleset == "give.01")
    assert give.forms == ("give", "gave", "given")
    assert give.subject.role == "ARG0" and "person" in give.subject.semantic_types
    assert [slot.role for slot in give.slots] == ["ARG1", "ARG2"]
    assert give.object_slot is give.slots[0] and give.slots[1].prepositions == ("to",)
    assert "dative" in give.flags


def test_a_speaker_picks_what_its_split_may_use_and_notices_what_is_its_own():
    pool = EntryPool(lexicon.entries("alpha beta gamma delta epsilon zeta eta theta").items)
    assert [entry.text for entry in pool.items if entry.split != SHARED] == ["delta", "theta"]
    for split, hidden in (("train", {"delta", "theta"}), ("dev", {"theta"}), ("test", {"delta"})):
        say = SplitRandom(split)
        picked = {say.pick(pool).text for _ in range(200)}
        assert picked == {entry.text for entry in pool.items} - hidden
        assert say.has_heldout_word == (split != SHARED)


def test_plurals_are_given_where_the_rule_fails():
    for pool in lexicon.NOUNS.values():
        for noun in pool.items:
            if noun.text.endswith(("lf", "rf", "fe", "man", "mouse", "sheep", "goose")) and noun.plural:
                assert noun.plural != add_s(noun.text), noun.text
