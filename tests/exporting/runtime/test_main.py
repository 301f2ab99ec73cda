"""The command line of the exported script: lines in, JSON objects out."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grunlp.exporting.runtime import main as script


class Folder:
    """A session that remembers its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, graph: str, *inputs: Any) -> list[Any]:
        return []


class Numbering:
    """A runtime that answers each line by its number, text and settings."""

    def __init__(self, model: dict[str, Any], session: Folder) -> None:
        self.model, self.session = model, session

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        assert len(lines) <= script.LINES_PER_BATCH
        for i, line in enumerate(lines):
            yield {"line": first_line + i, "text": line, **self.model["settings"]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.json").write_text(json.dumps({"settings": {"beam": 4, "temperature": 0.5}}))
    monkeypatch.setattr(script, "__file__", str(tmp_path / "run.py"))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, content: bytes, *arguments: str) -> list[dict[str, Any]]:
    output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["run.py", *arguments])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    monkeypatch.setattr(sys, "stdout", output)
    script.main(Folder, Numbering)
    text = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_is_answered_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"line {i} ä" for i in range(2 * script.LINES_PER_BATCH + 1)]
    found = run(monkeypatch, "\n".join(lines).encode())
    assert [record["text"] for record in found] == lines
    assert [record["line"] for record in found] == list(range(1, len(lines) + 1))


def test_line_ends_and_bytes_of_another_encoding_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [record["text"] for record in run(monkeypatch, b"a \r\n\xff\n")] == ["a ", "\ufffd"]
    assert run(monkeypatch, b"") == []


def test_settings_keep_their_type(monkeypatch: pytest.MonkeyPatch) -> None:
    (record,) = run(monkeypatch, b"a", "beam=2", "temperature=1")
    assert (record["beam"], record["temperature"]) == (2, 1.0) and isinstance(record["temperature"], float)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("bean=2", "unknown bean=2; options: beam, temperature"),
        ("beam=two", "beam=two: expected a number, such as beam=4"),
    ],
)
def test_wrong_settings_end_the_script(argument: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, b"a", argument)
