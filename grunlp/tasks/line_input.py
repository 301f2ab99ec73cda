"""Files whose lines can be read independently, as sharded prediction needs."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.readers.json_records import json_format
from grunlp.data.readers.parallel import read_source
from grunlp.data.readers.text_lines import Line
from grunlp.tasks.predictor import Record
from grunlp.utils.errors import DataError, UserError

_TEXTS, _OBJECTS = "texts", "objects"


class LineFormat(NamedTuple):
    """Format of the lines of a file.

    Attributes:
        format: "raw", "json-lines" or "json-predicates" for sentences, otherwise "texts" or "objects" (JSON objects
            with a text).
        detect_predicates: whether a role labeller detects the predicates.
    """

    format: str
    detect_predicates: bool = False


@dataclass(frozen=True)
class LineReader:
    """The functions that convert lines to records.

    Args:
        parse: returns the examples of a line, or raises DataError if it is malformed.
        predict: predicts one record for each example, in order.
    """

    parse: Callable[[Line], Iterable[Any]]
    predict: Callable[[Iterable[Any]], Iterator[Record]]

    def records(self, lines: Iterable[Line], on_error: Callable[[DataError], None]) -> Iterator[tuple[int, Record]]:
        """Predict lines as `python -m grunlp.predict output_format=json` does.

        Args:
            lines: lines of a file.
            on_error: called with each malformed line, which is skipped.

        Yields:
            the number of a line and one of its records.
        """
        pending: deque[int] = deque()  # the line numbers of examples without a record yet

        def examples() -> Iterator[Any]:
            for line in lines:
                try:
                    parsed = list(self.parse(line))
                except DataError as error:
                    on_error(error)
                    continue
                pending.extend([line.number] * len(parsed))
                yield from parsed

        for record in self.predict(examples()):
            yield pending.popleft(), record


def detect_text_format(path: Path) -> LineFormat:
    """Detect whether a file has a text or a JSON object in each line. Raises UserError for objects of several lines."""
    format = json_format(path)
    if format not in (None, "json-lines"):
        objects = "'.[]'" if format == "json-array" else "."
        hint = f"Give an object in each line: jq -c {objects} {path} > NEW_FILE"
        raise UserError(f"{path} is JSON with objects that may have several lines", "a shard has whole lines", hint)
    return LineFormat(_TEXTS if format is None else _OBJECTS)


def text_parser(path: str, line_format: LineFormat, field: str | None) -> Callable[[Line], Any]:
    """Make a function that reads the text of a line as a pair without a target.

    `field` is the field of JSON objects.
    """
    return lambda line: read_source(path, line, line_format.format == _OBJECTS, field)
