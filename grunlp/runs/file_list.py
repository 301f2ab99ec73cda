"""The files that grunlp has written into a run folder: replacing a run removes these and nothing else.

`run_files.json` holds the format of the run and the names of its files. The training makes it first, and a name is
added before its file is written. Folders of earlier versions have no list; in these nothing is removed.

The folder may come from a stranger. A list with a name that grunlp never writes is rejected, and files are removed only
where they are found by listing the folder without following links.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from grunlp.configuration.migrations import FORMAT_VERSION
from grunlp.runs.lock import LOCK_FILE, may_be_lock
from grunlp.utils.atomic_io import final_name, make_dir, write_file_atomically
from grunlp.utils.errors import DataError, UserError
from grunlp.utils.safe_load import MAX_CONFIG_BYTES, iter_entries, read_json

FILE_LIST = "run_files.json"

# All names that grunlp writes into a run folder. Libraries choose some of those in encoder/ and logs/tensorboard/.
_RUN_FILE_NAME = re.compile(
    r"""
    (run_files|data_manifest|metrics|vocabulary|classes|tokenizer|source_tokenizer|scaling)\.json
    | config\.yaml | card\.md | (weights|baseline)\.safetensors
    | predictions-\w+\.txt | forecast-\w+\.png
    | checkpoint/(resume|best|last-epoch=\d+)\.ckpt
    | encoder/\w[\w.-]*
    | logs/(csv|tensorboard)/hparams\.yaml | logs/csv/metrics\.csv | logs/tensorboard/events\.out\.tfevents\.[^/\0]+
    | nonfinite/(weights\.safetensors|batch\.json)
    """,
    re.VERBOSE | re.ASCII,
)


def start_file_list(run: Path) -> None:
    """Make the list of a new run."""
    _write(run, [FILE_LIST])


def listed_files(run: Path) -> list[str] | None:
    """Return the names of the files that grunlp has written, with "/" between folders; None without a list.

    Raises:
        DataError: the file is not such a list, or names a file that grunlp never writes.
    """
    file = run / FILE_LIST
    if not file.is_file():
        return None
    content = read_json(file, MAX_CONFIG_BYTES)
    names = content.get("files") if isinstance(content, dict) and set(content) == {"format", "files"} else None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(file, None, "is not the list of the files of a run", "", "Name another folder.")
    for name in names:
        if not _RUN_FILE_NAME.fullmatch(name):
            details = f"it lists {name!r:.100}"
            raise DataError(file, None, "lists a file that grunlp does not write", details, "Name another folder.")
    return names


def run_file(run: Path, name: str) -> Path:
    """Return the path of a file that is about to be written into a run folder, and put its name on the list.

    Raises:
        UserError: a file that grunlp did not write has the name, or a folder on the way is a symbolic link.
    """
    path, names = run / name, listed_files(run)
    folders = [run / folder for folder in list(PurePosixPath(name).parents)[-2::-1]]  # the outer ones first
    for entry in (*folders, path):
        if entry.is_symlink():
            raise UserError(f"{entry} is a symbolic link", "the files of a run are its own", "Remove the link.")
    if names is not None and name not in names:
        if path.exists():
            raise UserError(
                f"{path} exists, and grunlp did not write it",
                f"the files of the run are listed in {run / FILE_LIST}",
                "Move it to another folder.",
            )
        list_run_file(run, name)  # before its folder is made: a training may be killed in between
    for folder in folders:
        make_dir(folder)
    return path


def list_run_file(run: Path, name: str) -> None:
    """Put a file on the list that a library has written under a name of its own choice, of a run that has a list."""
    names = listed_files(run)
    if names is not None and name not in names:
        _write(run, [*names, name])


def foreign_entries(run: Path) -> Iterator[Path]:
    """Yield the entries of a folder that grunlp did not write: all files but those on the list, all links."""
    names = set(listed_files(run) or ())
    folders = {parent.as_posix() for name in names for parent in PurePosixPath(name).parents}
    return (path for path in iter_entries(run) if not _is_own(path, path.relative_to(run), names, folders))


def _is_own(path: Path, place: Path, names: set[str], folders: set[str]) -> bool:
    if path.is_symlink():
        return False
    if path.is_dir():
        return place.as_posix() in folders
    if place.as_posix() == LOCK_FILE:
        return may_be_lock(path)
    written = final_name(place.name) or place.name
    return (place.parent / written).as_posix() in {*names, FILE_LIST}


def remove_listed_files(run: Path, names: Iterable[str]) -> None:
    """Remove files of a run that are on its list, unfinished versions of them, and folders that become empty."""
    own = set(names)
    folders = []
    for path in iter_entries(run):
        place = path.relative_to(run)
        if path.is_dir() and not path.is_symlink():
            folders.append(path)
        elif (place.parent / (final_name(place.name) or place.name)).as_posix() in own:
            path.unlink(missing_ok=True)
    parents = {parent.as_posix() for name in own for parent in PurePosixPath(name).parents}
    for folder in reversed(folders):  # the inner ones first
        if folder.relative_to(run).as_posix() in parents and not any(folder.iterdir()):
            folder.rmdir()


def remove_unfinished_files(run: Path) -> None:
    """Remove what a killed process left of files on the list that it was writing."""
    names = set(listed_files(run) or ())
    for path in iter_entries(run):
        name = final_name(path.name)
        if name is not None and (path.relative_to(run).parent / name).as_posix() in names and not path.is_dir():
            path.unlink(missing_ok=True)


def _write(run: Path, names: list[str]) -> None:
    assert all(_RUN_FILE_NAME.fullmatch(name) for name in names), names
    content = {"format": FORMAT_VERSION, "files": names}
    write_file_atomically(run / FILE_LIST, json.dumps(content, indent=1, ensure_ascii=False))
