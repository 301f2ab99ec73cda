"""What is predicted for a file: its format, whether predicates are found, and records of some of its lines."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.examples import Example
from grunlp.data.raw_text import line_examples
from grunlp.data.readers import detect, read, read_line
from grunlp.data.readers.parallel import holds_objects, read_source
from grunlp.data.readers.text_lines import Line, open_lines, require_file
from grunlp.tasks.predictor import Predictor, Record
from grunlp.utils.errors import DataError, GrunlpError

log = logging.getLogger("grunlp")

RAW = "raw"  # a format: running text
_BY_LINE = (RAW, "json-lines", "json-predicates")  # formats of sentences whose lines can be read one by one
_TEXTS, _OBJECTS = "texts", "objects"  # formats of what is written for or classified: a text, or an object, a line


class Reading(NamedTuple):
    """How the lines of a file are read.

    Attributes:
        format: "raw", "json-lines" or "json-predicates" for what labels words, else "texts" or "objects".
        find: whether a labeller finds the predicates.
    """

    format: str
    find: bool


def detect_input(path: Path, tagger: bool) -> str:
    """The format of a file for a labeller or a tagger: "raw", "tags", or one of frames. Raises DataError without it."""
    require_file(path)
    try:
        format = detect(path)
    except DataError:
        first = next((line.text for line in open_lines(path) if line.text.strip()), "")
        format = "tags" if tagger and "\t" in first else RAW  # anything is text
    log.info("%s: %s", path.name, "raw text" if format == RAW else f"format {format}")
    return format


def whether_to_find(predicates: str, examples: Iterator[Example]) -> tuple[bool, Iterator[Example]]:
    """Whether predicates are to be found, and all sentences. auto: where the first thousand mark none at all."""
    if predicates != "auto":
        return predicates == "found", examples
    first = list(islice(examples, 1000))
    return not any(example["frames"] for example in first), chain(first, examples)


def reading_of(predictor: Predictor[Any, Any], path: Path) -> Reading:
    """How `python -m grunlp.predict` would read a file.

    Raises:
        DataError: it cannot be read.
        GrunlpError: the predictor has no record of a line alone, or the file no sentence or text in each line.
    """
    require_by_line(predictor)
    if predictor.kind in ("writer", "classifier"):
        if predictor.kind == "classifier" and ".csv" in path.suffixes:
            there = "a cell between quotes may run over several lines"
            raise GrunlpError(f"{path} is a table", there, "Give a text a line, or JSON lines.")
        return Reading(_OBJECTS if holds_objects(str(path)) else _TEXTS, find=False)
    format = detect_input(path, predictor.kind == "tagger")
    if format not in _BY_LINE:
        there = f"it has format {format}, whose sentences may run over several lines"
        raise GrunlpError(f"{path} cannot be cut into lines", there, "Give running text, or JSON lines of sentences.")
    marked = predictor.kind == "labeller" and format != RAW
    find = whether_to_find("auto", read(path, format, on_error=lambda error: None, roles=False))[0] if marked else True
    return Reading(format, find)


def require_by_line(predictor: Predictor[Any, Any]) -> None:
    """Raise GrunlpError unless the predictor answers each line of a file by itself."""
    kind = "classifier of measurements" if getattr(predictor, "features", None) is not None else predictor.kind
    if kind not in ("labeller", "tagger", "writer", "classifier"):
        there = "a labeller, a tagger, a classifier of texts and a writer answer a file line by line"
        raise GrunlpError(f"{predictor.path}: a {kind}", there, "Type python -m grunlp.predict")


def line_records(
    predictor: Predictor[Any, Any],
    path: str,
    lines: Iterable[Line],
    reading: Reading,
    on_error: Callable[[DataError], None],
) -> Iterator[tuple[int, Record]]:
    """The records of some lines of a file, as `python -m grunlp.predict style=json` prints them, each with the number
    of its line.

    Args:
        path: by which errors name the file.
        on_error: called with a bad line, which is then left out.
    """
    one_by_one, records = _ways(predictor, path, reading)
    numbers: deque[int] = deque()  # of the examples that are read and not answered yet

    def examples() -> Iterator[Any]:
        for line in lines:
            try:
                found = list(one_by_one(line))
            except DataError as error:
                on_error(error)
                continue
            numbers.extend([line.number] * len(found))
            yield from found

    for record in records(examples()):
        yield numbers.popleft(), record


def _ways(
    predictor: Predictor[Any, Any], path: str, reading: Reading
) -> tuple[Callable[[Line], Iterable[Any]], Callable[[Iterable[Any]], Iterator[Record]]]:
    """From a line to examples, and from those to records."""
    # Imports stand here, since each kind needs others of the libraries.
    as_json = reading.format == _OBJECTS
    match predictor.kind:
        case "writer":
            from grunlp.tasks.seq2seq.data import columns_of
            from grunlp.tasks.seq2seq.predictor import Writer, record_of

            assert isinstance(predictor, Writer)
            field = columns_of(predictor.run.config.data)["source"]
            write = predictor.write
            return lambda line: [read_source(path, line, as_json, field)], lambda pairs: map(record_of, write(pairs))
        case "classifier":
            from grunlp.tasks.classification.predictor import Classifier, text_example

            assert isinstance(predictor, Classifier)

            def classified(line: Line) -> list[Any]:
                pair = read_source(path, line, as_json, None)
                return [text_example(pair["id"], pair["source"])]

            return classified, predictor.records
    from grunlp.tasks.srl.predictor import Labeller
    from grunlp.tasks.tagging.predictor import Tagger

    assert isinstance(predictor, Labeller | Tagger)
    if isinstance(predictor, Labeller):
        predictor = replace(predictor, find=reading.find)
    if reading.format == RAW:
        return lambda line: line_examples(Path(path), line), predictor.records
    return lambda line: read_line(path, line, reading.format), predictor.records
