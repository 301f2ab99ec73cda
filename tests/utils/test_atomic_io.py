"""Writes that are cut short at any place leave the old file or the new one."""

import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grunlp.utils import atomic_io
from grunlp.utils.atomic_io import atomic_dir, atomic_path, make_dir, remove_temp_files, write_file_atomically
from grunlp.utils.errors import UserError


def test_new_files_are_as_others_are_made(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("x")
    write_file_atomically(tmp_path / "a", "ä\n")
    assert (tmp_path / "a").read_bytes() == "ä\n".encode()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "usual").stat().st_mode, "others may read it"
    (tmp_path / "link").symlink_to(tmp_path / "a")
    write_file_atomically(tmp_path / "link", b"new", follow_symlinks=True)
    assert (tmp_path / "link").is_symlink() and (tmp_path / "a").read_bytes() == b"new"
    write_file_atomically(Path(os.devnull), "x", follow_symlinks=True)
    assert not Path(os.devnull).is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "link", "usual"]


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Not at the path, nor at the temporary one, of which a stranger can guess the name; hard links are cut."""
    mine, path = tmp_path / "mine", tmp_path / "run" / "a"
    mine.write_text("mine")
    path.parent.mkdir()
    temporary = path.with_name(f".a.{os.getpid()}.part")
    for place in (path, temporary):
        for link in (place.symlink_to, place.hardlink_to):
            link(mine)
            write_file_atomically(path, "new")
            assert mine.read_text() == "mine" and path.read_text() == "new" and not path.is_symlink()
            path.unlink()
    path.symlink_to(tmp_path / "missing")
    write_file_atomically(path, "new")
    assert not (tmp_path / "missing").exists()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine", "run"]


def test_no_folder_or_device_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe"):
        with pytest.raises(UserError, match="cannot write"):
            write_file_atomically(tmp_path / name, "x")
    with pytest.raises(UserError, match="it is not a file"):
        write_file_atomically(Path(os.devnull), "x")
    assert not Path(os.devnull).is_file()


def test_only_unfinished_files_of_these_names_are_removed(tmp_path: Path) -> None:
    names = [".a.7.part", ".b.7.part", ".a.part", ".a.x.part", "a.7.part", ".shard-1.jsonl.9.part"]
    for name in names:
        (tmp_path / name).write_text("")
    remove_temp_files(tmp_path, ["a", "shard-*"])
    assert {path.name for path in tmp_path.iterdir()} == set(names) - {".a.7.part", ".shard-1.jsonl.9.part"}


def test_no_folder_is_made_through_a_link(tmp_path: Path) -> None:
    make_dir(tmp_path / "a/b")
    make_dir(tmp_path / "a/b")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "file").write_text("")
    for name, message in (("link", "symbolic link"), ("file", "cannot write")):
        with pytest.raises(UserError, match=message):
            make_dir(tmp_path / name)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_fault_at_any_call_keeps_what_was_there(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_file_atomically(path, "old")

    def fail(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fail)
        with pytest.raises(UserError, match=r"cannot write .*a: No space left on device") as error:
            write_file_atomically(path, "new")
    assert error.value.hint and path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_fault_of_the_writer_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file_atomically(path, "old")
    with pytest.raises(ZeroDivisionError), atomic_path(path) as part:
        part.write_text("half")
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), atomic_dir(tmp_path) as place:
        (place / "a").write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from pathlib import Path
from grunlp.utils.atomic_io import write_file_atomically

left = int(sys.argv[2])
def dying(function):
    def call(*arguments, **keywords):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **keywords)
    return call

for name in ("open", "fsync", "close", "replace"):
    setattr(os, name, dying(getattr(os, name)))
Path.write_bytes = dying(Path.write_bytes)
write_file_atomically(Path(sys.argv[1]), "new" * 100_000)
"""


def test_a_kill_at_any_call_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path, seen = tmp_path / "a", []
    for calls in range(50):
        write_file_atomically(path, "old")
        status = subprocess.run([sys.executable, "-c", KILLED, str(path), str(calls)], check=False).returncode
        seen.append(path.read_text())
        if not status:
            break
        assert status == -signal.SIGKILL and seen[-1] in ("old", "new" * 100_000)
    assert not status and seen[0] == "old" and len(seen) > 7
    assert seen == sorted(seen, reverse=True), "the new file is there from one call on"
    remove_temp_files(tmp_path, ["a"])
    assert list(tmp_path.iterdir()) == [path]


def limited(function: Callable[[], None]) -> None:
    """Call with files of at most 1000 bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        function()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def test_a_full_disk_is_said_plainly(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_file_atomically(path, "old")
    with pytest.raises(UserError, match=r"cannot write .*a: File too large"):
        limited(lambda: write_file_atomically(path, "n" * 2000))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(UserError, match="cannot write /dev/full: No space left"):
        write_file_atomically(Path("/dev/full"), "n", follow_symlinks=True)


def test_a_folder_that_may_not_be_written_to_is_said_plainly() -> None:
    with tempfile.TemporaryDirectory() as place:  # pytest's own folders are closed to other users
        path, user = Path(place) / "a", os.geteuid()
        write_file_atomically(path, "old")
        os.chmod(place, 0o555)
        try:
            if user == 0:  # who may write anywhere
                os.seteuid(65534)
            with pytest.raises(UserError) as error:
                write_file_atomically(path, "new")
        finally:
            os.seteuid(user)
            os.chmod(place, 0o755)
        assert str(error.value).startswith(
            f"cannot write {path}: Permission denied\nthe existing file was not changed\n"
        )
        assert path.read_text() == "old" and os.listdir(place) == ["a"]


def test_a_folder_that_is_missing_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot write .*No such file or directory"):
        write_file_atomically(tmp_path / "none" / "a", "new")


def test_nothing_writes_another_way() -> None:
    """Modules that write files do so by `grunlp.utils.atomic_io`, but for locks, logs and temporary folders."""
    root = Path(atomic_io.__file__).parents[1]
    plain = {
        "utils/atomic_io.py",
        "exporting/export_folder.py",  # into a folder that is renamed when complete
        "utils/cli_io.py",  # standard input, kept in a temporary folder
        "tuning/training_pool.py",  # logs of running processes
        "utils/download.py",  # into a temporary folder
        "tasks/forecasting/data.py",  # the same
        "data/propbank/build.py",  # within atomic_dir
        "data/encoder_files.py",  # into a temporary folder
        "modules/transformer_encoder.py",  # the same
        "integrations/shard_prediction.py",  # within atomic_path
        "training/checkpointing.py",  # the same
    }
    words = (
        ".write_text(",
        ".write_bytes(",
        '.open("w',
        '.open("a',
        'open(path, "w',
        "savefig(path",
        "save_file(",
        ".to_csv(path",
    )
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in words)
    }
    assert found == plain
