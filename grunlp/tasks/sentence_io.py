"""Input and output of the commands for tasks that label the words of sentences."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from grunlp.data.examples import SRLExample
from grunlp.data.raw_text import examples_from_line, read_raw_text, split_raw_line
from grunlp.data.readers import detect_format as detect_srl_format
from grunlp.data.readers import read, read_srl_line
from grunlp.data.readers.text_lines import open_lines, require_file
from grunlp.tasks.line_input import LineFormat, LineReader
from grunlp.tasks.predictor import Record
from grunlp.utils.cli_io import atomic_new_file, buffer_stdin, json_line, use_json_output, write_output
from grunlp.utils.errors import DataError, UserError

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger("grunlp")

RAW_TEXT, TAGGED_WORDS = "raw", "tags"  # formats besides those of frames
_LINE_BASED_FORMATS = (RAW_TEXT, "json-lines", "json-predicates")


def detect_format(
    path: Path, encoding: str | None = None, fallback: Callable[[str], str] = lambda line: RAW_TEXT
) -> str:
    """Detect the format of a file of sentences.

    Args:
        path: the file.
        encoding: the encoding of the text; None: UTF-8.
        fallback: determines the format from the first line, if it is not a format with frames.

    Raises:
        DataError: the file does not exist.
    """
    require_file(path)
    try:
        format = detect_srl_format(path, encoding)
    except DataError:
        format = fallback(next((line.text for line in open_lines(path, encoding=encoding) if line.text.strip()), ""))
    log.info("%s: %s", path.name, "raw text" if format == RAW_TEXT else f"format {format}")
    return format


@contextmanager
def input_file(path: str) -> Iterator[Path]:
    """Provide the file in `input=`; "-" is standard input, which is copied to a temporary file."""
    with TemporaryDirectory() as temp_dir:
        yield buffer_stdin(Path(temp_dir), "sentences or running text") if path == "-" else Path(path)


def read_sentences(
    path: Path, format: str, on_error: Callable[[DataError], None], encoding: str | None
) -> Iterator[SRLExample]:
    """Read the sentences of a file of raw text or of any format with frames; roles may be missing."""
    if format == RAW_TEXT:
        return read_raw_text(path, on_error, encoding)
    return read(path, format, on_error=on_error, require_roles=False, encoding=encoding)


def require_text_or_file(text: str | None, input: str, format: str | None) -> None:
    """Raise UserError if a text is given together with a file or a format."""
    if text is not None and (input != "-" or format):
        raise UserError(
            f"{text!r} with input= or format=", "only one of the two can be the input", "Omit the text or the others."
        )


def text_sentences(text: str) -> Iterator[SRLExample]:
    """Split a text into sentences."""
    return split_raw_line(text.replace("\n", " "), 1)


def write_records(records: Iterable[Mapping[str, Any]], output: str, output_format: str) -> None:
    """Write records of sentences as JSON lines or as readable text, which is coloured on a terminal."""
    from rich.console import Console

    if use_json_output(output_format, output):
        write_output(output, map(json_line, records))
    elif output == "-":
        console = Console(highlight=False)
        console.on_broken_pipe = _raise_broken_pipe  # type: ignore[method-assign]  # it would exit with status 1
        _print_records(records, console)
    else:
        with atomic_new_file(Path(output)) as file:
            _print_records(records, Console(file=file, highlight=False))


def _raise_broken_pipe() -> None:
    raise BrokenPipeError


def _print_records(records: Iterable[Mapping[str, Any]], console: "Console") -> None:
    from grunlp.visualization.terminal import print_record

    for record in records:
        print_record(record, console)


def require_line_based(path: Path, format: str) -> None:
    """Raise UserError unless each line of a file of this format contains whole sentences."""
    if format not in _LINE_BASED_FORMATS:
        raise UserError(
            f"{path} cannot be split into lines",
            f"it has format {format}, whose sentences may have several lines",
            "Give running text, or JSON lines of sentences.",
        )


def make_sentence_reader(
    path: str, line_format: LineFormat, predict: Callable[[Iterable[Any]], Iterator[Record]]
) -> LineReader:
    """Make the reader of the lines of a file of raw text or JSON lines."""
    if line_format.format == RAW_TEXT:
        return LineReader(lambda line: examples_from_line(Path(path), line), predict)
    return LineReader(lambda line: read_srl_line(path, line, line_format.format), predict)
