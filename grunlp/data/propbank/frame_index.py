"""A compact index of the PropBank frame files: the name, words and roles of each roleset.

The file is one JSON object, compressed with gzip:

    {"give.01": {"lemma": "give", "name": "transfer", "aliases": ["giving", "give"],
                 "functions": {"ARG0": "PAG", ...}, "glosses": {"ARG0": "giver", ...}}, ...}
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict
from xml.etree import ElementTree

from grunlp.data.input_manifest import record_input
from grunlp.utils.cache import cache_dir
from grunlp.utils.errors import DataError

INDEX_FILE = "rolesets.json.gz"


class RolesetEntry(TypedDict):
    """The entry of one roleset in the frame files."""

    lemma: str
    name: str
    aliases: list[str]
    functions: dict[str, str]
    glosses: dict[str, str]


RolesetIndex = Mapping[str, RolesetEntry]


def build_index(files: Mapping[str, bytes]) -> dict[str, RolesetEntry]:
    """Index the rolesets of all frame files `{"frames/give.xml": content, ...}`, sorted by path and number.

    A roleset belongs to the lemma its file is named after, as in the columns of the corpora. A file that is not XML is
    skipped; `convert_frames` counts those.
    """
    index: dict[str, RolesetEntry] = {}
    for path in sorted(files):
        try:
            root = ElementTree.fromstring(files[path])
        except ElementTree.ParseError:
            continue
        for roleset in root.iter("roleset"):
            roles = list(_roles(roleset))
            index.setdefault(
                roleset.attrib["id"],
                RolesetEntry(
                    lemma=Path(path).stem,
                    name=roleset.get("name", ""),
                    aliases=sorted({a.text for a in roleset.iter("alias") if a.text and "_" not in a.text}),
                    functions={role: function for role, function, _ in roles if function},
                    glosses={role: gloss for role, _, gloss in roles if gloss},
                ),
            )
    return index


def _roles(roleset: ElementTree.Element) -> Iterator[tuple[str, str, str]]:
    """Yield the role, function tag and description of each role.

    `n="M"` with a function is an adjunct, such as ARGM-LOC.
    """
    for role in roleset.iter("role"):
        function = re.sub(r"[^A-Z]", "", role.get("f", "").upper())
        number = role.get("n", "").upper()
        yield f"ARG{number}-{function}" if number == "M" else f"ARG{number}", function, role.get("descr", "")


def encode_index(index: RolesetIndex) -> bytes:
    """Return the bytes of an index file; equal indices give equal bytes."""
    return gzip.compress(json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)


def index_path() -> Path:
    """Return the path of the index that predictions use; `scripts/prepare_propbank_frames.py` writes it."""
    return cache_dir() / "propbank-frames" / INDEX_FILE


def read_index(path: Path) -> dict[str, RolesetEntry]:
    """Read an index file that `encode_index` made. Raises DataError for any other file."""
    record_input(path)
    try:
        index: dict[str, RolesetEntry] = json.loads(gzip.decompress(path.read_bytes()))
        if not all(entry.keys() == RolesetEntry.__annotations__.keys() for entry in index.values()):
            raise ValueError("an entry has other parts than expected")
    except (OSError, EOFError, ValueError, AttributeError, zlib.error) as error:
        hint = "Build it again: python scripts/prepare_propbank_frames.py --force"
        raise DataError(path, None, f"not an index of frame files: {error}", hint) from None
    return index
