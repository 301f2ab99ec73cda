"""A lock that lets only one process work in a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grunlp.utils.errors import UserError

LOCK_FILE = ".lock"


@contextmanager
def folder_lock(key: str, folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on a folder; the system releases it when the process exits. No-op on Windows.

    It is a POSIX record lock, which belongs to a process and not to its forked children, so that data loader workers
    which outlive a killed training for a moment do not keep the folder locked.

    Args:
        key: the option that selects another folder, for the hint; for instance "out".
        folder: the folder to lock.

    Raises:
        UserError: another process holds the lock, or the folder is not writable.
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
    """Open the lock file, creating it if it is missing, without changing its content."""
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}", "", "Choose a folder with write permission."
        ) from None
    file.seek(0)
    return file


def _is_same_file(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
