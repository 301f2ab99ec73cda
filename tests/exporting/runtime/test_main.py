"""The command line of an exported script: plain messages for damaged folders and for outputs that cannot be written."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grunlp.exporting.runtime import main

# The script without onnxruntime: its graph adds a number of the model to that of a line.
CLASSES = """

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

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "script.py").write_text(Path(main.__file__).read_text() + CLASSES)
    (tmp_path / "model.json").write_text('{"settings": {}, "factor": 2}')
    (tmp_path / "graph.onnx").write_text("1")
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Shell:
    def run(line: str) -> subprocess.CompletedProcess[str]:
        line = line.replace("SCRIPT", f"{sys.executable} script.py")
        return subprocess.run(["bash", "-c", line], cwd=folder, capture_output=True, text=True, timeout=60)

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
def test_a_tampered_export_ends_in_a_plain_message(shell: Shell, folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content, encoding="latin-1")
    done = shell("echo 1 | SCRIPT")
    assert done.returncode == 2 and done.stdout == ""
    assert "the files of this export are damaged or do not belong together" in done.stderr
    assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 3


def test_a_missing_file_is_named(shell: Shell, folder: Path) -> None:
    (folder / "model.json").unlink()
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
