from pathlib import Path

import pytest

from grunlp.data.propbank.frame_index import build_index, encode_index, read_index
from grunlp.utils.errors import DataError

FILE = b"""<frameset><predicate lemma="hand"><roleset id="hand.01" name="pass"><aliases><alias pos="v">hand</alias>
<alias pos="l">hand_over</alias></aliases><roles><role n="0" f="pag" descr="hander"/><role n="1" f="PPT" descr=""/>
<role n="M" f="LOC" descr="where"/></roles></roleset></predicate>
<predicate lemma="hand_out"><roleset id="hand_out.02" name="distribute"/></predicate></frameset>"""


def test_index() -> None:
    index = build_index({"frames/hand.xml": FILE, "frames/broken.xml": b"<"})
    assert index["hand.01"] == {
        "lemma": "hand",
        "name": "pass",
        "aliases": ["hand"],
        "functions": {"ARG0": "PAG", "ARG1": "PPT", "ARGM-LOC": "LOC"},
        "glosses": {"ARG0": "hander", "ARGM-LOC": "where"},
    }
    assert index["hand_out.02"]["lemma"] == "hand", "the lemma is the file's"


def test_packed_and_read_back(tmp_path: Path) -> None:
    index = build_index({"frames/hand.xml": FILE})
    (tmp_path / "index.gz").write_bytes(encode_index(index))
    assert read_index(tmp_path / "index.gz") == index and encode_index(index) == encode_index(dict(index))


# type: ignore[arg-type, dict-item]
@pytest.mark.parametrize("content", [b"", b"no gzip", encode_index({"a.01": {"lemma": "a"}}), encode_index([])[:-3]])
def test_what_is_no_index(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.gz").write_bytes(content)
    with pytest.raises(DataError, match="not an index of frame files"):
        read_index(tmp_path / "index.gz")
