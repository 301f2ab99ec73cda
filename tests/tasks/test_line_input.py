"""Records of some lines of a file are those that `python -m grunlp.predict` prints."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from grunlp import predict
from grunlp.data.readers.text_lines import index_line_offsets, open_lines
from grunlp.tasks import Predictor, spec_named
from grunlp.tasks.line_input import LineFormat
from grunlp.utils.errors import DataError, UserError
from tests.conftest import Call
from tests.random_srl_corpus import toy_corpus
from tests.tasks.conftest import SENTENCES

TEXT = [*SENTENCES[:5], "", "Anna sees. The dog takes it! No?", *SENTENCES[5:9], "  ", "é 日本", SENTENCES[9]]
MARKED = [{"id": e["id"], "words": e["words"], "frames": [{"index": 0}]} for e in toy_corpus(12, 3)]
UNMARKED = [{"words": e["words"]} for e in toy_corpus(6, 4)]
OBJECTS = [{"id": f"t{k}", "text": text} for k, text in enumerate(TEXT)]
BAD = b"\xff\xfe\n"

CASES: dict[str, tuple[str, list[Any]]] = {
    "raw": ("labeller", TEXT),
    "json-predicates": ("labeller", MARKED),
    "json-lines": ("labeller", UNMARKED),
    "tagged-raw": ("tagger", TEXT),
    "tagged-json": ("tagger", UNMARKED),
    "classified": ("classifier", TEXT),
    "classified-objects": ("classifier", [*OBJECTS, {"no": "text"}]),
    "written": ("writer", TEXT),
    "written-objects": ("writer", [*OBJECTS, 5]),
}


def write(path: Path, rows: list[Any]) -> None:
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(text.encode() + BAD + text.encode().splitlines(keepends=True)[0])


def detect(predictor: Predictor[Any, Any], path: Path) -> LineFormat:
    return spec_named(predictor.task).detect_line_format(predictor, path)


def rounded(value: Any) -> Any:
    """Of batches of other sizes the last digits differ."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", sorted(CASES))
def test_records_of_parts(case: str, predictors: dict[str, Predictor], tmp_path: Path, call: Call) -> None:
    kind, rows = CASES[case]
    predictor, path = predictors[kind], tmp_path / "file"
    write(path, rows)
    status, out, err = call(predict.main, f"run={predictor.path}", f"input={path}", "output_format=json")
    assert status == 1
    reader = spec_named(predictor.task).line_reader(predictor, str(path), detect(predictor, path))
    found, bad = [], []
    for k, offset in enumerate(index_line_offsets(path, 4)[0]):
        part = islice(open_lines(path, 1 + 4 * k, offset), 4)
        found += reader.records(part, bad.append)
    records = [rounded(json.loads(json.dumps(record))) for _, record in found]
    assert records == [rounded(json.loads(line)) for line in out.splitlines()]
    assert all(f"skipped {error}".splitlines()[0] in err for error in bad) and len(bad) == err.count("skipped")
    numbers = [number for number, _ in found]
    assert numbers == sorted(numbers)
    assert all(record.get("line", number) == number for number, record in found)
    blank = {k for k, row in enumerate(rows, 1) if kind == "labeller" and case != "raw" and not row}
    assert {*numbers, *blank, *(error.line for error in bad)} == set(range(1, len(rows) + 3))


def test_predicates_are_found_where_none_is_marked(predictors: dict[str, Predictor], tmp_path: Path) -> None:
    for name, rows, find in (("marked", MARKED, False), ("unmarked", UNMARKED, True), ("raw", TEXT, True)):
        write(tmp_path / name, rows)
        assert detect(predictors["labeller"], tmp_path / name).detect_predicates == find


@pytest.mark.parametrize("kind", ["forecaster", "language-model", "measured"])
def test_kinds_that_answer_no_line(kind: str, predictors: dict[str, Predictor], tmp_path: Path) -> None:
    write(tmp_path / "file", TEXT)
    with pytest.raises(UserError, match="not read line by line"):
        detect(predictors[kind], tmp_path / "file")


def test_files_without_a_sentence_in_each_line(predictors: dict[str, Predictor], tmp_path: Path) -> None:
    columns, table, flat = tmp_path / "a.conll", tmp_path / "a.csv.gz", tmp_path / "a.jsonl"
    columns.write_text("1\tHe\tPRP\t_\t_\t(ARG0*)\n2\tleft\tVBD\tleave\tleave.01\t(V*)\n\n")
    flat.write_text('{"words": ["He", "left"], "tags": ["B-ARG0", "B-V"]}\n')
    table.write_text("text\nword\n")
    for kind, path in (("labeller", columns), ("labeller", flat), ("tagger", columns)):
        with pytest.raises(UserError, match="cannot be split into lines"):
            detect(predictors[kind], path)
    with pytest.raises(UserError, match="read as: table"):
        detect(predictors["classifier"], table)
    objects = tmp_path / "a.json"
    objects.write_text('[\n  {\n    "text": "Nice"\n  }\n]\n')
    with pytest.raises(UserError, match=r"jq -c '\.\[\]'"):
        detect(predictors["writer"], objects)
    with pytest.raises(DataError, match="does not exist"):
        detect(predictors["writer"], tmp_path / "none")
