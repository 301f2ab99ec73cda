"""The list of the files that grunlp has written into a run folder."""

import json
import os
from itertools import islice
from pathlib import Path

import pytest

from grunlp.configuration.migrations import FORMAT_VERSION
from grunlp.runs.file_list import (
    FILE_LIST,
    foreign_entries,
    list_run_file,
    listed_files,
    remove_listed_files,
    remove_unfinished_files,
    run_file,
    start_file_list,
)
from grunlp.utils.errors import DataError, UserError


@pytest.fixture
def run(tmp_path: Path) -> Path:
    start_file_list(tmp_path)
    for name in ("config.yaml", "logs/csv/metrics.csv"):
        run_file(tmp_path, name).write_text(name)
    return tmp_path


def test_files_are_listed_before_they_are_written(run: Path) -> None:
    assert not run_file(run, "card.md").exists()
    list_run_file(run, "checkpoint/last-epoch=1.ckpt")
    assert listed_files(run) == [
        FILE_LIST,
        "config.yaml",
        "logs/csv/metrics.csv",
        "card.md",
        "checkpoint/last-epoch=1.ckpt",
    ]
    assert json.loads((run / FILE_LIST).read_text())["format"] == FORMAT_VERSION


def test_a_folder_without_a_list_gets_none(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("")
    assert run_file(tmp_path, "config.yaml") == tmp_path / "config.yaml" and listed_files(tmp_path) is None
    assert list(foreign_entries(tmp_path)) == [tmp_path / "config.yaml"]


@pytest.mark.parametrize("content", ["[]", '{"files": []}', '{"format": 4, "files": [1]}', "{"])
def test_other_lists_are_refused(run: Path, content: str) -> None:
    (run / FILE_LIST).write_text(content)
    with pytest.raises(DataError, match=FILE_LIST):
        listed_files(run)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "/home/me/*",
            "../mine/*",
            "logs/../../mine",
            "",
            ".",
            "checkpoint",
            "checkpoint/*",
            "*",
            "card.md\0",
            "a//b",
        ),
        *("index.html", "notes/diary.txt", "logs/access.log", "encoder/../card.md", "./card.md", "card.md\n", "data/x"),
    ],
)
def test_names_that_are_never_written_are_refused(run: Path, name: str) -> None:
    """A stranger's list may name files of the user, inside or outside the folder."""
    (run / FILE_LIST).write_text(json.dumps({"format": FORMAT_VERSION, "files": [FILE_LIST, name]}))
    for function in (listed_files, foreign_entries, remove_unfinished_files):
        with pytest.raises(DataError, match=r"run_files\.json: lists a file that grunlp does not write"):
            function(run)
    with pytest.raises(AssertionError):  # a new file of a task needs its place in the pattern
        start_file_list(run)
        list_run_file(run, name)


def test_unfinished_versions_of_listed_files_are_removed(run: Path, tmp_path: Path) -> None:
    own, mine = run / "logs/csv/.metrics.csv.7.part", tmp_path / "mine"
    for file in (own, run / ".thesis.tex.7.part", mine / ".hparams.yaml.7.part"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    list_run_file(run, "logs/tensorboard/hparams.yaml")
    (run / "logs/tensorboard").symlink_to(mine)
    remove_unfinished_files(run)
    assert not own.exists() and (run / ".thesis.tex.7.part").exists() and (mine / ".hparams.yaml.7.part").exists()


def test_foreign_entries_are_found_without_reading_the_whole_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        (tmp_path / f"{number}/inner").mkdir(parents=True)
    read, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: read.append(folder) or scandir(folder))  # type: ignore[func-returns-value]
    assert list(islice(foreign_entries(tmp_path), 4)) == [tmp_path / str(number) for number in range(4)]
    assert read == [tmp_path]


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
    remove_listed_files(run, ["config.yaml", "logs/csv/metrics.csv"])
    assert {path.name for path in run.rglob("*")} == {FILE_LIST, "logs", "mine"}
