"""The shape of a word: its pattern of capitals, digits and punctuation, regardless of its letters."""

from functools import lru_cache

WORD_SHAPES = ("other", "lower", "Capital", "UPPER", "A.", "miXed", "lower-digits", "Upper-Digits", "digits", "signs")


@lru_cache(maxsize=1 << 16)
def shape(word: str) -> int:
    """Return the index of a word's shape in SHAPES.

    The empty word and words of a script without capitals are "other".
    """
    letters = [character for character in word if character.isalpha()]
    digits = any(character.isdigit() for character in word)
    if not letters:
        return WORD_SHAPES.index("digits" if digits else "signs" if word else "other")
    capitals = sum(map(_is_capital, letters))
    if capitals == 0 and not any(character.islower() for character in letters):
        return WORD_SHAPES.index("other")
    if digits:
        return WORD_SHAPES.index("Upper-Digits" if capitals else "lower-digits")
    if capitals == 0:
        return WORD_SHAPES.index("lower")
    if capitals == len(letters):
        return WORD_SHAPES.index("UPPER" if len(letters) > 1 else "A." if "." in word else "Capital")
    return WORD_SHAPES.index("Capital" if capitals == 1 and _is_capital(letters[0]) else "miXed")


def _is_capital(character: str) -> bool:
    return character.isupper() or character.istitle()
