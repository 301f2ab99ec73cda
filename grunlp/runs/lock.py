"""A lock that lets only one process work in a folder."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from grunlp.utils.errors import UserError

LOCK_FILE = ".lock"
_MAX_LOCK_BYTES = 32


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


def may_be_lock(path: Path) -> bool:
    """Return whether a file can be a lock. Opening and closing it would release the lock of this process."""
    return _is_lock_status(path.lstat())


def _open(path: Path) -> IO[str]:
    """Open the lock file, creating it if it is missing, without changing its content."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe is not waited for
    try:
        file = os.fdopen(os.open(path, flags, 0o666), "r+", encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"cannot write {path}: {error.strerror}", "", "Choose a folder with write permission."
        ) from None
    content = os.pread(file.fileno(), _MAX_LOCK_BYTES, 0)
    if not _is_lock_status(os.fstat(file.fileno())) or (content.strip() and not content.strip().isdigit()):
        file.close()
        raise UserError(f"{path} is not a lock of grunlp", "it would be overwritten", "Move it to another folder.")
    return file


def _is_lock_status(status: os.stat_result) -> bool:
    """Check that a file has no second name, and room for the number of a process and no more."""
    return stat.S_ISREG(status.st_mode) and status.st_nlink <= 1 and status.st_size <= _MAX_LOCK_BYTES


def _is_same_file(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
