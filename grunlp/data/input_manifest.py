"""The files that a training has read, and whether they are still the same.

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
    """Record files, and the files in folders, as inputs."""
    for path in (Path(name) for name in paths if name is not None):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        _recorded.update((file.resolve(), None) for file in files if file.is_file())


def write_manifest(path: Path) -> None:
    """Write the size and checksum of the files recorded since the last call, unless they no longer exist."""
    files = [file for file in _recorded if file.is_file()]
    _recorded.clear()
    content = {str(file): {"bytes": file.stat().st_size, "sha256": sha256_of_file(file)} for file in files}
    write_file_atomically(path, json.dumps(content, indent=1, ensure_ascii=False))


def verify_manifest(path: Path) -> None:
    """Raise UserError if a file differs from what `write_manifest` saw; forget the files recorded so far."""
    _recorded.clear()
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(was, dict) for was in content.values()):
        raise UserError(f"{path}: no list of files", "", "Type the command of the training again.")
    for name, was in content.items():
        file, hint = Path(name), "Put the old file there again, or train again."
        if not file.is_file():
            raise UserError(f"{file} is gone", "the training had read it", hint)
        if file.stat().st_size != was.get("bytes"):
            details = f"it had {was['bytes']} bytes when the training began, and has {file.stat().st_size}"
            raise UserError(f"{file} has changed", details, hint)
        if sha256_of_file(file) != was.get("sha256"):
            raise UserError(f"{file} has changed", "it is as long as it was, with other contents", hint)


def reject_new_inputs(path: Path) -> None:
    """Raise UserError if a file was recorded that is not in the manifest, such as a new match of a pattern.

    Files that no longer exist, such as temporary ones, are ignored.
    """
    known = read_json(path)
    for file in _recorded:
        if file.is_file() and str(file) not in known:
            details = "the training had not read it, and would go on with other data"
            raise UserError(f"{file} was added", details, "Take it away again, or train again.")


def sha256_of_file(file: Path) -> str:
    """Return the SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
