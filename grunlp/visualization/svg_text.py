"""Text in HTML and SVG: escaping, width, direction and label colors."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from typing import Any
from unicodedata import bidirectional
from zlib import crc32

from rich.cells import cell_len

RecordMapping = Mapping[str, Any]  # an output of a predictor

FONT_SIZE = 15.0  # pixels, of words
LABEL_FONT_SIZE = 11.0  # pixels, of labels
NUM_COLORS = 6  # colors of the style sheet, without the one of adjuncts

_INVALID_CHARS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # in HTML and XML
_NARROW, _WIDE = frozenset("fijlrtI.,:;'`!|()[] "), frozenset("mwMW@%—…")
_CORE_ROLE = re.compile(r"^(?:[RC]-)*(?:ARG|A)(\d)")


def escape_markup(text: object) -> str:
    """Escape text for HTML or SVG, and replace characters that are not allowed in either."""
    return escape(_INVALID_CHARS.sub("\ufffd", str(text)))


def truncate(text: str, max_length: int) -> str:
    """Truncate a text to at most `max_length` characters, including an ellipsis."""
    return text if len(text) <= max_length else text[: max_length - 1] + "…"


@lru_cache(maxsize=4096)
def text_width(text: str, font: float = FONT_SIZE) -> float:
    """Estimate the width of a text in pixels in a sans-serif font; CJK and emoji take two columns."""
    if not text.isascii() and "…" not in text and "—" not in text:
        return max(1, cell_len(text)) * (0.52 if cell_len(text) >= 2 * len(text) else 0.62) * font
    return sum(map(_glyph_width, text)) * font


def _glyph_width(character: str) -> float:
    """Estimate the width of a character as a fraction of the font size."""
    if character in _NARROW:
        return 0.32
    if character in _WIDE:
        return 0.9
    return 0.68 if character.isupper() else 0.58


def is_right_to_left(words: Iterable[str]) -> bool:
    """Check whether most letters are of a right-to-left script such as Arabic or Hebrew."""
    kinds = [bidirectional(character) for word in words for character in word]
    return sum(kind in ("R", "AL") for kind in kinds) > kinds.count("L")


def text_direction(words: Iterable[str]) -> str:
    """Return the `dir` attribute of an element: rtl or ltr."""
    return "rtl" if is_right_to_left(words) else "ltr"


def label_color(label: str) -> str:
    """Return the CSS class that colors a label: fixed for numbered roles and adjuncts, by hash for other labels.

    A reference or continuation (R-, C-) has the color of its role.
    """
    if core := _CORE_ROLE.match(label):
        return f"colour-{int(core[1]) % NUM_COLORS}"
    if label.removeprefix("R-").removeprefix("C-").startswith(("ARGM", "AM-")):
        return "colour-adjunct"
    return f"colour-{crc32(label.encode('utf-8', 'replace')) % NUM_COLORS}"
