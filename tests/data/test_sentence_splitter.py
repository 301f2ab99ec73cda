import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.sentence_splitter import MAX_SENTENCE_TOKENS, split_sentences
from grunlp.data.word_tokenizer import tokenize


def sentences(text: str) -> list[str]:
    return [" ".join(token.word for token in tokens) for tokens, _ in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rains. He left! why? no", ["It rains .", "He left !", "why ?", "no"]),
        ("Mr. Smith left at 5 p.m. He was tired.", ["Mr. Smith left at 5 p.m.", "He was tired ."]),
        ("U.S. officials met in the U.S. The talks failed.", ["U.S. officials met in the U.S.", "The talks failed ."]),
        ("She works at Google Inc. in Ohio.", ["She works at Google Inc. in Ohio ."]),
        ('He said "Go." Then he left.', ['He said " Go . "', "Then he left ."]),
        ("Wait... what? Well... Yes.", ["Wait ... what ?", "Well ...", "Yes ."]),
        (".NET rocks. Yes.", [". NET rocks .", "Yes ."]),
        ("the end.The start. version 2.0 of a.b", ["the end .", "The start .", "version 2.0 of a . b"]),
        ("It cost $3.50, e.g. for tea.", ["It cost $ 3.50 , e.g. for tea ."]),
        ("(It was late.) We went.", ["( It was late . )", "We went ."]),
        ("NASA to launch telescope", ["NASA to launch telescope"]),
        ("", []),
        (" \t ", []),
    ],
)
def test_rule(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=300))
def test_nothing_is_lost_and_offsets_fit(text: str) -> None:
    tokens = [token for sentence in split_sentences(text) for token in sentence.tokens]
    assert tokens == tokenize(text)
    assert all(text[token.start : token.end] == token.word for token in tokens)
    assert all(one.end <= other.start for one, other in pairwise(tokens))


def test_long_sentences_are_cut_at_a_pause() -> None:
    text = "a " * 150 + ", " + "b " * 200
    parts = list(split_sentences(text))
    assert [(len(tokens), part) for tokens, part in parts] == [(151, True), (MAX_SENTENCE_TOKENS, True)]
    assert sum(len(tokens) for tokens, _ in split_sentences("x " * 1001)) == 1001
    assert [part for _, part in split_sentences("x " * MAX_SENTENCE_TOKENS)] == [False]


ENDLESS = [
    "-a" * 20_000,
    ") ] " * 10_000,
    "a" * 100_000,
    "x." * 20_000,
    "a@" * 20_000,
    "'" * 50_000,
    "a\u0301" * 50_000,
    "\u0301" * 100_000,
]


@pytest.mark.parametrize("text", ENDLESS, ids=lambda text: text[:4])
def test_time_grows_with_length_alone(text: str) -> None:
    started = time.perf_counter()
    tokens = [token for sentence in split_sentences(text) for token in sentence.tokens]
    assert "".join(token.word for token in tokens) == "".join(text.split())
    assert time.perf_counter() - started < 5
