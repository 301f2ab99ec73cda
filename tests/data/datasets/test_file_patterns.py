"""Files that a shell pattern matches."""

from pathlib import Path

import pytest

from grunlp.data.datasets.file_patterns import glob_absolute_paths, glob_files
from grunlp.utils.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.txt", "a.txt", "c.log", "deep/er/d.txt", "[x].txt", "folder.txt/inner"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def names(folder: Path, pattern: str) -> list[str]:
    return [str(Path(path).relative_to(folder)) for path in glob_files(f"{folder}/{pattern}")]


def test_files_are_sorted_and_folders_left_out(folder: Path) -> None:
    assert names(folder, "*.txt") == ["[x].txt", "a.txt", "b.txt"]
    assert names(folder, "**/*.txt") == ["[x].txt", "a.txt", "b.txt", "deep/er/d.txt"]
    assert names(folder, "?.log") == ["c.log"]


def test_the_name_of_a_file_is_no_pattern(folder: Path) -> None:
    assert names(folder, "[x].txt") == ["[x].txt"]


def test_nothing_and_folders_are_refused(folder: Path) -> None:
    with pytest.raises(UserError, match=r"none\*: no such file"):
        glob_files(f"{folder}/none*")
    with pytest.raises(UserError, match=r"(?s)is a folder.*Type '.*/\*'"):
        glob_files(str(folder))


def test_paths_are_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert glob_files("a.*") == ["a.txt"] and glob_absolute_paths("a.*") == [str(folder.resolve() / "a.txt")]
