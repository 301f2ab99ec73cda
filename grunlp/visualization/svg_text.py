"""Text in drawings: what is safe to show, how wide it is, and which way it runs."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any
from unicodedata import bidirectional
from zlib import crc32

from rich.cells import cell_len

RecordMapping = Mapping[str, Any]  # an answer of a predictor

FONT_SIZE = 15.0  # pixels: the size of words
LABEL_FONT_SIZE = 11.0  # of labels
NUM_COLORS = 6  # of the style sheet, beside the one for adjuncts

_INVALID_CHARS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)  # neither HTML nor XML holds them
_NARROW, _WIDE = frozenset("fijlrtI.,:;'`!|()[] "), frozenset("mwMW@%—…")
_CORE_ROLE = re.compile(r"^(?:[RC]-)*(?:ARG|A)(\d)")


def escape_markup(text: object) -> str:
    """Any text as it stands in HTML or SVG: markup stays text, and characters that no page can hold are replaced."""
    return escape(_INVALID_CHARS.sub("\ufffd", str(text)))


def truncate(text: str, max_length: int) -> str:
    """A text of so many characters at most, the last of them an ellipsis where some are left out."""
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


@lru_cache(maxsize=4096)
def text_width(text: str, font: float = FONT_SIZE) -> float:
    """Pixels that a text takes, about, in a sans-serif font: narrow and wide letters, two columns for CJK and emoji."""
    if not text.isascii() and "…" not in text and "—" not in text:
        return max(1, cell_len(text)) * (0.52 if cell_len(text) >= 2 * len(text) else 0.62) * font
    return sum(map(_glyph_width, text)) * font


def _glyph_width(character: str) -> float:
    """Of the font's size."""
    if character in _NARROW:
        return 0.32
    if character in _WIDE:
        return 0.9
    return 0.68 if character.isupper() else 0.58


def is_right_to_left(words: Iterable[str]) -> bool:
    """Whether most letters are of a script such as Arabic or Hebrew, so that the words run right to left."""
    kinds = [bidirectional(character) for word in words for character in word]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def text_direction(words: Iterable[str]) -> str:
    """The `dir` of an element: rtl or ltr."""
    return "rtl" if is_right_to_left(words) else "ltr"


def label_color(label: str) -> str:
    """The class of the style sheet that colours a label: numbered roles and adjuncts as always, others by their name.

    A reference or continuation (R-, C-) has the colour of its role.
    """
    if core := _CORE_ROLE.match(label):
        return f"colour-{int(core[1]) % NUM_COLORS}"
    if label.removeprefix("R-").removeprefix("C-").startswith(("ARGM", "AM-")):
        return "colour-adjunct"
    return f"colour-{crc32(label.encode('utf-8', 'replace')) % NUM_COLORS}"
