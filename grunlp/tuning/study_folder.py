"""The folder of a study: its settings, so that it can go on, and never with others."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError

SETTINGS_FILE = "settings.json"


def open_study(key: str, path: str | None, settings: Mapping[str, Any], mutable_keys: Sequence[str] = ()) -> Path:
    """Make the folder of a study, or find the one that was begun with the same settings.

    Args:
        key: that names it on the command line, `out` say.
        path: where; None is `runs/<command>/<date-time>`, which is new.
        settings: what the study is; `command` and whatever else would change its result.
        mutable_keys: settings that may be others than those it was begun with.

    Raises:
        UserError: something else lies there.
    """
    command = settings["command"]
    if path is None:
        from grunlp.runs.layout import unique_run_path  # takes a second

        folder = unique_run_path(command)
    else:
        folder = Path(path)
    if (folder / SETTINGS_FILE).is_file():
        _require_same(key, folder, read_settings(key, folder, command), settings, mutable_keys)
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        there = f"it holds no study of grunlp.{command}"
        raise UserError(f"{key}={folder} is not empty", there, f"Type {key}=NEW_FOLDER")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make {folder}: {error.strerror}", "", f"Type {key}=FOLDER you may write to") from None
    write_file_atomically(folder / SETTINGS_FILE, json.dumps(settings, indent=2))
    return folder


def read_settings(key: str, folder: Path, command: str) -> dict[str, Any]:
    """The settings of a study. Raises UserError where none lies, or one of another command."""
    try:
        settings: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        there = f"{SETTINGS_FILE} of a study is needed"
        raise UserError(f"{folder} holds no study", there, f"Type {key}=FOLDER of a study, or begin one.") from None
    if settings.get("command") != command:
        there = f"it is one of grunlp.{settings.get('command')}"
        raise UserError(f"{folder} is no study of grunlp.{command}", there, f"Type {key}=ANOTHER_FOLDER")
    return settings


def _require_same(
    key: str, folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], mutable_keys: Sequence[str]
) -> None:
    new = json.loads(json.dumps(new))  # as it would have been written
    for name in [*old, *new]:
        if name not in mutable_keys and old.get(name) != new.get(name):
            there = f"it was begun with {name}: {old.get(name)}; now: {new.get(name)}"
            raise UserError(f"{folder} has other settings", there, f"Type the same again, or {key}=NEW_FOLDER")
