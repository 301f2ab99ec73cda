"""JSON lines: one object on each line.

*Frames*, the project's own format, has one sentence on each line. `id`, `document`, `pos`, `lemma` and `roleset` are
optional, other keys are ignored, and a line without `frames` is a sentence without predicates:

    {"id": "letters-0001-01", "document": "letters/0001", "words": ["Anna", "called", "."], "pos": ["NNP", "VBD", "."],
     "frames": [{"predicate": "called", "index": 1, "lemma": "call", "roleset": "call.02",
                 "tags": ["B-ARG0", "B-V", "O"]}]}

*Predicates* is the same format without `tags` in any frame: the input of a labeller. Each frame is read with only its
predicate tagged, so this is not training data:

    {"words": ["Anna", "called", "."], "frames": [{"index": 1}]}

*Flat* has one predicate on each line; lines are merged by `grunlp.data.readers.merge_frames`. The key of the words is
`words` or `tokens`, that of the predicate's position `predicate_index`, `verb_index` or `index`; without a position,
the predicate is the token tagged B-V:

    {"words": ["Anna", "called", "."], "tags": ["B-ARG0", "B-V", "O"], "predicate_index": 1}
"""

import json
import re
from typing import Any

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.readers.column_format import SentenceBlock
from grunlp.data.readers.merge_frames import frame_from_tags
from grunlp.data.tags import PREDICATE_LABEL, Span, spans_to_tags
from grunlp.utils.errors import DataError

_JSON_OBJECT_START = re.compile(r'\s*\{\s*("|\}|$)')
_INDEX_KEYS = ("predicate_index", "verb_index", "index")
_EXPECTED_FRAMES = 'expected {"words": [...], "frames": [{"index": 0, "roleset": "...", "tags": [...]}]}'
_EXPECTED_FLAT = 'expected {"words": [...], "tags": [...], "predicate_index": 0}'


def matches(rows: list[str]) -> bool:
    """Return whether the first line opens an object."""
    return bool(_JSON_OBJECT_START.match(rows[0]))


def matches_flat(rows: list[str]) -> bool:
    """Return whether a line is an object with tags of its own."""
    for row in rows if matches(rows) else []:
        try:
            record = json.loads(row)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            return "tags" in record and "frames" not in record
    return False


def matches_predicates(rows: list[str]) -> bool:
    """Return whether the first frame of a line has no tags."""
    for row in rows if matches(rows) else []:
        try:
            frame = json.loads(row)["frames"][0]
        except (ValueError, RecursionError, LookupError, TypeError):
            continue
        return isinstance(frame, dict) and "tags" not in frame
    return False


def parse_predicates(block: SentenceBlock) -> SRLExample:
    """Parse the sentence on one line whose frames have only the positions of their predicates. Raises `DataError`."""
    return parse(block, tagged=False)


def parse(block: SentenceBlock, tagged: bool = True) -> SRLExample:
    """Parse one line in the frames format. Raises `DataError`. `tagged` says whether its frames have tags."""
    record = _record(block, _EXPECTED_FRAMES)
    try:
        example = _sentence(record)
        frames = record.get("frames", [])
        if not isinstance(frames, list):
            raise ValueError("frames is not a list")
        example["frames"] = [_indexed_frame(frame, len(example["words"]), tagged) for frame in frames]
        indices = [frame["index"] for frame in example["frames"]]
        if len(set(indices)) < len(indices):
            twice = next(i for i in indices if indices.count(i) > 1)
            raise ValueError(f"two frames claim word {twice} (counted from 0)")
    except ValueError as error:
        raise DataError(block.source, block.rows[0].number, str(error), _EXPECTED_FRAMES, "correct the line") from error
    example["frames"].sort(key=lambda frame: frame["index"])
    return example


def parse_flat(block: SentenceBlock) -> SRLExample:
    """Parse the sentence on one line in the flat format, with at most one frame. Raises `DataError`."""
    record = _record(block, _EXPECTED_FLAT)
    try:
        example = _sentence(record)
        index = next((record[key] for key in _INDEX_KEYS if key in record), None)
        frame = _frame(record, index, len(example["words"]))
    except ValueError as error:
        raise DataError(block.source, block.rows[0].number, str(error), _EXPECTED_FLAT, "correct the line") from error
    example["frames"] = [frame] if frame else []
    return example


def _record(block: SentenceBlock, expected: str) -> dict[str, Any]:
    (line,) = block.rows
    try:
        record = json.loads(line.text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at position {error.colno}"
        raise DataError(block.source, line.number, message, expected, "correct the line") from error
    except (ValueError, RecursionError) as error:
        raise DataError(
            block.source, line.number, f"not readable JSON: {error}", expected, "correct the line"
        ) from error
    if not isinstance(record, dict):
        message = f"a JSON {type(record).__name__}, not an object"
        raise DataError(block.source, line.number, message, expected, "correct the line")
    return record


def _sentence(record: dict[str, Any]) -> SRLExample:
    words = _strings(record, "words" if "words" in record else "tokens")
    if "" in words:
        raise ValueError("there is an empty word")
    pos = _strings(record, "pos") if record.get("pos") else []
    if pos and len(pos) != len(words):
        raise ValueError(f"{len(pos)} pos for {len(words)} words")
    return SRLExample(id=_string(record, "id"), document=_string(record, "document"), words=words, pos=pos, frames=[])


def _indexed_frame(record: Any, length: int, tagged: bool) -> Frame:
    if not isinstance(record, dict):
        raise ValueError("a frame is not an object")
    if not tagged:
        record = record | {"tags": _predicate_only_tags(record, length)}
    frame = _frame(record, record.get("index"), length)
    if frame is None:
        raise ValueError("a frame has neither index nor B-V")
    return frame


def _predicate_only_tags(record: dict[str, Any], length: int) -> list[str]:
    index = record.get("index")
    if "tags" in record:
        raise ValueError("a frame with tags among frames without")
    if type(index) is not int or not 0 <= index < length:
        raise ValueError(f"predicate index {index!r} is not among the words of the {length} (counted from 0)")
    return spans_to_tags([Span(PREDICATE_LABEL, index, index + 1)], length)


def _frame(record: dict[str, Any], index: Any, length: int) -> Frame | None:
    if index is not None and type(index) is not int:  # True is an int by inheritance
        raise ValueError(f"predicate index {index!r} is not an integer")
    return frame_from_tags(
        _strings(record, "tags"), length, index, lemma=_string(record, "lemma"), roleset=_string(record, "roleset")
    )


def _string(record: dict[str, Any], key: str) -> str:
    value = record.get(key)
    if value is not None and not isinstance(value, str | int):
        raise ValueError(f"{key} is not a string")
    return _require_encodable("" if value is None else str(value))


def _strings(record: dict[str, Any], key: str) -> list[str]:
    values = record.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is not a list of strings" if key in record else f"{key} is missing")
    return [_require_encodable(value) for value in values]


def _require_encodable(text: str) -> str:
    """Raise UnicodeEncodeError, a ValueError, for a lone surrogate, which JSON can represent but UTF-8 cannot."""
    text.encode()
    return text
