from itertools import pairwise
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.word_tokenizer import tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("She gave him a book.", "She gave him a book ."),
        ("I don't think we'll go; it's Anna's!", "I do n't think we 'll go ; it 's Anna 's !"),
        ("He can't, cannot, won’t.", "He ca n't , can not , wo n’t ."),
        ("a well-known (so-called) U.S. firm", "a well - known ( so - called ) U.S. firm"),
        ("It cost $1,000.50 at 10:30...", "It cost $ 1,000.50 at 10:30 ..."),
        ("See https://example.org/a?b=1, or mail a.b@c.org.", "See https://example.org/a?b=1 , or mail a.b@c.org ."),
        ("Mr. Smith -- what?!", "Mr. Smith -- what ?!"),
        ("In the 1990s, on the 21st: DON'T, CANNOT", "In the 1990s , on the 21st : DO N'T , CAN NOT"),
        ("", ""),
        ("日本 🎉", "日本 🎉"),
    ],
)
def test_rule(text: str, words: str) -> None:
    assert [token.word for token in tokenize(text)] == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Jose\u0301 saw the cafe\u0301s.", ["Jose\u0301", "saw", "the", "cafe\u0301s", "."]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("👩\u200d💻 codes ❤\ufe0f", ["👩\u200d💻", "codes", "❤\ufe0f"]),
        ("\ufeffHello\u200b world\u200e!", ["Hello", "world", "!"]),
        ("co\u00adoperate", ["co\u00adoperate"]),
        ("\u200b \u200e", []),
    ],
)
def test_marks_belong_to_words_and_what_shows_nothing_is_left_out(text: str, words: list[str]) -> None:
    assert [token.word for token in tokenize(text)] == words


def visible(text: str) -> str:
    return "".join(c for c in text if not c.isspace() and category(c) != "Cf")


@given(st.text(max_size=200))
def test_nothing_that_shows_is_lost_and_offsets_fit(text: str) -> None:
    tokens = tokenize(text)
    assert visible("".join(token.word for token in tokens)) == visible(text)
    assert all(one.end <= other.start for one, other in pairwise(tokens))
    assert all(text[token.start : token.end] == token.word for token in tokens)


def test_an_emoji_keeps_its_skin_colour() -> None:
    assert [token.word for token in tokenize("Thanks \U0001f44d\U0001f3fd!")] == ["Thanks", "\U0001f44d\U0001f3fd", "!"]
