"""One process at a time in a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grunlp.utils.errors import UserError

LOCK_FILE = ".lock"


@contextmanager
def folder_lock(key: str, folder: Path) -> Iterator[None]:
    """Within, no other process works in the folder; the system ends that with the process. Not on Windows.

    The lock is one of POSIX', which belongs to a process and not to those that fork from it: workers that outlive a
    killed training for a moment keep nobody out.

    Args:
        key: that names another folder on the command line, `out` say.

    Raises:
        UserError: another does, or the folder may not be written to.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        yield
        return
    path = folder / LOCK_FILE
    while True:
        with _open(path) as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):
                wrong = f"{folder} is in use by process {file.read().strip() or 'unknown'}"
                way = f"Wait until it has ended, or type {key}=NEW_FOLDER"
                raise UserError(wrong, "two at once would destroy each other's files", way) from None
            if not _is_same_file(file, path):
                continue  # its owner removed it after it was opened here
            file.truncate()
            print(os.getpid(), file=file, flush=True)
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _open(path: Path) -> IO[str]:
    """The file, made if need be; what another process has written stays."""
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", "", "Name a folder you may write to.") from None
    file.seek(0)
    return file


def _is_same_file(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
