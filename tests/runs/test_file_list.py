"""The list of the files that grunlp has written into a run folder."""

import json
from pathlib import Path

import pytest

from grunlp.configuration.migrations import FORMAT_VERSION
from grunlp.runs.file_list import (
    FILE_LIST,
    foreign_entries,
    list_run_file,
    listed_files,
    remove_listed_files,
    run_file,
    start_file_list,
)
from grunlp.utils.errors import DataError, UserError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    start_file_list(tmp_path)
    for name in ("config.yaml", "logs/a/events"):
        run_file(tmp_path, name).write_text(name)
    return tmp_path


def test_files_are_listed_before_they_are_written(run: Path) -> None:
    assert not run_file(run, "card.md").exists()
    list_run_file(run, "checkpoint/epoch=1.ckpt")
    assert listed_files(run) == [FILE_LIST, "config.yaml", "logs/a/events", "card.md", "checkpoint/epoch=1.ckpt"]
    assert json.loads((run / FILE_LIST).read_text())["format"] == FORMAT_VERSION


def test_a_folder_without_a_list_gets_none(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("")
    assert run_file(tmp_path, "config.yaml") == tmp_path / "config.yaml" and listed_files(tmp_path) is None
    assert foreign_entries(tmp_path) == [tmp_path / "config.yaml"]


@pytest.mark.parametrize("content", ["[]", '{"files": []}', '{"format": 4, "files": [1]}', "{"])
def test_other_lists_are_refused(run: Path, content: str) -> None:
    (run / FILE_LIST).write_text(content)
    with pytest.raises(DataError, match=FILE_LIST):
        listed_files(run)


def test_files_of_the_user_are_foreign_and_not_written_over(run: Path) -> None:
    (run / "card.md").write_text("mine")
    (run / "logs/notes").mkdir()
    (run / "link").symlink_to(run / "config.yaml")
    (run / ".config.yaml.12.part").write_text("left by a killed process")
    assert set(foreign_entries(run)) == {run / "card.md", run / "logs/notes", run / "link"}
    with pytest.raises(UserError, match="grunlp did not write it"):
        run_file(run, "card.md")
    with pytest.raises(UserError, match="is a symbolic link"):
        run_file(run, "link")


def test_listed_files_and_emptied_folders_are_removed(run: Path) -> None:
    (run / "logs/mine").write_text("")
    (run / ".config.yaml.12.part").write_text("left by a killed process")
    remove_listed_files(run, ["config.yaml", "logs/a/events"])
    assert {path.name for path in run.rglob("*")} == {FILE_LIST, "logs", "mine"}
