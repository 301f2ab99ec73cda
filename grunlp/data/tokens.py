"""Raw English text to tokens, by a small fixed rule, character offsets kept.

The rule follows the Penn Treebank's conventions as the English Web Treebank uses them:

1. Blanks separate. Addresses of the web and of mail stay whole.
2. Numbers with their separators and endings (1,000.5  10:30  3/4  21st  1990s), abbreviations of single letters (U.S.)
   and a few with a dot (Mr. Inc.) stay whole.
3. Negation and clitics part from their word in either case: do|n't  she|'s  WE|'LL  (also with a curly apostrophe);
   can|not.
4. Hyphens within a word stand alone (well|-|known); runs of dots, dashes, ! and ? stay together; every other sign
   is a token of its own.
"""

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""
      (?:https?://|www\.)[^\s<>"]*[^\s<>".,;:!?)\]']   # web address
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+                     # mail address
    | (?:[^\W\d_]\.){2,}                               # U.S.
    | \d+(?:[.,:/]\d+)*(?:(?:st|nd|rd|th|s)\b)?        # 1,000.5  21st
    | (?:Mr|Mrs|Ms|Dr|Prof|St|Jr|Sr|vs|etc|Inc|Ltd|Co|Corp)\.
    | (?i:can)(?=(?i:not)\b)                           # can|not
    | [^\W\d_]+?(?=(?i:n['’]t)\b)                      # do|n't
    | (?i:n['’]t)\b
    | ['’](?i:s|re|ve|ll|d|m)\b
    | \w+
    | \.{2,} | -{2,} | [!?]+
    | \S
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A token and where it stands: `text[start:end] == word`."""

    word: str
    start: int
    end: int


def tokenize(text: str) -> list[Token]:
    """Tokens of one sentence; their words joined are the text without its blanks."""
    return [Token(match.group(), match.start(), match.end()) for match in _TOKEN.finditer(text)]
