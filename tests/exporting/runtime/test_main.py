"""The command line of the exported script: lines in, JSON objects out, and plain messages for what cannot work."""

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grunlp.exporting.runtime import main as script

# The script without onnxruntime: its graph adds a number of the model to that of a line.
SCRIPT = (
    Path(script.__file__).read_text()
    + """

class FakeSession:
    def __init__(self, folder):
        text = (folder / "graph.onnx").read_text()
        if text == "panic":
            raise type("PanicException", (BaseException,), {})("a panic of another language")
        self.number = int(text)

    def __call__(self, graph, *inputs):
        return [self.number + inputs[0]]


class FakeRuntime:
    def __init__(self, model, session):
        self.model, self.session = model, session

    def __call__(self, lines, first_line):
        for line in lines:
            yield {"sum": self.session("graph", float(line) * self.model["factor"])[0]}


main(FakeSession, FakeRuntime)
"""
)

Shell = Callable[[str], subprocess.CompletedProcess[str]]


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


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "model.json").write_text('{"settings": {}, "factor": 2}')
    (tmp_path / "graph.onnx").write_text("1")
    return tmp_path


@pytest.fixture
def shell(export: Path) -> Shell:
    def run(line: str) -> subprocess.CompletedProcess[str]:
        line = line.replace("SCRIPT", f"{sys.executable} script.py")
        return subprocess.run(["bash", "-c", line], cwd=export, capture_output=True, text=True, timeout=60)

    return run


def test_lines_are_answered(shell: Shell) -> None:
    assert shell("echo 1.5 | SCRIPT").stdout == '{"sum": 4.0}\n'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *(("model.json", text) for text in ("{", "[" * 100_000, "[]", "{}", "1", "\xff")),
        *(("model.json", text) for text in ('{"settings": {}}', '{"settings": {}, "factor": null}')),
        *(("graph.onnx", text) for text in ("", "x", "panic")),
    ],
)
def test_a_tampered_export_ends_in_a_plain_message(shell: Shell, export: Path, name: str, content: str) -> None:
    (export / name).write_text(content, encoding="latin-1")
    done = shell("echo 1 | SCRIPT")
    assert done.returncode == 2 and done.stdout == ""
    assert "the files of this export are damaged or do not belong together" in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 3


def test_a_missing_file_is_named(shell: Shell, export: Path) -> None:
    (export / "model.json").unlink()
    done = shell("echo 1 | SCRIPT")
    assert done.returncode == 2 and done.stderr.startswith("error: ") and "model.json: No such file" in done.stderr


@pytest.mark.parametrize(
    ("line", "status", "message"),
    [
        ("echo 1 | SCRIPT >/dev/full", 2, "No space left on device"),
        ("echo 1 | SCRIPT >&-", 2, "standard input or output is closed"),
        ("SCRIPT <&-", 2, "standard input or output is closed"),
        ("set -o pipefail; yes 1 | head -100000 | SCRIPT | head -1", 0, ""),
    ],
)
def test_an_output_that_cannot_be_written(shell: Shell, line: str, status: int, message: str) -> None:
    done = shell(line)
    assert done.returncode in ((status, 141) if not status else (status,))  # 141: yes or head, ended by the pipe
    assert message in done.stderr and len(done.stderr.splitlines()) == bool(message)
