"""Which files a training has read, and whether they are still the same.

Readers note the files they open; a training that begins writes size and SHA-256 of each into its run folder.
"""

import hashlib
import json
from pathlib import Path

from grunlp.utils.atomic_io import write_file
from grunlp.utils.errors import GrunlpError
from grunlp.utils.safe_load import read_json

_noted: dict[Path, None] = {}  # by this process, in the order in which they were opened


def note(*paths: str | Path | None) -> None:
    """Remember files, and those in folders, that are there."""
    for path in (Path(one) for one in paths if one is not None):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        _noted.update((file.resolve(), None) for file in files if file.is_file())


def write_sources(path: Path) -> None:
    """Write size and checksum of the files noted since the last time, but for those that are gone."""
    files = [file for file in _noted if file.is_file()]
    _noted.clear()
    content = {str(file): {"bytes": file.stat().st_size, "sha256": checksum(file)} for file in files}
    write_file(path, json.dumps(content, indent=1, ensure_ascii=False))


def is_sources(path: Path) -> bool:
    """Whether `write_sources` wrote this."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and all(
        isinstance(was, dict) and set(was) == {"bytes", "sha256"} for was in content.values()
    )


def require_same_sources(path: Path) -> None:
    """Raise where a file is not what it was when `write_sources` wrote this; what was noted before is forgotten."""
    _noted.clear()
    content = read_json(path)
    if not isinstance(content, dict) or not all(isinstance(was, dict) for was in content.values()):
        raise GrunlpError(f"{path}: no list of files", "", "Type the command of the training again.")
    for name, was in content.items():
        file, way = Path(name), "Put the old file there again, or train anew."
        if not file.is_file():
            raise GrunlpError(f"{file} is gone", "the training had read it", way)
        if file.stat().st_size != was.get("bytes"):
            there = f"it had {was['bytes']} bytes when the training began, and has {file.stat().st_size}"
            raise GrunlpError(f"{file} has changed", there, way)
        if checksum(file) != was.get("sha256"):
            raise GrunlpError(f"{file} has changed", "it is as long as it was, with other contents", way)


def require_no_more_sources(path: Path) -> None:
    """Raise where a file was noted that `write_sources` did not write, as one that a pattern stands for now.

    Files that are gone again, as those of a demonstration, are passed over here too.
    """
    known = read_json(path)
    for file in _noted:
        if file.is_file() and str(file) not in known:
            there = "the training had not read it, and would go on with other data"
            raise GrunlpError(f"{file} was added", there, "Take it away again, or train anew.")


def checksum(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
