import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.tokens import tokenize


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


@given(st.text(max_size=200))
def test_nothing_but_blanks_is_lost_and_offsets_fit(text: str) -> None:
    tokens = tokenize(text)
    assert "".join(token.word for token in tokens) == "".join(text.split())
    assert all(text[token.start : token.end] == token.word for token in tokens)
