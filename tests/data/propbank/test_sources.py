from pathlib import Path

import pytest

from grunlp.data.propbank.sources import PROPBANK_EWT, PROPBANK_FRAMES, UD_EWT, files_digest, read_source
from grunlp.utils.errors import UserError
from tests.data.propbank.miniature_repositories import pack, write_tree


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar.xz", "a.zip"])
def test_every_archive_gives_the_used_files(name: str, tmp_path: Path, propbank_files) -> None:
    archive = pack(propbank_files, tmp_path / name, "propbank-release-4abade0b")
    assert read_source(PROPBANK_EWT, archive) == propbank_files


def test_a_checkout_or_a_folder_around_it(tmp_path: Path, ud_files, frames_files) -> None:
    write_tree(
        {**ud_files, "not-to-release/sources/letters/anna.xml.enhanced.conllu": b"old"}, tmp_path / "some" / "UD"
    )
    assert read_source(UD_EWT, tmp_path / "some" / "UD") == ud_files
    assert read_source(UD_EWT, tmp_path / "some") == ud_files
    write_tree(frames_files, tmp_path / "frames-repository")
    assert read_source(PROPBANK_FRAMES, tmp_path / "frames-repository") == frames_files


def test_bad_paths_are_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_source(UD_EWT, tmp_path / "nowhere")
    with pytest.raises(UserError, match="has no file of UD_English-EWT"):
        read_source(UD_EWT, tmp_path)
    (tmp_path / "a.tar.gz").write_bytes(b"<html>not an archive</html>")
    with pytest.raises(UserError, match=r"cannot read .*a\.tar\.gz"):
        read_source(UD_EWT, tmp_path / "a.tar.gz")


def test_an_archive_that_ends_early_is_explained(tmp_path: Path, ud_files) -> None:
    whole = pack({**ud_files, "big": bytes(range(256)) * 400}, tmp_path / "whole.tar.xz", "x").read_bytes()
    (tmp_path / "half.tar.xz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="cannot read"):
        read_source(UD_EWT, tmp_path / "half.tar.xz")


def test_the_digest_depends_on_paths_and_contents_only() -> None:
    one = files_digest({"b": b"2", "a": b"1"})
    assert one == files_digest({"a": b"1", "b": b"2"})
    assert one != files_digest({"a": b"1", "b": b"3"})
    assert one != files_digest({"a": b"1", "c": b"2"})


@pytest.mark.realdata
def test_the_pinned_files(data_root: Path) -> None:
    names = {UD_EWT: "UD_English-EWT-sources", PROPBANK_EWT: "propbank-release-ewt", PROPBANK_FRAMES: "propbank-frames"}
    for source, name in names.items():
        assert files_digest(read_source(source, data_root / "raw" / f"{name}.tar.xz")) == source.sha256
