"""The folder of a study, which stores the settings and ensures that the study is continued with the same ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError

SETTINGS_FILE = "settings.json"


def open_study(key: str, path: str | None, settings: Mapping[str, Any], mutable_keys: Sequence[str] = ()) -> Path:
    """Make the folder of a study, or open the one that was started with the same settings.

    Args:
        key: the option that names the folder, for messages.
        path: the folder; None: a new one, `runs/<command>/<date-time>`.
        settings: `command` and all settings that affect the result.
        mutable_keys: settings that may differ from the stored ones.

    Raises:
        UserError: the folder contains other files, or a study with other settings.
    """
    command = settings["command"]
    if path is None:
        from grunlp.runs.layout import make_unique_dir  # imports torch

        folder = make_unique_dir(command)
    else:
        folder = Path(path)
    if (folder / SETTINGS_FILE).is_file():
        _require_same(key, folder, read_settings(key, folder, command), settings, mutable_keys)
        return folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        details = f"it contains no study of grunlp.{command}"
        raise UserError(f"{key}={folder} is not empty", details, f"Type {key}=NEW_FOLDER")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make {folder}: {error.strerror}", "", f"Type {key}=FOLDER with write permission"
        ) from None
    write_file_atomically(folder / SETTINGS_FILE, json.dumps(settings, indent=2))
    return folder


def read_settings(key: str, folder: Path, command: str) -> dict[str, Any]:
    """Read the settings of a study. Raises UserError if the folder has no study, or the study of another command."""
    try:
        settings: dict[str, Any] = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            f"{folder} contains no study",
            f"there is no {SETTINGS_FILE}",
            f"Type {key}=FOLDER of a study, or start a new study.",
        ) from None
    if settings.get("command") != command:
        details = f"it is a study of grunlp.{settings.get('command')}"
        raise UserError(f"{folder} is not a study of grunlp.{command}", details, f"Type {key}=ANOTHER_FOLDER")
    return settings


def _require_same(
    key: str, folder: Path, old: Mapping[str, Any], new: Mapping[str, Any], mutable_keys: Sequence[str]
) -> None:
    new = json.loads(json.dumps(new))  # as JSON would store it
    for name in [*old, *new]:
        if name not in mutable_keys and old.get(name) != new.get(name):
            details = f"it was started with {name}: {old.get(name)}; now: {new.get(name)}"
            raise UserError(
                f"{folder} has other settings", details, f"Type the same settings again, or {key}=NEW_FOLDER"
            )
