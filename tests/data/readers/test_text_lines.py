"""Lines of a file, from its beginning or from a place within it."""

import gzip
import lzma
import tempfile
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grunlp.data.readers.text_lines import index_line_offsets, open_lines
from grunlp.utils.errors import DataError

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
