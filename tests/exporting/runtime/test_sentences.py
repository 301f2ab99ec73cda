"""Sentences of lines: their words, and their characters in a text."""

import json
from typing import Any

from grunlp.data.raw_text import split_raw_line
from grunlp.exporting.runtime.sentences import add_offsets, sentence_records

TEXT = "She gave him two books.  He didn't read them!"


def test_a_text_is_split_as_predict_splits_it() -> None:
    records = list(sentence_records(TEXT + "\n", 4))
    assert [record["words"] for record in records] == [one["words"] for one in split_raw_line(TEXT, 4)]
    assert [record["id"] for record in records] == ["line-4", "line-4.2"]
    for record in records:
        assert record["line"] == 4 and TEXT[record["start_char"] :].startswith(record["text"])
        pieces = [record["text"][start:end] for start, end in record["offsets"]]
        assert pieces == record["words"]


def test_words_have_no_text_and_an_empty_line_is_a_sentence() -> None:
    assert list(sentence_records(json.dumps({"words": ["a", "b."]}), 1)) == [{"words": ["a", "b."]}]
    (empty,) = sentence_records("", 2)
    assert (empty["words"], empty["text"], empty["id"]) == ([], "", "line-2")


def test_offsets_of_a_span_are_those_of_its_words() -> None:
    record = next(iter(sentence_records(TEXT, 1)))
    item: dict[str, Any] = {}
    add_offsets(item, record, 3, 5)
    assert record["text"][item["start_char"] : item["end_char"]] == "two books"
    add_offsets(other := {}, {"words": ["a"]}, 0, 1)
    assert other == {}
