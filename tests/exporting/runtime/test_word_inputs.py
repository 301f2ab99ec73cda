"""Arrays of words in the exported script equal those of the collator."""

import numpy as np
import pytest

from grunlp.data.collate import SRLCollator
from grunlp.data.examples import SRLExample
from grunlp.exporting.runtime.word_inputs import WordEncoder, pad_rows, parse_words
from grunlp.exporting.word_inputs import WORD_INPUT_AXES, to_arrays, vocabulary_tables
from tests.random_srl_corpus import toy_corpus, vocabulary_of

VOCABULARY = vocabulary_of(toy_corpus(40))


def test_arrays_are_those_of_the_collator() -> None:
    sentences = [["Anna", "sees", "the", "Qüx", "cat"], ["catdogbread" * 40, "CAT"], ["Anna"], ["1998", "a" * 41]]
    examples = [SRLExample(id="", document="", words=words, pos=[], frames=[]) for words in sentences]
    expected = to_arrays(SRLCollator(VOCABULARY, None)(examples))
    found = WordEncoder(vocabulary_tables(VOCABULARY))(sentences)
    by_name = dict(zip(WORD_INPUT_AXES, zip(found, expected, strict=True), strict=True))
    np.testing.assert_array_equal(*by_name["words"])
    np.testing.assert_array_equal(*by_name["lengths"])
    chars, shapes, index = by_name["char_ids"], by_name["word_shapes"], by_name["char_index"]
    for b, words in enumerate(sentences):  # distinct words may be in another order
        for t in range(len(words)):
            rows = [np.trim_zeros(np.asarray(chars[k])[int(index[k][b, t])], "b").tolist() for k in (0, 1)]
            assert rows[0] == rows[1]
            assert int(shapes[0][int(index[0][b, t])]) == int(shapes[1][int(index[1][b, t])])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"words": ["a", "b"]}', ["a", "b"]),
        ('{"words": []}', []),
        ('{"words": ["\\ud800"]}', ["?"]),
        ('{"words": "ab"}', None),
        ('{"words": [1]}', None),
        ('{"text": "a"}', None),
        ('{"words": ["a"', None),
        ("{" * 5, None),
        ("a text", None),
        ("", None),
    ],
)
def test_only_lists_of_strings_are_words(line: str, words: list[str] | None) -> None:
    assert parse_words(line) == words


def test_rows_are_padded_with_zeros() -> None:
    assert pad_rows([[1, 2], [], [3]], 3).tolist() == [[1, 2, 0], [0, 0, 0], [3, 0, 0]]
    assert pad_rows([], 2).shape == (0, 2)
