"""Input and output of commands: standard input, malformed lines, JSON records, output files."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from grunlp.utils.cli_io import SkippedLineReporter, buffer_stdin, json_line, use_json_output, write_output
from grunlp.utils.errors import DataError


def test_standard_input_is_copied_byte_for_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"caf\xe9\r\nno end"
    stdin = SimpleNamespace(isatty=lambda: False, buffer=io.BytesIO(content))
    monkeypatch.setattr("sys.stdin", stdin)
    assert buffer_stdin(tmp_path, "one sentence a line").read_bytes() == content


def test_skipped_lines_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    report = SkippedLineReporter("-")
    report(DataError("/tmp/x", 3, "no tab", "expected two columns"))
    report(DataError("/tmp/x", 9, "no tab", "expected two columns"))
    assert report.count == 2
    assert capsys.readouterr().err.splitlines()[0] == "skipped standard input:3: no tab; expected two columns"


@pytest.mark.parametrize(
    ("style", "output", "terminal", "expected"),
    [
        ("json", "-", True, True),
        ("text", "file", False, False),
        ("auto", "-", True, False),
        ("auto", "-", False, True),
        ("auto", "file", True, True),
    ],
)
def test_json_is_the_default_unless_a_person_reads(
    style: str, output: str, terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: terminal))
    assert use_json_output(style, output) is expected


def test_a_record_is_one_line_of_readable_json() -> None:
    line = json_line({"text": "zwei\nZeilen, ä"})
    assert line.count("\n") == 1 and line.endswith("\n") and "ä" in line
    assert json.loads(line) == {"text": "zwei\nZeilen, ä"}


def test_output_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"

    def broken() -> Iterator[str]:
        yield "first\n"
        raise ValueError

    with pytest.raises(ValueError):
        write_output(str(path), broken())
    assert list(tmp_path.iterdir()) == []
    write_output(str(path), ["first\n", "second\n"])
    assert path.read_text() == "first\nsecond\n"


def test_standard_output_gets_each_chunk(capsys: pytest.CaptureFixture[str]) -> None:
    write_output("-", ["a\n", "b\n"])
    assert capsys.readouterr().out == "a\nb\n"
