import gzip
from pathlib import Path

import pytest

from grunlp.data.propbank import FRAMES_FILE, build, build_ewt, build_frames, find_ewt, find_frames
from grunlp.data.propbank.frame_index import index_path, read_index
from grunlp.data.readers import read
from grunlp.utils.errors import UserError
from tests.data.propbank.miniature_repositories import pack, write_tree


def test_the_columns_are_readable_and_the_same_each_time(tmp_path: Path, ud_files, propbank_files) -> None:
    ud, propbank = write_tree(ud_files, tmp_path / "ud"), write_tree(propbank_files, tmp_path / "pb")
    counts = build_ewt(tmp_path / "one", ud, propbank)
    assert counts["train sentences"] == 2 and counts["train predicates"] == 3
    assert counts["sentences dropped: not aligned"] == 1
    build_ewt(tmp_path / "two", ud, propbank)
    for name in ("train.conll.gz", "dev.conll.gz", "test.conll.gz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    header = (tmp_path / "one" / "train.conll.gz").read_bytes()[:8]
    assert header[3] == 0 and header[4:] == bytes(4)  # neither a file name nor a time
    text = gzip.decompress((tmp_path / "one" / "train.conll.gz").read_bytes()).decode()
    assert text.startswith("# doc = letters/00/anna.xml\n# sent = letters-anna-0001\n1\tAnna\tNNP\t_\t_\t(ARG0*)\n")
    assert [example["id"] for example in read(tmp_path / "one" / "train.conll.gz")] == [
        "letters-anna-0001",
        "letters-anna-0003",
    ]


def test_an_interrupted_build_leaves_nothing(tmp_path: Path, frames_files, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "write_columns", fail)
    with pytest.raises(KeyboardInterrupt):
        build_frames(tmp_path / "out" / "frames", write_tree(frames_files, tmp_path / "f"))
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_a_place_that_cannot_be_written_is_explained(tmp_path: Path, frames_files) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write "):
        build_frames(tmp_path / "file" / "frames", write_tree(frames_files, tmp_path / "f"))


def test_prepared_files_are_found_first(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in (cache / "propbank-ewt", tmp_path / "data" / "propbank-ewt"):
        write_tree({"train.conll.gz": b"", "dev.conll.gz": b"", "test.conll.gz": b""}, folder)
    assert find_ewt() == cache / "propbank-ewt"
    monkeypatch.setenv("GRUNLP_DATA", str(tmp_path / "data"))
    assert find_ewt() == tmp_path / "data" / "propbank-ewt"
    (tmp_path / "data" / "propbank-ewt" / "dev.conll.gz").unlink()
    assert find_ewt() == cache / "propbank-ewt"


def test_raw_archives_are_built_into_the_cache(
    cache: Path, tmp_path: Path, ud_files, propbank_files, frames_files, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = tmp_path / "data" / "raw"
    raw.mkdir(parents=True)
    pack(ud_files, raw / "UD_English-EWT-sources.tar.xz", "UD_English-EWT")
    pack(propbank_files, raw / "propbank-release-ewt.tar.xz", "propbank-release")
    pack(frames_files, raw / "propbank-frames.tar.xz", "propbank-frames")
    monkeypatch.setenv("GRUNLP_DATA", str(tmp_path / "data"))
    assert find_ewt() == cache / "propbank-ewt"
    assert find_frames() == cache / "propbank-frames"
    before = [path.stat().st_mtime_ns for path in (index_path(), find_frames() / FRAMES_FILE)]
    assert [path.stat().st_mtime_ns for path in (index_path(), find_frames() / FRAMES_FILE)] == before
    assert [example["pos"] for example in read(find_frames() / FRAMES_FILE)] == [[]]
    assert read_index(index_path())["send.01"]["name"] == "give"


def test_nothing_there_and_no_network(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UD_EWT", "PROPBANK_FRAMES"):
        source = getattr(build, name)
        monkeypatch.setattr(build, name, source.__class__(**{**vars(source), "url": "http://127.0.0.1:9/none"}))
    for find in (find_ewt, find_frames):
        with pytest.raises(UserError, match="cannot download") as caught:
            find()
        assert caught.value.details and caught.value.hint
