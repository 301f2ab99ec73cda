"""Each shape has words, and letters that are no capitals anywhere have none."""

import pytest

from grunlp.data.word_shape import WORD_SHAPES, shape


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", "other"),
        ("東京", "other"),
        ("she", "lower"),
        ("don't", "lower"),
        ("Anna", "Capital"),
        ("I", "Capital"),
        ("(Anna", "Capital"),
        ("NATO", "UPPER"),
        ("J.", "A."),
        ("iPhone", "miXed"),
        ("McDonald", "miXed"),
        ("mp3", "lower-digits"),
        ("B2B", "Upper-Digits"),
        ("1,000", "digits"),
        ("...", "signs"),
        ("😀", "signs"),
    ],
)
def test_shape(word: str, expected: str) -> None:
    assert WORD_SHAPES[shape(word)] == expected
