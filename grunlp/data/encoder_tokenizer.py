"""The check of `encoder/tokenizer.json` of a run before the library tokenizers builds anything of it.

A normalizer may replace a letter by megabytes, again and again, and a regular expression may take hours or end the
process. So every part is of a known type, none lets a text grow by more than a constant, and no regular expressions are
read but the few that known encoders have.
"""

import base64
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from grunlp.utils.errors import DataError

_NORMALIZERS = {
    *("BertNormalizer", "ByteLevel", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Nmt", "Precompiled", "Prepend"),
    *("Replace", "Strip", "StripAccents"),
}
_PRE_TOKENIZERS = {
    *("BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Whitespace"),
    *("WhitespaceSplit",),
}
_POST_PROCESSORS = {"BertProcessing", "ByteLevel", "RobertaProcessing", "TemplateProcessing"}
_MODELS = {"BPE", "Unigram", "WordLevel", "WordPiece"}
_REGEXES = {" {2,}", r"\A +| +\z", r"\s+", r"\s{2,}|[\n\r\t]"}
_MAX_PARTS = 16
_MAX_REPLACEMENT_BYTES = 64  # of a character in a compiled table: the longest of Unicode has 33
_MAX_GROWTH = 100  # characters in place of one: U+FDFA has 18, and 33 where they become bytes
_MAX_ADDED_TOKENS, _MAX_TOKEN_LENGTH = 2**16, 1000
_MAX_ADDED_BYTES = 2**20  # of all added tokens; the automaton that finds them in a text has 100 bytes for each
_MAX_PIECE_LENGTH = 128  # of a Unigram model, which tries every length at every character
_MAX_AFFIX_LENGTH = 16  # of the marks at the beginning or end of sub-words, which are copied for each
_MAX_WORD_LENGTH = 1000  # of WordPiece, whose time grows with its square


def check_tokenizer(path: Path, content: Any) -> dict[str, Any]:
    """Return the content of a `tokenizer.json` without the parts that sub-words of words do not need.

    Args:
        path: the file, for errors.
        content: its content.

    Raises:
        DataError: a part is unknown or could take much time or memory.
    """
    try:
        return _checked(content)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        details = "it has parts that the tokenizer of an encoder does not have"
        raise DataError(path, None, f"not a tokenizer of an encoder: {error!s:.200}", details, "Train again.") from None


def check_growth(path: Path, content: dict[str, Any], normalizer: Any) -> None:
    """Raise DataError if a normalizer replaces a character by more than `_MAX_GROWTH` characters.

    Each part of a normalizer is bounded by `check_tokenizer`, but a table may replace each of the 18 characters that
    Unicode puts in place of one. The keys of the table are not known, so the characters in question are tried.

    Args:
        path: the file, for errors.
        content: what `check_tokenizer` returned.
        normalizer: the normalizer that the library tokenizers made of it; None if it has none.
    """
    types = {part["type"] for part in _parts(content["normalizer"], "normalizers", _NORMALIZERS)}
    if "Precompiled" not in types or not types & {"NFKC", "NFKD", "NFD"}:
        return
    character = max(_decomposable_characters(), key=lambda character: len(normalizer.normalize_str(character)))
    if (length := len(normalizer.normalize_str(character))) > _MAX_GROWTH:
        details = f"its normalizer replaces U+{ord(character):04X} by {length} characters"
        raise DataError(path, None, "not a tokenizer of an encoder", details, "Train again.")


@cache
def _decomposable_characters() -> list[str]:
    """Return the characters that NFKD replaces by several; beyond U+FFFF none is replaced by more than three."""
    characters = map(chr, range(0x10000))
    return [character for character in characters if len(unicodedata.normalize("NFKD", character)) > 1]


def _checked(content: Any) -> dict[str, Any]:
    normalizers = list(_parts(content["normalizer"], "normalizers", _NORMALIZERS))
    _require_once(part["type"] for part in normalizers if part["type"] != "Replace")
    for part in normalizers:
        _check_normalizer(part)
    pre_tokenizers = list(_parts(content["pre_tokenizer"], "pretokenizers", _PRE_TOKENIZERS))
    _require_once(part["type"] for part in pre_tokenizers)
    _require_once(part["type"] for part in [*normalizers, *pre_tokenizers] if part["type"] == "ByteLevel")
    processors = list(_parts(content["post_processor"], "processors", _POST_PROCESSORS))
    _require_once(part["type"] for part in processors)
    _require(len(repr(processors)) < 10_000, "the post_processor is too long")
    for part in processors:
        if part["type"] == "TemplateProcessing":
            _check_template(part["single"])
            _check_template(part["pair"])
    added = content["added_tokens"]
    _require(len(added) <= _MAX_ADDED_TOKENS, "it has too many added tokens")
    _require(all(len(token["content"]) <= _MAX_TOKEN_LENGTH for token in added), "an added token is too long")
    size = sum(len(token["content"].encode("utf-8", "replace")) for token in added)
    _require(size <= _MAX_ADDED_BYTES, f"its added tokens have {size} bytes together")
    _check_model(content["model"])
    return {**content, "truncation": None, "padding": None, "decoder": None}


def _check_model(model: dict[str, Any]) -> None:
    _require(model["type"] in _MODELS, f"its model is of the type {model['type']!r}")
    _require(not model.get("dropout"), "its model drops merges at random")
    _require(model.get("max_input_chars_per_word", 0) <= _MAX_WORD_LENGTH, "max_input_chars_per_word is too large")
    for key in ("continuing_subword_prefix", "end_of_word_suffix"):
        _require(len(model.get(key) or "") <= _MAX_AFFIX_LENGTH, f"{key} is too long")
    if model["type"] == "Unigram":
        longest = max((len(piece) for piece, _ in model["vocab"]), default=0)
        _require(longest <= _MAX_PIECE_LENGTH, f"it has a piece of {longest} characters")


def _parts(part: Any, key: str, known: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a sequence, which may contain sequences."""
    pending, count = [part] if part is not None else [], 0
    while pending:
        part = pending.pop()
        count += 1
        _require(count <= _MAX_PARTS, f"it has more than {_MAX_PARTS} {key}")
        if part["type"] == "Sequence":
            pending += part[key]
            continue
        _require(part["type"] in known, f"{part['type']!r} is not one of {', '.join(sorted(known))}")
        yield part


def _check_normalizer(part: dict[str, Any]) -> None:
    if part["type"] == "Replace":
        ((kind, pattern),) = part["pattern"].items()
        _require(kind == "String" or pattern in _REGEXES, f"the pattern {pattern!r} is not a known one")
        length = len(pattern) if kind == "String" else 1
        _require(length > 0 and len(part["content"]) <= max(1, length), "a replacement is longer than its pattern")
    elif part["type"] == "Prepend":
        _require(len(part["prepend"]) <= 4, "it puts a long text before each text")
    elif part["type"] == "Precompiled":
        table = base64.b64decode(part["precompiled_charsmap"], validate=True)
        replacements = table[4 + int.from_bytes(table[:4], "little") :].split(b"\0")
        # A normalizer of Unicode that follows may replace each character by up to 18.
        decomposed = (unicodedata.normalize("NFKD", text.decode("utf-8", "replace")) for text in replacements)
        longest = max((len(text.encode()) for text in decomposed), default=0)
        _require(longest <= _MAX_REPLACEMENT_BYTES, "its table replaces a character by a long text")


def _check_template(pieces: list[dict[str, dict[str, Any]]]) -> None:
    sequences = Counter(piece["Sequence"]["id"] for piece in pieces if "Sequence" in piece)
    _require(all(count == 1 for count in sequences.values()), "its template has a text more than once")


def _require_once(types: Iterator[str]) -> None:
    """Raise ValueError for two parts of a type: each may double the length of a text."""
    for name, count in Counter(types).items():
        _require(count == 1, f"it has {count} parts of the type {name}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
