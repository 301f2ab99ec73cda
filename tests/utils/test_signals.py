"""Ctrl-C and SIGTERM end any command quietly, with the status that a shell expects, and nothing half-written left."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grunlp.utils.atomic_io import atomic_path
from grunlp.utils.cli import Command
from grunlp.utils.signals import raise_on_signals
from tests.conftest import Call


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_half_written_is_removed(number: signal.Signals, tmp_path: Path, call: Call) -> None:
    before = [signal.signal(one, signal.default_int_handler) for one in (signal.SIGINT, signal.SIGTERM)]

    def work(arguments: list[str]) -> int:
        with atomic_path(tmp_path / "out") as part:
            part.write_text("half")
            os.kill(os.getpid(), number)
            time.sleep(5)
        return 0

    try:
        assert call(Command(work, lambda arguments: "")) == (128 + number, "", "stopped\n")
        assert signal.getsignal(number) is signal.default_int_handler, "it is left to those who had it"
    finally:
        for one, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(one, handler)
    assert not list(tmp_path.iterdir())


def test_what_is_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with raise_on_signals():
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


# a command that stops at the import of torch, where it has begun and done nothing yet
TOLD = """
import os, runpy, signal, sys, time
class Told:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            os.kill(os.getpid(), NUMBER)
            time.sleep(5)
sys.meta_path.insert(0, Told())
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "run=default", "input=IN", "output=OUT"],
        ["export", "run=default", "out=OUT"],
        ["evaluate", "run=default", "input=IN"],
        ["serve", "run=default", "port=0"],
        ["train", "recipe=srl", "data.train=IN", "data.dev=IN", "run_dir=OUT"],
        ["train", "resume=OUT"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_told_while_it_starts(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "IN").write_text("He left .\n")
    command = [sys.executable, "-c", TOLD.replace("NUMBER", str(int(signal.SIGTERM))), f"grunlp.{words[0]}", *words[1:]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 143 and done.stderr.splitlines()[-1].startswith("stopped"), done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["IN"]
