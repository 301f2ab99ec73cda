"""A tokenizer of raw English text with character offsets, by a small set of fixed rules.

The rules follow the conventions of the Penn Treebank as used in the English Web Treebank, on which the labellers are
trained; general tokenizers split much of the same text differently (see the documentation).

1. White space separates tokens. Web and mail addresses, file and user names, hash tags and telephone numbers are not
   split.
2. Numbers with their separators and endings (1,000.5  10:30  3/4  21st  1990s), abbreviations of single letters (U.S.),
   initials before a name and common abbreviations with a dot (Mr. Inc. Sept.) are not split.
3. Negation and clitics are split from their word in either case, with a straight or curly apostrophe, or without one
   if that is unambiguous: do|n't  she|'s  WE|'LL  do|nt  that|s  i|m; also can|not  gon|na  wan|na  got|ta.
4. Hyphens within a word are tokens (well|-|known), but not after prefixes such as e, co and pre (e-mail). An apostrophe
   or & within a word is part of it (Ba'ath, A&E).
5. Combining marks (decomposed accents, vowel signs, joiners) belong to the word of the character before them.
   Invisible characters (byte order and direction marks, zero-width spaces) are left out.
6. Each emoticon, each run of dots, of dashes or of ! and ?, and each run of another symbol is one token.
"""

import re
from typing import NamedTuple
from unicodedata import category

UNSPACED_SCRIPTS = (
    "\u0e01-\u0e5b\u0e81-\u0edf\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Ranges of Han, kana, Thai, Lao, Burmese and Khmer, whose words are written without blanks between them, for regular
expressions."""

_ABBREVIATIONS = (
    "Mr Mrs Ms Dr Prof St Ft Mt Jr Sr vs etc Inc Ltd Co Corp Gen Lt Col Capt Cmdr Sgt Maj Rev Hon Sen Rep Gov Ave Blvd "
    "Jan Feb Mar Apr Aug Sept Sep Oct Nov Dec Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun approx dept est fig ext"
).replace(" ", "|")
# of names and files
_DOMAIN_SUFFIXES = "com|org|net|edu|gov|info|biz|uk|doc|docx|xls|pdf|txt|html?|jpg|png|gif|exe|zip|ppt"
_APOSTROPHE = "['’`´]"

_TOKEN = re.compile(
    rf"""
      (?:https?://|www\.)[^\s<>"]*[^\s<>".,;:!?)\]']        # web address
    | [\w.+-]{{1,64}}@[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{1,8}}     # mail address
    | \w[\w-]{{0,64}}(?:\.[\w-]{{1,64}}){{0,8}}\.(?:{_DOMAIN_SUFFIXES})\b
    | (?<!\w)[@\#][^\W\d]\w*                                # @user #tag
    | \(?\d{{3}}\)?-\d{{3}}-\d{{4}}\b                       # telephone
    | (?:[^\W\d_]\.){{2,}}                                  # U.S.
    | [ap]\.m\b\.?                                          # p.m.
    | \d+(?:[.,:/]\d+)*(?:(?:st|nd|rd|th|s)\b)?             # 1,000.5  21st
    | (?:{_ABBREVIATIONS})\.(?=\s*[\w,;:)"'-])              # at the end of a sentence the dot is its own
    | No\.(?=\s*\d)
    | [A-Z]\.(?=\s[A-Z])                                    # George W. Bush
    | [A-Z]+&[A-Z]+\b
    | (?:(?i:e|co|pre|post|non|re|anti|ex|semi|multi|mid|mini|sub|inter)-)[^\W\d_]+
    | (?i:can)(?=(?i:not)\b)                                # can|not
    | (?i:gon|wan)(?=(?i:na)\b) | (?i:got)(?=(?i:ta)\b)
    | (?i:do|does|did|is|are|was|were|have|has|had|ca|wo|would|could|should)(?=(?i:nt)\b) | (?i:nt)\b
    | (?i:that|what|there)(?=s\b) | i(?=(?:m|ve)\b)
    | [^\W\d_]+?(?=(?i:n{_APOSTROPHE}t)\b)                  # do|n't
    | (?i:n{_APOSTROPHE}t)\b
    | {_APOSTROPHE}(?i:s|re|ve|ll|d|m)\b
    | (?!\w+{_APOSTROPHE}(?i:s|re|ve|ll|d|m|t)\b)\w+['’]\w\w+  # Ba'ath
    | \w+
    | [<>]?[:;=8][-o^']?[)(\]\[DPpO/\\|3*](?!\w) | <3(?!\w) | \^_+\^  # :-)
    | [^\w\s][\U0001f3fb-\U0001f3ff]                        # emoji with its skin colour
    | \.{{2,}} | [!?]+ | ([^\w\s])\1+
    | \S
    """,
    re.VERBOSE,
)


_ZERO_WIDTH_JOINER = "\u200d"  # of emoji and of letters; U+200C keeps letters apart within a word, U+00AD may break it


class Token(NamedTuple):
    """A token and its position: `text[start:end] == word`."""

    word: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text. Joined, they are the text without white space and invisible characters."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    if not text.isascii():
        spans = _join_combining_marks(text, spans)
    return [Token(text[start:end], start, end) for start, end in spans]


def _join_combining_marks(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in spans:
        first = text[start]
        if joined and joined[-1][1] == start:
            last = text[start - 1]
            if _is_combining(first) or last == _ZERO_WIDTH_JOINER or (_is_combining(last) and first.isalnum()):
                joined[-1] = joined[-1][0], end
                continue
        if category(first) != "Cf":
            joined.append((start, end))
    return joined


def _is_combining(character: str) -> bool:
    return category(character)[0] == "M" or character in (_ZERO_WIDTH_JOINER, "\u200c", "\u00ad")
