from pathlib import Path

import pytest

from grunlp.data.raw_text import read_raw_text
from grunlp.data.sentence_splitter import MAX_SENTENCE_TOKENS
from grunlp.utils.errors import DataError


def test_lines_become_examples(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_bytes(b"She Gave it.  He left.\n\nbad \xff byte\nno verb\n")
    errors: list[DataError] = []
    first, second, empty, last = read_raw_text(path, errors.append)
    assert first["words"] == ["She", "Gave", "it", "."] and first["offsets"][1] == (4, 8)
    assert first["text"] == "She Gave it." and first["source_position"] == (1, 0) and first["frames"] == []
    assert second["text"] == "He left." and second["source_position"] == (1, 14) and second["id"] == "line-1.2"
    assert empty["words"] == [] and empty["id"] == "line-2" and last["words"] == ["no", "verb"]
    assert [error.line for error in errors] == [3]


def test_a_long_line_without_an_end_is_read_in_parts_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "raw.txt"
    path.write_text("word, " * 40_000)
    examples = list(read_raw_text(path, lambda error: None))
    assert sum(len(example["words"]) for example in examples) == 80_000
    assert max(len(example["words"]) for example in examples) <= MAX_SENTENCE_TOKENS
    assert "line 1: a sentence of more than 200 tokens is read in parts" in caplog.text
