import gzip
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from grunlp.data.datasets.public import PublicFile, locate_dataset
from grunlp.utils.errors import UserError

TEXT = b"One line.\nAnother.\n"
PACKED = gzip.compress(TEXT, mtime=0)
DAMAGED = PACKED[:12] + b"damaged" + PACKED[19:]


@pytest.fixture
def files(tmp_path: Path) -> list[PublicFile]:
    """A plain file and a packed one of the same text, at a home of their own."""
    home = tmp_path / "home"
    home.mkdir()
    contents = {"plain.txt": TEXT, "packed.gz": PACKED}
    for name, content in contents.items():
        (home / name).write_bytes(content)
    sha256 = hashlib.sha256(TEXT).hexdigest()
    return [PublicFile(name, (home / name).as_uri(), sha256) for name in contents]


@pytest.fixture
def find(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[PublicFile]], Path]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("GRUNLP_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return lambda files: locate_dataset(
        "corpus", "corpus", "two files", "example.org", "data=files", files, "CC BY 4.0"
    )


def test_files_are_downloaded_once(
    find: Callable[[list[PublicFile]], Path], files: list[PublicFile], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    folder = find(files)
    assert "downloading 2 files (licence: CC BY 4.0)" in caplog.text
    assert (folder / "plain.txt").read_bytes() == TEXT == gzip.decompress((folder / "packed.gz").read_bytes())
    caplog.clear()
    nowhere = [replace(file, url="http://127.0.0.1:9/none") for file in files]
    assert find(nowhere) == folder and not caplog.text


def test_the_users_own_folder_comes_first(
    find: Callable[[list[PublicFile]], Path], files: list[PublicFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRUNLP_DATA", str(tmp_path))
    (tmp_path / "corpus").mkdir()
    assert find(files) == tmp_path / "corpus" and not list((tmp_path / "corpus").iterdir())


@pytest.mark.parametrize(
    "index, content",
    [(0, b"other"), (1, gzip.compress(b"other", mtime=0)), (1, b"no gzip"), (1, DAMAGED)],
    ids=["plain", "packed", "no gzip", "damaged"],
)
def test_other_content_is_refused_and_not_kept(
    find: Callable[[list[PublicFile]], Path], files: list[PublicFile], tmp_path: Path, index: int, content: bytes
) -> None:
    (tmp_path / "home" / files[index].name).write_bytes(content)
    with pytest.raises(UserError, match="has changed") as caught:
        find([files[index]])
    assert (
        "Get it from example.org, or type data=files. Contents of $GRUNLP_DATA/corpus: two files" in caught.value.hint
    )
    assert not list((tmp_path / "cache").rglob("*.*"))


def test_no_network_says_what_to_do(find: Callable[[list[PublicFile]], Path], files: list[PublicFile]) -> None:
    with pytest.raises(UserError, match=r"cannot download http://127.0.0.1:9/none: .*refused") as caught:
        find([replace(files[0], url="http://127.0.0.1:9/none")])
    assert "Get it from example.org" in caught.value.hint


def test_what_cannot_be_downloaded_is_asked_for(find: Callable[[list[PublicFile]], Path]) -> None:
    with pytest.raises(UserError, match="data=corpus: no such folder") as caught:
        find([])
    assert caught.value.details == "it is looked for in $GRUNLP_DATA/corpus: two files"
