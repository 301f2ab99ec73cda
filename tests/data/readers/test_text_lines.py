"""Lines of a file, from its beginning or from a place within it."""

import gzip
import lzma
import tempfile
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.readers.text_lines import index_line_offsets, likely_encoding, open_lines
from grunlp.utils.errors import DataError, UserError

PACKED = {"plain": bytes, "gz": gzip.compress, "xz": lzma.compress}
PIECES = st.sampled_from([b"a", "é\u2028".encode(), b"\xff", b"\r", b"\n", b"\r\n", b"word "])
TEXTS = st.lists(PIECES, min_size=1, max_size=40).map(b"".join)


@given(TEXTS, st.integers(1, 9), st.sampled_from(sorted(PACKED)), st.booleans())
def test_parts_are_the_whole(text: bytes, step: int, packed: str, mark: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(PACKED[packed](b"\xef\xbb\xbf" * mark + text))
        whole = list(open_lines(path))
        offsets, count = index_line_offsets(path, step)
        assert count == len(whole) and len(offsets) == -(-count // step)
        parts = [list(islice(open_lines(path, 1 + k * step, offset), step)) for k, offset in enumerate(offsets)]
        assert [line for part in parts for line in part] == whole
        assert [line.number for line in whole] == list(range(1, count + 1))


def test_carriage_returns_end_lines_where_no_newline_does(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content, texts in (
        (b"one\rtwo\r\rthree", ["one", "two", "", "three"]),
        (b"one\r", ["one"]),
        (b"one\rtwo\nthree\rfour", ["one\rtwo", "three\rfour"]),
    ):
        path.write_bytes(content)
        assert [line.text for line in open_lines(path)] == texts


def test_what_cannot_be_read_cannot_be_cut(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    for content, said in (
        (b"", "is empty"),
        (gzip.compress(b"word\n" * 999, mtime=0)[:-5], "truncated here"),
        (b"a\0", "binary"),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=said):
            index_line_offsets(path, 10)
    with pytest.raises(DataError, match="does not exist"):
        index_line_offsets(tmp_path / "none", 10)


def test_other_encodings_are_named_and_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("fine\nthe “café”\n".encode("cp1252"))
    line = list(open_lines(path))[1]
    with pytest.raises(DataError) as error:
        line.require_text(path)
    expected = (f"{path}:2: byte 0x93 at position 5", f"iconv -f CP1252 -t UTF-8 {path}", "data.encoding=cp1252")
    assert all(part in str(error.value) for part in expected)
    assert [line.text for line in open_lines(path, encoding="cp1252")] == ["fine", "the “café”"]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("naïve", "utf-8"), ("naïve", "cp1252"), ("それはペンです", "shift_jis"), ("Красная площадь", "cp1251")],
)
def test_the_likely_encoding(text: str, encoding: str) -> None:
    assert likely_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize("name", ["utf-16", "no such", "base64"])
def test_encodings_without_lines_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="iconv"):
        open_lines(tmp_path / "a", encoding=name)


def test_a_dangling_link_does_not_suggest_itself(tmp_path: Path) -> None:
    (tmp_path / "train.txt").symlink_to(tmp_path / "gone.txt")
    with pytest.raises(DataError, match="check the path"):
        list(open_lines(tmp_path / "train.txt"))
