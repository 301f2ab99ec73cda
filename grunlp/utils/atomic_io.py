"""Files that are whole or not there: written under another name in the same folder, then renamed.

Whatever happens in between, a fault, a full disk or the end of the process, what lay there before still does.
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grunlp.utils.errors import UserError

TEMP_SUFFIX = ".part"  # the end of the other name


def write_file_atomically(path: Path, content: str | bytes) -> None:
    """Write a file whole. Arguments: text is written as UTF-8. Raises as `replacing`."""
    with atomic_path(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Where to write what shall be at `path` when it is whole. A link there stays one; a device is written to.

    Raises:
        UserError: the system does not allow it: a full disk, a folder that may not be written to.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():  # /dev/null, a pipe
        with translate_os_errors(path):
            yield target
        return
    part = target.with_name(f".{target.name}.{os.getpid()}{TEMP_SUFFIX}")
    try:
        with translate_os_errors(path):
            yield part
            _fsync(part)
            os.replace(part, target)
            if os.name == "posix":
                _fsync(target.parent)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_dir(folder: Path) -> Iterator[Path]:
    """Where to write files, and no folders, that shall be in `folder` when all of them are whole. Raises as
    `replacing`."""
    with translate_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".", suffix=TEMP_SUFFIX) as place:
            yield Path(place)
            for file in sorted(Path(place).iterdir()):
                _fsync(file)
                os.replace(file, folder / file.name)


def remove_temp_files(folder: Path) -> None:
    """Remove what a process that was killed has left of unfinished files."""
    for part in folder.glob(f".*{TEMP_SUFFIX}"):
        if part.is_file():
            part.unlink(missing_ok=True)


def is_temp_file(file: Path, names: Iterable[str]) -> bool:
    """Whether it is an unfinished file, of one of these names."""
    return file.is_file() and any(file.match(f".{name}.*{TEMP_SUFFIX}") for name in names)


def _fsync(path: Path) -> None:
    """Wait until what was written is on the disk."""
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)


@contextmanager
def translate_os_errors(path: Path) -> Iterator[None]:
    """What the system says against it leaves as UserError."""
    try:
        yield
    except OSError as error:
        there = "nothing was changed there" if path.exists() else "there is no such file yet"
        way = "Make room, or name a folder you may write to."
        raise UserError(f"cannot write {path}: {error.strerror or error}", there, way) from error
