"""Conversion of input lines, a text or a list of words each, to sentences."""

from collections.abc import Iterator
from typing import Any

from grunlp.data.sentence_splitter import split_sentences
from grunlp.exporting.runtime.word_inputs import parse_words


def sentence_records(line: str, line_number: int) -> Iterator[dict[str, Any]]:
    """Yield one record for each sentence with its words and, for a text, their character offsets.

    Args:
        line: a text or `{"words": [...]}`.
        line_number: the number of the line, from 1.
    """
    line = line.rstrip("\n")
    words = parse_words(line)
    if words is not None:
        yield {"words": words}
        return
    for k, tokens in enumerate([sentence.tokens for sentence in split_sentences(line)] or [[]], start=1):
        start, end = (tokens[0].start, tokens[-1].end) if tokens else (0, 0)
        record: dict[str, Any] = {"line": line_number, "start_char": start, "text": line[start:end]}
        record["offsets"] = [[token.start - start, token.end - start] for token in tokens]
        record["id"] = f"line-{line_number}" + (f".{k}" if k > 1 else "")
        yield record | {"words": [token.word for token in tokens]}


def add_offsets(item: dict[str, Any], record: dict[str, Any], start: int, end: int) -> None:
    """Add the character offsets of words `start` to `end` of a sentence to an item, if the record has offsets."""
    if "offsets" in record:
        item["start_char"], item["end_char"] = record["offsets"][start][0], record["offsets"][end - 1][1]
