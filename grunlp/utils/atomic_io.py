"""Atomic writes: files are written under a temporary name in the same folder, then renamed.

If an error, a full disk or the end of the process interrupts a write, the previous file is kept. No write follows a
symbolic link or changes a file that has a second name elsewhere, unless the caller asks for it: the folder of a run may
come from a stranger. Only the outputs that a user names on the command line follow links.
"""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from grunlp.utils.errors import UserError, WriteError

TEMP_SUFFIX = ".part"  # of temporary names
_TEMP_NAME = re.compile(rf"\.(.+)\.\d+{re.escape(TEMP_SUFFIX)}")


def write_file_atomically(path: Path, content: str | bytes, follow_symlinks: bool = False) -> None:
    """Write a file atomically; strings are written as UTF-8. See `atomic_path`."""
    with atomic_path(path, follow_symlinks) as temporary:
        temporary.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def atomic_path(path: Path, follow_symlinks: bool = False) -> Iterator[Path]:
    """Yield a temporary path to write to, and rename it to `path` on success.

    Args:
        path: the file.
        follow_symlinks: keep a symbolic link at `path` and replace its target, and write to a device directly; for
            paths that a user names. Without it a link is replaced by the file, and its target is not touched.

    Raises:
        WriteError: writing fails, for instance because the disk is full or the folder is not writable.
        UserError: there is a folder or device of this name.
    """
    target = Path(os.path.realpath(path)) if follow_symlinks else path
    if follow_symlinks and target.exists() and not target.is_file():  # /dev/null, a pipe
        with translate_os_errors(path):
            yield target
        return
    if target.exists() and not (target.is_file() or target.is_symlink()):
        raise UserError(f"cannot write {path}: it is not a file", "it would be replaced", "Remove it.")
    temporary = target.with_name(f".{target.name}.{os.getpid()}{TEMP_SUFFIX}")
    try:
        with translate_os_errors(path):
            _create_exclusively(temporary)
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


def remove_temp_files(folder: Path, patterns: Iterable[str]) -> None:
    """Remove temporary files that a killed process left behind, of files whose names match one of the patterns."""
    for file in folder.glob(f".*{TEMP_SUFFIX}"):
        name = final_name(file.name)
        if name is not None and any(fnmatchcase(name, pattern) for pattern in patterns):
            file.unlink(missing_ok=True)


def final_name(name: str) -> str | None:
    """Return the name that a temporary file gets when it is complete; None for other files."""
    match = _TEMP_NAME.fullmatch(name)
    return match[1] if match else None


def make_dir(folder: Path) -> None:
    """Make a folder, with its parents. Raises UserError if a file or a symbolic link has its name."""
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if folder.is_symlink():
        raise UserError(f"{folder} is a symbolic link", "files would be written elsewhere", "Remove the link.")


def _create_exclusively(path: Path) -> None:
    """Create an empty file, so that opening it follows no link.

    The file of a killed process with the same number is replaced.
    """
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))


def _fsync(path: Path) -> None:
    """Flush a file or folder to the disk."""
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """Convert OSError to WriteError."""
    try:
        yield
    except OSError as error:
        details = "the existing file was not changed" if path.exists() else "the file does not exist yet"
        hint = "Free disk space, or name a writable folder."
        raise WriteError(f"cannot write {path}: {error.strerror or error}", details, hint) from error
