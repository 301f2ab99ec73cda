"""Sentences of files and typed texts, and their records as JSON lines or for reading."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.readers.text_lines import open_lines
from grunlp.data.writers import write_columns, write_json_lines
from grunlp.tasks.line_input import LineFormat
from grunlp.tasks.sentence_io import (
    RAW_TEXT,
    TAGGED_WORDS,
    detect_format,
    input_file,
    make_sentence_reader,
    read_sentences,
    require_line_based,
    require_text_or_file,
    text_sentences,
    write_records,
)
from grunlp.utils.errors import DataError, UserError
from tests.random_srl_corpus import toy_corpus

CORPUS = toy_corpus(4, 1)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    with (tmp_path / "a.conll").open("w") as file:
        write_columns(CORPUS, file)
    with (tmp_path / "a.jsonl").open("w") as file:
        write_json_lines(CORPUS, file)
    (tmp_path / "a.txt").write_text("\nShe left. He came?\n\nNobody.\n")
    return {path.suffix[1:]: path for path in tmp_path.iterdir()}


def test_formats_are_detected_and_named(files: dict[str, Path], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert [detect_format(files[name]) for name in ("conll", "jsonl", "txt")] == ["columns", "json-lines", RAW_TEXT]
    assert "a.conll: format columns" in caplog.text and "a.txt: raw text" in caplog.text
    seen: list[str] = []

    def fallback(line: str) -> str:
        seen.append(line)
        return TAGGED_WORDS

    assert detect_format(files["txt"], fallback=fallback) == TAGGED_WORDS and seen == ["She left. He came?"]
    assert detect_format(files["conll"], fallback=fallback) == "columns" and len(seen) == 1
    with pytest.raises(DataError, match="does not exist"):
        detect_format(files["txt"].parent / "none")


def test_sentences_of_raw_text_and_of_frames(files: dict[str, Path]) -> None:
    raw = list(read_sentences(files["txt"], RAW_TEXT, pytest.fail, None))
    assert [one["words"] for one in raw if one["words"]] == [["She", "left", "."], ["He", "came", "?"], ["Nobody", "."]]
    for name, format in (("conll", "columns"), ("jsonl", "json-lines")):
        found = list(read_sentences(files[name], format, pytest.fail, None))
        assert [one["words"] for one in found] == [one["words"] for one in CORPUS]
    assert [one["words"] for one in text_sentences("He came.\nShe left.")] == [
        ["He", "came", "."],
        ["She", "left", "."],
    ]


def test_files_that_are_not_line_based_are_refused(files: dict[str, Path]) -> None:
    for format in (RAW_TEXT, "json-lines", "json-predicates"):
        require_line_based(files["txt"], format)
    with pytest.raises(UserError, match=r"(?s)cannot be split into lines.*format columns"):
        require_line_based(files["conll"], "columns")


@pytest.mark.parametrize(("name", "format"), [("txt", RAW_TEXT), ("jsonl", "json-lines")])
def test_each_line_has_its_records(name: str, format: str, files: dict[str, Path]) -> None:
    def predict(examples: Any) -> Any:
        return ({"words": example["words"]} for example in examples)

    reader = make_sentence_reader(str(files[name]), LineFormat(format), predict)
    found = list(reader.records(open_lines(files[name]), pytest.fail))
    if name == "jsonl":
        assert found == [(i, {"words": one["words"]}) for i, one in enumerate(CORPUS, 1)]
    else:
        assert [number for number, record in found if record["words"]] == [2, 2, 4]


def test_a_text_replaces_a_file() -> None:
    require_text_or_file("text", "-", None)
    require_text_or_file(None, "file", "raw")
    for input, format in (("file", None), ("-", "raw")):
        with pytest.raises(UserError, match="with input= or format="):
            require_text_or_file("text", input, format)


def test_a_named_file_is_used_itself(files: dict[str, Path]) -> None:
    with input_file(str(files["txt"])) as path:
        assert path == files["txt"]


def test_records_are_written_as_json_or_for_reading(tmp_path: Path) -> None:
    records = [{"words": ["He", "left"], "tags": ["O", "O"], "spans": []}]
    write_records(records, str(tmp_path / "a"), "json")
    assert json.loads((tmp_path / "a").read_text()) == records[0]
    write_records(records, str(tmp_path / "b"), "text")
    assert "He left" in (tmp_path / "b").read_text() and "{" not in (tmp_path / "b").read_text()
