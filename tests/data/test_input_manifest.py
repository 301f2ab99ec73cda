"""The files that a training read: recorded, and compared when it resumes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from grunlp.data.input_manifest import (
    record_input,
    reject_new_inputs,
    verify_manifest,
    write_manifest,
)
from grunlp.utils.errors import UserError


@pytest.fixture
def manifest(tmp_path: Path) -> Iterator[Path]:
    """A manifest of two files, one of them in a folder."""
    write_manifest(tmp_path / "earlier.json")  # forget what other tests have recorded
    (tmp_path / "folder").mkdir()
    (tmp_path / "train.txt").write_text("train")
    (tmp_path / "folder/dev.txt").write_text("dev")
    record_input(tmp_path / "train.txt", tmp_path / "folder", None, tmp_path / "missing")
    write_manifest(tmp_path / "manifest.json")
    yield tmp_path / "manifest.json"
    write_manifest(tmp_path / "later.json")


def test_unchanged_files_pass(manifest: Path) -> None:
    verify_manifest(manifest)
    record_input(manifest.parent / "train.txt")
    reject_new_inputs(manifest)


@pytest.mark.parametrize(
    ("content", "message"), [("trail", "is as long as it was"), ("longer", "had 5 bytes"), (None, "is gone")]
)
def test_a_changed_or_missing_file_is_named(manifest: Path, content: str | None, message: str) -> None:
    file = manifest.parent / "train.txt"
    file.write_text(content) if content else file.unlink()
    with pytest.raises(UserError, match=message):
        verify_manifest(manifest)


def test_an_added_file_is_named(manifest: Path) -> None:
    verify_manifest(manifest)
    (manifest.parent / "more.txt").write_text("more")
    record_input(manifest.parent / "more.txt")
    with pytest.raises(UserError, match=r"more\.txt was added"):
        reject_new_inputs(manifest)
