"""Writers of example files that `grunlp.data.readers.read` can read."""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, TextIO

from grunlp.data.examples import Frame, SentenceFields, SRLExample
from grunlp.data.readers.propbank_columns import EMPTY_CELL, FIRST_ROLE_COLUMN
from grunlp.data.tags import PREDICATE_LABEL, tags_to_brackets, tags_to_spans
from grunlp.utils.errors import UserError


def write_columns(examples: Iterable[SRLExample], file: TextIO) -> None:
    """Write EWT columns (`grunlp.data.readers.propbank_columns`), tab-separated, with a blank line after each sentence.

    A frame with neither lemma nor roleset gets its word as lemma, because its row would not be a predicate otherwise.
    An `I-X` that does not continue a span is written as the beginning of one.

    Raises:
        UserError: a word is empty or contains a tab or line end, a role contains a bracket, asterisk or space, or
            frames are not sorted by predicate.
    """
    for example in examples:
        for key, name in (("document", "doc"), ("id", "sent")):
            value = str(example[key])  # type: ignore[literal-required]
            if value:
                _require_cells(example, [value])
                file.write(f"# {name} = {value}\n")
        for cells in _column_rows(example):
            _require_cells(example, cells)
            file.write("\t".join(cells) + "\n")
        file.write("\n")


def _column_rows(example: SRLExample) -> list[list[str]]:
    words, frames = example["words"], example["frames"]
    if any(one["index"] >= next_frame["index"] for one, next_frame in pairwise(frames)):
        raise UserError(
            f"sentence {' '.join(words[:5])!r}: frames are not in order of their predicates",
            "columns have one frame for each predicate, in order of appearance",
            "sort the frames by index and remove duplicates",
        )
    predicates = {frame["index"]: _lemma_and_roleset(frame, words) for frame in frames}
    columns = [tags_to_brackets(frame["tags"]) for frame in frames]
    pos = example["pos"] or [EMPTY_CELL] * len(words)
    return [
        [str(i + 1), word, pos[i], *predicates.get(i, (EMPTY_CELL, EMPTY_CELL)), *(column[i] for column in columns)]
        for i, word in enumerate(words)
    ]


def _lemma_and_roleset(frame: Frame, words: list[str]) -> tuple[str, str]:
    lemma = frame["lemma"] or (EMPTY_CELL if frame["roleset"] else words[frame["index"]])
    return lemma, frame["roleset"] or EMPTY_CELL


def _require_cells(example: SRLExample, cells: list[str]) -> None:
    for column, cell in enumerate(cells):
        unclear = column >= FIRST_ROLE_COLUMN and not re.fullmatch(r"(\([^()*\s]+)?\*\)?", cell)
        if not cell or any(end in cell for end in "\t\n\r") or unclear:
            raise UserError(
                f"sentence {' '.join(example['words'][:5])!r}: {cell!r} cannot be written in a column",
                "cells cannot be empty or contain tabs or line ends, roles cannot contain brackets, * or spaces",
                "write JSON lines instead, or correct the word",
            )


def write_json_lines(examples: Iterable[SRLExample], file: TextIO) -> None:
    """Write the frames format, one sentence on each line (see `srl_to_dict`)."""
    for example in examples:
        file.write(json.dumps(srl_to_dict(example), ensure_ascii=False) + "\n")


def srl_to_dict(example: SRLExample) -> dict[str, Any]:
    """Return a sentence as the dictionary of the frames format; id, document and pos are included only if known.

    Each frame has its predicate's word, index, lemma and roleset, its tags, its `arguments` (role, start, exclusive
    end, text; without the predicate itself) and a readable summary in one line. A record from raw text also has its
    line number, the start of its text in that line, its text, and the character offsets of each word, predicate and
    argument in that text.
    """
    known = {key: example[key] for key in ("id", "document", "pos") if example[key]}  # type: ignore[literal-required]
    words = example["words"]
    frames = [_frame_record(words, frame) for frame in example["frames"]]
    record: dict[str, Any] = known | {"words": words, "frames": frames}
    if "offsets" in example:
        offsets = example["offsets"]
        line, start = example["source_position"]
        record = {"line": line, "start_char": start, "text": example["text"], "offsets": offsets} | record
        for frame in frames:
            _add_text_offsets(frame, offsets, frame["index"], frame["index"] + 1)
            for argument in frame["arguments"]:
                _add_text_offsets(argument, offsets, argument["start"], argument["end"])
    return record


def tags_to_dict(
    sentence: SentenceFields, tags: list[str], spans: bool, alternatives: Sequence[tuple[list[str], float]]
) -> dict[str, Any]:
    """Return a sentence and its tags as a dictionary.

    Args:
        sentence: the tagged sentence. For a sentence from raw text the record also has its line and character offsets,
            as in `srl_to_dict`.
        tags: one tag for each word.
        spans: whether the tags are IOB2; the record then has `spans`: label, start, exclusive end, text.
        alternatives: alternative tag sequences with their probabilities; the record has them only if there are any.
    """
    words = sentence["words"]
    record: dict[str, Any] = {"words": words, "tags": tags}
    if sentence["id"]:
        record = {"id": sentence["id"]} | record
    if spans:
        record["spans"] = [
            {"label": label, "start": start, "end": end, "text": " ".join(words[start:end])}
            for label, start, end in tags_to_spans(tags)
        ]
    if alternatives:
        record["alternatives"] = [
            {"tags": tag_sequence, "probability": probability} for tag_sequence, probability in alternatives
        ]
    if "offsets" in sentence:
        line, start = sentence["source_position"]
        offsets = sentence["offsets"]
        for span in record.get("spans", ()):
            _add_text_offsets(span, offsets, span["start"], span["end"])
        record = {"line": line, "start_char": start, "text": sentence["text"], "offsets": offsets} | record
    return record


def _add_text_offsets(record: dict[str, Any], offsets: list[tuple[int, int]], start: int, end: int) -> None:
    record |= {"start_char": offsets[start][0], "end_char": offsets[end - 1][1]}


def _frame_record(words: list[str], frame: Frame) -> dict[str, Any]:
    spans = tags_to_spans(frame["tags"])
    opening = {span.start: f"[{span.label} " for span in spans}
    closing = {span.end - 1: "]" for span in spans}
    return {
        "predicate": words[frame["index"]],
        "index": frame["index"],
        "lemma": frame["lemma"],
        "roleset": frame["roleset"],
        "tags": frame["tags"],
        "arguments": [
            {"role": label, "start": start, "end": end, "text": " ".join(words[start:end])}
            for label, start, end in spans
            if label != PREDICATE_LABEL
        ],
        "text": " ".join(opening.get(i, "") + word + closing.get(i, "") for i, word in enumerate(words)),
    }
