"""Templates of adjuncts: their slots are known, and each can be filled."""

import re

import pytest

from grunlp.data.toy.grammar import adjunct_phrases, lexicon
from grunlp.data.toy.grammar.clauses import ClauseGenerator
from grunlp.data.toy.grammar.lexicon import SPLITS, SplitRandom

TEXTS = [*adjunct_phrases.TIMES.values(), adjunct_phrases.INSTRUMENT]
TEXTS += [text for text in vars(adjunct_phrases).values() if isinstance(text, str) and text.count("|") > 2]
TEMPLATES = sorted({template for text in TEXTS for template in text.split("|")})
SLOTS = {"WEEKDAY", "MONTH", "CLOCK", "UNIT", "NUMBER", "HOUR", "DAY", "YEAR", "MONEY"}


def test_slots_are_semantic_types_or_numbers() -> None:
    assert len(TEMPLATES) > 180
    for template in TEMPLATES:
        assert set(re.findall(r"{(\w+)}", template)) <= {*lexicon.NOUNS, "name", "city"}, template
        capitals = {word for word in re.findall(r"\b[A-Z]{2,}\b", re.sub(r"/\S+", "", template))}
        assert capitals <= SLOTS, template


@pytest.mark.parametrize("split", SPLITS)
def test_every_template_becomes_words_with_tags(split: str) -> None:
    fill = ClauseGenerator(SplitRandom(split)).adverbials.fill_template
    for template in TEMPLATES:
        words = fill(template).words
        assert len(words) >= len(template.split()), template
        for word in words:
            assert word.pos and word.text and not set("{}/|") & set(word.text), template
            assert word.text not in SLOTS, template
