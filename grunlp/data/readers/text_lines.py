"""Numbered lines of text of a data file, compressed or not.

Compression (gzip or xz) is detected from the first bytes, not from the suffix. Text is UTF-8 unless another encoding is
given, with or without a byte order mark, with Unix, Windows or old Macintosh line ends. A line that cannot be decoded
is yielded with its error, so that a reader can skip its sentence and continue; an error in the whole file raises
`DataError`.
"""

import codecs
import gzip
import json
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.utils.errors import DataError, UserError, closest_match

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
        error: why it is not text; empty for a valid line.
        hint: what to do about the error; `{path}` stands for the file.
    """

    number: int
    text: str
    error: str = ""
    hint: str = ""

    def require_text(self, path: str | Path) -> None:
        """Raise DataError where the line, of the file `path`, is not text."""
        if self.error:
            raise DataError(path, self.number, self.error, "expected UTF-8 text", self.hint.format(path=path))


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
    near = closest_match(path.name, (entry.name for entry in folder.iterdir() if entry.exists()))
    hint = f"did you mean {folder / near}?" if near else "check the path"
    raise DataError(path, None, "does not exist", f"its folder {folder} does", hint)


def open_lines(path: Path, first: int = 1, offset: int = 0, encoding: str | None = None) -> Iterator[Line]:
    """Yield the lines of a file, one in memory at a time.

    Args:
        path: the file.
        first: number of the first line to yield.
        offset: byte offset of that line, from `index_line_offsets`; a compressed file is decompressed up to it.
        encoding: the encoding of the text; None: UTF-8.

    Raises:
        DataError: the file is missing, a directory, empty, binary, UTF-16, truncated or not readable.
    """
    codec = require_encoding(encoding or "utf-8")
    return (_decode(number, data, codec) for number, data in _numbered(path, first, offset))


def require_encoding(name: str) -> codecs.CodecInfo:
    """Return an encoding. Raises UserError unless it exists and has the line ends and quotes of ASCII."""
    try:
        codec = codecs.lookup(name)
        is_text = codec.encode('\n"')[0] == b'\n"'
    except (LookupError, TypeError, ValueError, UnicodeError):
        is_text = False
    if not is_text:
        details = "expected the name of an encoding that extends ASCII, as Python has it: utf-8, cp1252, shift_jis"
        raise UserError(f"encoding={name}", details, f"Convert the file: iconv -f {name} -t UTF-8 FILE > NEW_FILE")
    return codec


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
        with path.open("rb") as file, decompress(file) as stream:
            _refuse_binary(path, stream.peek(_SNIFF_BYTES)[:_SNIFF_BYTES])
            stream.seek(max(offset - 1, 0))
            follows_newline = offset > 0 and stream.read(1) == b"\n"
            for number, data in enumerate(stream if follows_newline else _split_lines(stream), start=first):
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


def _split_lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends: those of the stream, or, in a file without a newline, up to each carriage return."""
    for number, data in enumerate(stream):
        yield from data.splitlines(keepends=True) if number == 0 and not data.endswith(b"\n") else (data,)


def decompress(file: BufferedReader) -> BufferedReader | gzip.GzipFile | lzma.LZMAFile:
    """Return a file, decompressed if its first bytes are those of gz or xz."""
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


def _decode(number: int, data: bytes, codec: codecs.CodecInfo) -> Line:
    if number == 1:
        data = data.removeprefix(_UTF8_BOM)
    data = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        return Line(number, codec.decode(data)[0], "contains a NUL byte" if b"\0" in data else "")
    except UnicodeDecodeError as error:
        fault, hint = describe_undecodable_byte(data, error.start, codec.name)
        return Line(number, data.decode(errors="replace"), fault, hint)


def describe_undecodable_byte(line: bytes, position: int, encoding: str) -> tuple[str, str]:
    """Return the error for a byte of a line that is not text in an encoding, and a hint for the likely encoding.

    `{path}` in the hint is a placeholder for the file.
    """
    likely = likely_encoding(line)
    return (
        f"byte 0x{line[position]:02x} at position {position + 1} is not {encoding.upper()}",
        f"It may be {likely}: iconv -f {likely.upper()} -t UTF-8 {{path}} > NEW_FILE, in a training also "
        f"data.encoding={likely}",
    )


def likely_encoding(data: bytes) -> str:
    """Detect the likely encoding of bytes that are not ASCII."""
    accented = re.findall(rb"[\x80-\xff]+", data)
    is_latin = all(len(run) < 3 for run in accented)  # letters with accents, and quotes, among ASCII
    candidates = ("cp1252", "latin-1") if is_latin else ("shift_jis", "gb18030", "cp1251")
    for encoding in ("utf-8", *candidates):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "shift_jis" or re.search("[\u3040-\u30ff]", text):  # kana; any bytes decode as rare kanji
            return encoding
    return "latin-1"
