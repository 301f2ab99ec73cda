"""The folder of a study: resumed with the same settings, refused with others."""

from pathlib import Path

import pytest

from grunlp.tuning.study_folder import open_study, read_settings
from grunlp.utils.errors import UserError

SETTINGS = {"command": "tune", "folds": 3, "jobs": 2}


def test_a_study_is_resumed_with_the_same_settings(tmp_path: Path) -> None:
    folder = open_study("study", str(tmp_path / "s"), SETTINGS)
    (folder / "trials").mkdir()
    assert open_study("study", str(tmp_path / "s"), SETTINGS) == folder
    assert read_settings("study", folder, "tune") == SETTINGS


def test_other_settings_are_refused_unless_they_may_change(tmp_path: Path) -> None:
    folder = open_study("study", str(tmp_path / "s"), SETTINGS)
    open_study("study", str(folder), {**SETTINGS, "jobs": 9}, mutable_keys=["jobs"])
    with pytest.raises(UserError, match="folds: 3; now: 5"):
        open_study("study", str(folder), {**SETTINGS, "folds": 5}, mutable_keys=["jobs"])


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is not empty"):
        open_study("study", str(tmp_path), SETTINGS)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_study_of_another_command_is_refused(tmp_path: Path) -> None:
    folder = open_study("study", str(tmp_path / "s"), SETTINGS)
    with pytest.raises(UserError, match=r"grunlp\.compare"):
        read_settings("study", folder, "compare")
