"""Numbered lines of text of a data file, compressed or not.

Compression (gzip or xz) is detected from the first bytes, not from the suffix. Text is UTF-8, with or without a
byte order mark, with Unix or Windows line ends. A line that is not UTF-8 is yielded with its error, so that a
reader can skip its sentence and continue; an error in the whole file raises `DataError`.
"""

import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.utils.errors import DataError, closest_match

OnError = Callable[[DataError], None]

_GZIP_MAGIC, _XZ_MAGIC = b"\x1f\x8b", b"\xfd7zXZ\x00"
_UTF8_BOM, _UTF16_BOMS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_SNIFF_BYTES = 1024


def raise_error(error: DataError) -> None:
    """Raise the error of a malformed line; the default `on_error` of readers that can skip such lines."""
    raise error


def parse_json_object(
    path: str | Path, number: int, line: str, expected: str = "expected an object a line"
) -> dict[str, Any]:
    """Parse a line of JSON lines. Raises DataError unless it is an object.

    Args:
        path: the file, for the error.
        number: the number of the line, from 1.
        line: its text.
        expected: the kind of object, for the error.
    """
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(path, number, f"not JSON ({error})", expected, "correct the line") from None
    if not isinstance(record, dict):
        raise DataError(path, number, "not a JSON object", expected, "correct the line")
    return record


class Line(NamedTuple):
    """One line without its end.

    Attributes:
        number: its number, from 1.
        text: its text.
        error: why it is not UTF-8 text; empty for a valid line.
    """

    number: int
    text: str
    error: str = ""


def require_file(path: Path) -> None:
    """Raise `DataError` unless `path` is a readable file.

    For a missing file the error suggests the most similar name.
    """
    if path.is_dir():
        raise DataError(path, None, "is a directory", "expected one data file", f"name a file in it: {path}/...")
    if path.exists():
        return
    folder = path.parent
    if not folder.is_dir():
        raise DataError(path, None, "does not exist", f"neither does its folder {folder}", "check the path")
    near = closest_match(path.name, (entry.name for entry in folder.iterdir()))
    hint = f"did you mean {folder / near}?" if near else "check the path"
    raise DataError(path, None, "does not exist", f"its folder {folder} does", hint)


def open_lines(path: Path, first: int = 1, offset: int = 0) -> Iterator[Line]:
    """Yield the lines of a file, one in memory at a time.

    Args:
        path: the file.
        first: number of the first line to yield.
        offset: byte offset of that line, from `index_line_offsets`; a compressed file is decompressed up to it.

    Raises:
        DataError: the file is missing, a directory, empty, binary, UTF-16, truncated or not readable.
    """
    return starmap(_decode, _numbered(path, first, offset))


def index_line_offsets(path: Path, stride: int) -> tuple[list[int], int]:
    """Return the byte offset in the decompressed file of every `stride`-th line, and the number of lines.

    Raises DataError as `open_lines` does.
    """
    offsets, end, number = [], 0, 0
    for number, data in _numbered(path, 1, 0):
        if (number - 1) % stride == 0:
            offsets.append(end)
        end += len(data)
    return offsets, number


def _numbered(path: Path, first: int, offset: int) -> Iterator[tuple[int, bytes]]:
    """Yield each line as bytes, including its line end, with its number."""
    require_file(path)
    number = 0
    try:
        with path.open("rb") as file, _decompress(file) as stream:
            _refuse_binary(path, stream.peek(_SNIFF_BYTES)[:_SNIFF_BYTES])
            stream.seek(offset)
            for number, data in enumerate(stream, start=first):
                yield number, data
    except (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DataError(
            path, number + 1, f"the compressed file is damaged or truncated here ({error})",
            "expected a complete gz or xz file", "copy or download it again",
        ) from error  # fmt: skip
    except OSError as error:
        raise DataError(
            path, None, f"cannot be read: {error.strerror or error}", hint="check its permissions"
        ) from error
    if number == 0:
        raise DataError(path, None, "the file is empty", "expected at least one sentence", "check how it was made")


def _decompress(file: BufferedReader) -> BufferedReader | gzip.GzipFile | lzma.LZMAFile:
    magic = file.peek(len(_XZ_MAGIC))
    if magic.startswith(_GZIP_MAGIC):
        return gzip.GzipFile(fileobj=file)
    if magic.startswith(_XZ_MAGIC):
        return lzma.LZMAFile(file)
    return file


def _refuse_binary(path: Path, head: bytes) -> None:
    if head.startswith(_UTF16_BOMS):
        hint = f"convert it: iconv -f UTF-16 -t UTF-8 {path}"
        raise DataError(path, 1, "the file is UTF-16", "expected UTF-8 text", hint)
    if b"\0" in head:
        hint = "unpack archives first; read Parquet with grunlp.data.readers.hub.read_hub"
        raise DataError(path, 1, "the file is binary", "expected UTF-8 text, plain or as gz or xz", hint)


def _decode(number: int, data: bytes) -> Line:
    if number == 1:
        data = data.removeprefix(_UTF8_BOM)
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return Line(number, data.decode(), "contains a NUL byte" if b"\0" in data else "")
    except UnicodeDecodeError as error:
        fault = f"byte 0x{data[error.start]:02x} at position {error.start + 1} is not UTF-8"
        return Line(number, data.decode(errors="replace"), fault)
