"""What is predicted for a file: its format, whether predicates are found, and records of some of its lines."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.examples import SRLExample
from grunlp.data.raw_text import examples_from_line
from grunlp.data.readers import detect_format, read, read_srl_line
from grunlp.data.readers.parallel import has_json_lines, read_source
from grunlp.data.readers.text_lines import Line, open_lines, require_file
from grunlp.tasks.predictor import Predictor, Record
from grunlp.utils.errors import DataError, UserError

log = logging.getLogger("grunlp")

RAW_TEXT = "raw"  # a format: running text
# formats of sentences whose lines can be read one by one
_LINE_BASED_FORMATS = (RAW_TEXT, "json-lines", "json-predicates")
_TEXTS, _OBJECTS = "texts", "objects"  # formats of what is written for or classified: a text, or an object, a line


class InputFormat(NamedTuple):
    """How the lines of a file are read.

    Attributes:
        format: "raw", "json-lines" or "json-predicates" for what labels words, else "texts" or "objects".
        find: whether a labeller finds the predicates.
    """

    format: str
    find: bool


def detect_text_or_format(path: Path, tagger: bool) -> str:
    """The format of a file for a labeller or a tagger: "raw", "tags", or one of frames. Raises DataError without it."""
    require_file(path)
    try:
        format = detect_format(path)
    except DataError:
        first = next((line.text for line in open_lines(path) if line.text.strip()), "")
        format = "tags" if tagger and "\t" in first else RAW_TEXT  # anything is text
    log.info("%s: %s", path.name, "raw text" if format == RAW_TEXT else f"format {format}")
    return format


def resolve_predicate_mode(predicates: str, examples: Iterator[SRLExample]) -> tuple[bool, Iterator[SRLExample]]:
    """Whether predicates are to be found, and all sentences. auto: where the first thousand mark none at all."""
    if predicates != "auto":
        return predicates == "found", examples
    first = list(islice(examples, 1000))
    return not any(example["frames"] for example in first), chain(first, examples)


def detect_input_format(predictor: Predictor[Any, Any], path: Path) -> InputFormat:
    """How `python -m grunlp.predict` would read a file.

    Raises:
        DataError: it cannot be read.
        UserError: the predictor has no record of a line alone, or the file no sentence or text in each line.
    """
    require_line_based(predictor)
    if predictor.kind in ("writer", "classifier"):
        if predictor.kind == "classifier" and ".csv" in path.suffixes:
            there = "a cell between quotes may run over several lines"
            raise UserError(f"{path} is a table", there, "Give a text a line, or JSON lines.")
        return InputFormat(_OBJECTS if has_json_lines(str(path)) else _TEXTS, find=False)
    format = detect_text_or_format(path, predictor.kind == "tagger")
    if format not in _LINE_BASED_FORMATS:
        there = f"it has format {format}, whose sentences may run over several lines"
        raise UserError(f"{path} cannot be cut into lines", there, "Give running text, or JSON lines of sentences.")
    marked = predictor.kind == "labeller" and format != RAW_TEXT
    find = (
        resolve_predicate_mode("auto", read(path, format, on_error=lambda error: None, require_roles=False))[0]
        if marked
        else True
    )
    return InputFormat(format, find)


def require_line_based(predictor: Predictor[Any, Any]) -> None:
    """Raise UserError unless the predictor answers each line of a file by itself."""
    kind = "classifier of measurements" if getattr(predictor, "features", None) is not None else predictor.kind
    if kind not in ("labeller", "tagger", "writer", "classifier"):
        there = "a labeller, a tagger, a classifier of texts and a writer answer a file line by line"
        raise UserError(f"{predictor.path}: a {kind}", there, "Type python -m grunlp.predict")


def line_records(
    predictor: Predictor[Any, Any],
    path: str,
    lines: Iterable[Line],
    input_format: InputFormat,
    on_error: Callable[[DataError], None],
) -> Iterator[tuple[int, Record]]:
    """The records of some lines of a file, as `python -m grunlp.predict style=json` prints them, each with the number
    of its line.

    Args:
        path: by which errors name the file.
        on_error: called with a bad line, which is then left out.
    """
    one_by_one, records = _line_pipeline(predictor, path, input_format)
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


def _line_pipeline(
    predictor: Predictor[Any, Any], path: str, input_format: InputFormat
) -> tuple[Callable[[Line], Iterable[Any]], Callable[[Iterable[Any]], Iterator[Record]]]:
    """From a line to examples, and from those to records."""
    # Imports stand here, since each kind needs others of the libraries.
    as_json = input_format.format == _OBJECTS
    match predictor.kind:
        case "writer":
            from grunlp.tasks.seq2seq.data import text_columns
            from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor, to_record

            assert isinstance(predictor, Seq2SeqPredictor)
            field = text_columns(predictor.run.config.data)["source"]
            write = predictor.generate
            return lambda line: [read_source(path, line, as_json, field)], lambda pairs: map(to_record, write(pairs))
        case "classifier":
            from grunlp.tasks.classification.predictor import ClassifierPredictor, text_example

            assert isinstance(predictor, ClassifierPredictor)

            def classified(line: Line) -> list[Any]:
                pair = read_source(path, line, as_json, None)
                return [text_example(pair["id"], pair["source"])]

            return classified, predictor.predict_examples
    from grunlp.tasks.srl.predictor import SRLPredictor
    from grunlp.tasks.tagging.predictor import TaggerPredictor

    assert isinstance(predictor, SRLPredictor | TaggerPredictor)
    if isinstance(predictor, SRLPredictor):
        predictor = replace(predictor, detect_predicates=input_format.find)
    if input_format.format == RAW_TEXT:
        return lambda line: examples_from_line(Path(path), line), predictor.predict_examples
    return lambda line: read_srl_line(path, line, input_format.format), predictor.predict_examples
