"""Atomic writes: files are written under a temporary name in the same folder, then renamed.

If an error, a full disk or the end of the process interrupts a write, the previous file is kept.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grunlp.utils.errors import UserError

TEMP_SUFFIX = ".part"  # of temporary names


def write_file_atomically(path: Path, content: str | bytes) -> None:
    """Write a file atomically; strings are written as UTF-8. Raises UserError as `atomic_path` does."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, and rename it to `path` on success.

    A symbolic link at `path` is kept and its target replaced; a device is written to directly.

    Raises:
        UserError: writing fails, for instance because the disk is full or the folder is not writable.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # /dev/null, a pipe
        with translate_os_errors(path):
            yield target
        return
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMP_SUFFIX}")
    try:
        with translate_os_errors(path):
            yield temporary
            _fsync(temporary)
            os.replace(temporary, target)
            if os.name == "posix":
                _fsync(target.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_dir(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder for files, and move them all to `folder` on success.

    Raises UserError as `atomic_path` does.
    """
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".", suffix=TEMP_SUFFIX) as temporary:
            yield Path(temporary)
            for file in sorted(Path(temporary).iterdir()):
                _fsync(file)
                os.replace(file, folder / file.name)


def remove_temp_files(folder: Path) -> None:
    """Remove temporary files that a killed process left behind."""
    for file in folder.glob(f".*{TEMP_SUFFIX}"):
        if file.is_file():
            file.unlink(missing_ok=True)


def is_temp_file(file: Path, names: Iterable[str]) -> bool:
    """Return whether `file` is a temporary file for one of these names."""
    return file.is_file() and any(file.match(f".{name}.*{TEMP_SUFFIX}") for name in names)


def _fsync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Convert OSError to UserError."""
    try:
        yield
    except OSError as error:
        details = "the existing file was not changed" if path.exists() else "the file does not exist yet"
        hint = "Free disk space, or name a writable folder."
        raise UserError(f"cannot write {path}: {error.strerror or error}", details, hint) from error
