"""Files that match a shell pattern."""

import glob
import os
from pathlib import Path

from grunlp.utils.errors import UserError


def glob_files(pattern: str) -> list[str]:
    """List the files that match a pattern, sorted by name.

    Args:
        pattern: a file, or a shell pattern (`*`, `?`, `[...]`, `**`).

    Raises:
        UserError: there is no such file.
    """
    if os.path.isdir(pattern):
        raise UserError(f"{pattern} is a folder", "expected a file", f"Type '{pattern}/*' for all of its files.")
    paths = [pattern] if os.path.isfile(pattern) else sorted(filter(os.path.isfile, glob.glob(pattern, recursive=True)))
    if not paths:
        raise UserError(f"{pattern}: no such file", "expected a file or a shell pattern", "Check the path.")
    return paths


def glob_absolute_paths(pattern: str) -> list[str]:
    """List the absolute paths of the files that match a pattern, sorted by name.

    Raises UserError as `glob_files` does.
    """
    return [str(Path(path).resolve()) for path in glob_files(pattern)]
