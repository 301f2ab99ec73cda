"""One process at a time in a folder."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grunlp.runs.lock import LOCK_FILE, folder_lock
from grunlp.utils.errors import UserError

# holds the lock, with a child that outlives it, until a line comes
HOLD = """
import os, sys, time
from pathlib import Path
from grunlp.runs.lock import folder_lock
with folder_lock("out", Path(sys.argv[1])):
    if os.fork() == 0:
        os.close(1)
        time.sleep(5)
        os._exit(0)
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that works in the folder."""
    words = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        yield process


@pytest.mark.parametrize("killed", [False, True])
def test_one_at_a_time(killed: bool, tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        for _ in range(2):  # to be refused changes nothing
            said = rf"{tmp_path} is in use by process {process.pid}\n"
            with pytest.raises(UserError, match=said), folder_lock("out", tmp_path):
                pass
        if killed:
            process.send_signal(signal.SIGKILL)
        else:
            process.communicate("\n")
        process.wait()
        assert (tmp_path / LOCK_FILE).exists() == killed
        with folder_lock("out", tmp_path):
            assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
    assert not list(tmp_path.iterdir())


def test_a_folder_one_may_not_write_to(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"), folder_lock("out", tmp_path / "nowhere"):
        pass
