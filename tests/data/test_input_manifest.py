"""The files that a training read: recorded, and compared when it resumes."""

import json
import logging
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import (
    clear_recorded_inputs,
    compare_inputs,
    read_layouts,
    record_input,
    record_layout,
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
    ("content", "message"), [("trail", "its size is the same"), ("longer", "had 5 bytes"), (None, "no longer exists")]
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


def test_layouts_are_kept_with_the_files(tmp_path: Path) -> None:
    clear_recorded_inputs()
    (tmp_path / "b.txt").write_text("train")
    (tmp_path / "a.txt").write_text("dev")
    layouts = [FileLayout(format="lines", encoding="utf-8"), FileLayout(format="json-lines", columns={"text": "t"})]
    for name, layout in zip(("b.txt", "a.txt"), layouts, strict=True):
        record_layout(tmp_path / name, layout)
        record_input(tmp_path / name)  # as the cache does; the layout stays
    write_manifest(tmp_path / "manifest.json")
    found = read_layouts(tmp_path / "manifest.json")
    assert list(found.items()) == [(tmp_path / "b.txt", layouts[0]), (tmp_path / "a.txt", layouts[1])]
    assert read_layouts(tmp_path / "missing.json") == {}


def test_changed_files_are_reported_or_refused(manifest: Path, caplog: pytest.LogCaptureFixture) -> None:
    file, own = manifest.parent / "train.txt", manifest.parent / "own.txt"
    own.write_text("of a training that reads the files of another")
    record_input(own)

    def read(strict: bool, manifest: Path = manifest) -> None:
        with compare_inputs(manifest, strict):
            record_input(file, manifest.parent / "folder/dev.txt", manifest)

    read(strict=True)
    file.write_text("trail")  # of the same length
    with caplog.at_level(logging.WARNING, logger="grunlp"):
        read(strict=False)
    (message,) = caplog.messages
    assert str(file) in message and re.search(r"it was of \d{4}-.*, and is of \d{4}-", message)
    with pytest.raises(UserError, match=r"train\.txt has changed since the training\nit was of"):
        read(strict=True)
    read(strict=True, manifest=manifest.parent / "none.json")  # a run of an earlier version
    write_manifest(manifest)
    assert {str(file), str(own)} <= set(json.loads(manifest.read_text())), "records of before are kept"


ENTRY: dict[str, object] = {"bytes": 5, "sha256": "0"}


@pytest.mark.parametrize(
    "content",
    [
        *([], 3, None, "text", [ENTRY], {"a": {}}, {"a": []}, {"a": None}, {"a": "bytes"}, {"a": {"bytes": 5}}),
        *({"a": {"sha256": "0"}}, {"a": ENTRY | {"bytes": "5"}}, {"a": ENTRY | {"sha256": None}}),
        *({"a": ENTRY | {"modified": 3}}, {"a": ENTRY | {"layout": 3}}, {"a": ENTRY | {"layout": {"format": 3}}}),
        {"a": {"layout": FileLayout(format="lines", encoding="utf-8").to_json()}},
    ],
)
def test_a_damaged_manifest_is_a_plain_error(tmp_path: Path, content: object) -> None:
    """In every command that reads it, also if none of its files is read again."""
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(content))

    def compare() -> None:
        with compare_inputs(manifest):
            record_input(manifest)

    for call in (compare, *(partial(f, manifest) for f in (read_layouts, verify_manifest, reject_new_inputs))):
        with pytest.raises(UserError, match=r"manifest\.json is not a list of input files"):
            call()
