"""Random examples for the verification of exports: of the requested lengths, with unknown words among them."""

import numpy as np
import pytest

from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.exporting.random_inputs import random_text, random_words
from tests.random_srl_corpus import toy_corpus, vocabulary_of


@pytest.mark.parametrize("kind", ["word", "character", "bpe"])
def test_a_text_is_that_of_its_tokens(kind: str) -> None:
    tokenizer = TextTokenizer.train(kind, ["the cat sat on the mat"] * 3, 40, 1)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    for length in (0, 1, 9):
        example = random_text(tokenizer, length, rng)
        assert len(example.ids) == length and all(EOS_ID < i < len(tokenizer) for i in example.ids)
        assert example.text == " ".join(tokenizer.decode(example.ids).split())


def test_sentences_have_known_capitalized_and_unknown_words() -> None:
    vocabulary = vocabulary_of(toy_corpus(40))
    sentences = random_words(vocabulary, [3, 0, 400], np.random.default_rng(0))
    assert [len(words) for words in sentences] == [3, 0, 400]
    known = set(vocabulary.words.items)
    words = sentences[2]
    assert any(word in known for word in words) and any(word.lower() not in known for word in words)
    assert any(word not in known and word.lower() in known for word in words)
    assert all(words) and max(map(len, words)) > 8
