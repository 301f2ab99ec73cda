"""A manifest of the files that a training has read, with their layouts, which shows whether they have changed.

Readers record the files that they open and their layouts; a training that starts writes the size, the SHA-256, the time
of modification and the layout of each into its run folder. Commands that read these files again compare them.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from grunlp.data.file_layout import FileLayout, layout_from_json
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_json

log = logging.getLogger("grunlp")

# by this process, in the order in which they were opened, with their layouts where a reader settled one
_recorded: dict[Path, FileLayout | None] = {}


def record_input(*paths: str | Path | None) -> None:
    """Record files, and all files in folders, as inputs of the training."""
    for path in (Path(name) for name in paths if name is not None):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                _recorded.setdefault(file.resolve())


def record_layout(path: str | Path, layout: FileLayout) -> None:
    """Record a file as an input with the layout by which it is read, and log the layout."""
    log.info("%s read as: %s", path, layout.describe())
    _recorded[Path(path).resolve()] = layout


def clear_recorded_inputs() -> None:
    """Reset the list of recorded files."""
    _recorded.clear()


def write_manifest(path: Path) -> None:
    """Write what is known of the files recorded since the last call, unless they no longer exist."""
    content = {str(file): _describe_file(file, layout) for file, layout in _recorded.items() if file.is_file()}
    _recorded.clear()
    write_file_atomically(path, json.dumps(content, indent=1, ensure_ascii=False))


def _describe_file(file: Path, layout: FileLayout | None) -> dict[str, Any]:
    content = {"bytes": file.stat().st_size, "sha256": sha256_of_file(file), "modified": _modification_time(file)}
    return content if layout is None else {**content, "layout": layout.to_json()}


def _modification_time(file: Path) -> str:
    return datetime.fromtimestamp(file.stat().st_mtime).astimezone().isoformat(" ", "seconds")


def read_layouts(path: Path) -> dict[Path, FileLayout]:
    """Read the layouts of the files of a training from what `write_manifest` wrote, the training file's first.

    Trainings of earlier versions, and those of other data than files, have none.

    Raises:
        UserError: the file is damaged.
    """
    files = _read_manifest(path) if path.is_file() else {}
    return {Path(name): layout_from_json(was["layout"]) for name, was in files.items() if "layout" in was}


def _read_manifest(path: Path) -> dict[str, dict[str, Any]]:
    """Read what `write_manifest` wrote. Raises UserError if it is damaged."""
    content = read_json(path)
    try:
        for was in content.values():
            if "layout" in was:
                layout_from_json(was["layout"])
            types = (type(was["bytes"]), type(was["sha256"]), type(was.get("modified", "")))
            if types != (int, str, str):
                raise TypeError("a size, checksum or date is not valid")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} is not a list of input files", f"{error}"[:200], "Copy the folder again.") from None
    files: dict[str, dict[str, Any]] = content
    return files


@contextmanager
def compare_inputs(path: Path, strict: bool = False) -> Iterator[None]:
    """Compare the files that are read inside the context with the same files at the time of a training.

    Args:
        path: what `write_manifest` wrote in the training; nothing is compared where it is missing.
        strict: raise UserError for a file that has changed, instead of a warning.
    """
    before = dict(_recorded)
    _recorded.clear()
    try:
        yield
        _compare_recorded(path, strict)
    finally:
        inside = dict(_recorded)
        _recorded.clear()
        _recorded.update({**before, **inside})


def _compare_recorded(path: Path, strict: bool) -> None:
    content = _read_manifest(path) if path.is_file() else {}
    for file, layout in _recorded.items():
        was = content.get(str(file))
        if was is None or (file.stat().st_size == was["bytes"] and sha256_of_file(file) == was["sha256"]):
            continue
        message = f"{file} has changed since the training"
        details = f"it was of {was.get('modified', 'an unknown date')}, and is of {_modification_time(file)}"
        if layout is not None and was.get("layout") not in (None, layout.to_json()):
            details += f"; it was read as {layout_from_json(was['layout']).describe()}, and is as {layout.describe()}"
        if strict:
            raise UserError(message, details, "Put the old file there again, or leave strict=true out.")
        log.warning("%s: %s; the scores are those of the file as it is now (strict=true refuses it)", message, details)


def verify_manifest(path: Path) -> None:
    """Raise UserError if a file differs from the manifest that `write_manifest` wrote; clear the record of inputs."""
    _recorded.clear()
    for name, was in _read_manifest(path).items():
        file, hint = Path(name), "Put the old file there again, or train again."
        if not file.is_file():
            raise UserError(f"{file} no longer exists", "the training has read it", hint)
        if file.stat().st_size != was["bytes"]:
            details = f"it had {was['bytes']} bytes when the training began, and has {file.stat().st_size}"
            raise UserError(f"{file} has changed", details, hint)
        if sha256_of_file(file) != was["sha256"]:
            raise UserError(f"{file} has changed", "its size is the same, but its content differs", hint)


def reject_new_inputs(path: Path) -> None:
    """Raise UserError if a recorded file is not in the manifest, such as a new match of a pattern.

    Files that no longer exist, such as temporary ones, are ignored.
    """
    known = _read_manifest(path)
    for file in _recorded:
        if file.is_file() and str(file) not in known:
            details = "the training had not read it, and would go on with other data"
            raise UserError(f"{file} was added", details, "Remove it, or train again.")


def sha256_of_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
