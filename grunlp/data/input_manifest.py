"""A manifest of the files that a training has read, which shows whether they have changed.

Readers record the files that they open; a training that starts writes the size and SHA-256 of each into its run folder.
"""

import hashlib
import json
from pathlib import Path

from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import read_json

_recorded: dict[Path, None] = {}  # by this process, in the order in which they were opened


def record_input(*paths: str | Path | None) -> None:
    """Record files, and all files in folders, as inputs of the training."""
    for path in (Path(name) for name in paths if name is not None):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        _recorded.update((file.resolve(), None) for file in files if file.is_file())


def write_manifest(path: Path) -> None:
    """Write the size and checksum of the files recorded since the last call, unless they no longer exist."""
    files = [file for file in _recorded if file.is_file()]
    _recorded.clear()
    content = {str(file): {"bytes": file.stat().st_size, "sha256": sha256_of_file(file)} for file in files}
    write_file_atomically(path, json.dumps(content, indent=1, ensure_ascii=False))


def is_manifest(path: Path) -> bool:
    """Return whether `write_manifest` wrote this file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and all(
        isinstance(was, dict) and set(was) == {"bytes", "sha256"} for was in content.values()
    )


def verify_manifest(path: Path) -> None:
    """Raise UserError if a file differs from the manifest that `write_manifest` wrote; clear the record of inputs."""
    _recorded.clear()
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(was, dict) for was in content.values()):
        raise UserError(f"{path} is not a list of input files", "", "Type the command of the training again.")
    for name, was in content.items():
        file, hint = Path(name), "Put the old file there again, or train again."
        if not file.is_file():
            raise UserError(f"{file} no longer exists", "the training has read it", hint)
        if file.stat().st_size != was.get("bytes"):
            details = f"it had {was['bytes']} bytes when the training began, and has {file.stat().st_size}"
            raise UserError(f"{file} has changed", details, hint)
        if sha256_of_file(file) != was.get("sha256"):
            raise UserError(f"{file} has changed", "its size is the same, but its content differs", hint)


def reject_new_inputs(path: Path) -> None:
    """Raise UserError if a recorded file is not in the manifest, such as a new match of a pattern.

    Files that no longer exist, such as temporary ones, are ignored.
    """
    known = read_json(path)
    for file in _recorded:
        if file.is_file() and str(file) not in known:
            details = "the training had not read it, and would go on with other data"
            raise UserError(f"{file} was added", details, "Remove it, or train again.")


def sha256_of_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
