"""Objects one a line, or in an array."""

import json
from pathlib import Path

import pytest

from grunlp.data.readers.json_records import json_format, read_records
from grunlp.utils.errors import DataError


def write(folder: Path, content: str) -> Path:
    path = folder / "a.json"
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    "content", ['[\n{"a": 1},\n\n{"a": 2}\n]\n', '[{"a": 1},\n\n\n{"a":\n2}]', '[ {"a": 1}\n,\n,{"a": 2}]']
)
def test_an_array(content: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    assert json_format(path) == "json-array"
    records = list(read_records(path, "json-array"))
    assert [record["a"] for _, record in records] == [1, 2]
    lines = content.split("\n")
    assert all("{" in lines[number - 1] for number, _ in records)


@pytest.mark.parametrize("indent", [1, 2, "\t"])
def test_an_array_with_indentation(indent: int | str, tmp_path: Path) -> None:
    path = write(tmp_path, "\n" + json.dumps([{"a": 1, "b": [{}]}, {"a": 2}], indent=indent))
    assert json_format(path) == "json-array"
    assert [(number, record["a"]) for number, record in read_records(path, "json-array")] == [(3, 1), (9, 2)]


@pytest.mark.parametrize("content", ['{\n  "a": 1\n}\n{\n  "a": 2\n}\n', '{"a":\n1}\n\n{"a": 2}'])
def test_objects_over_several_lines(content: str, tmp_path: Path) -> None:
    path = write(tmp_path, content)
    assert json_format(path) == "json-objects"
    assert [record["a"] for _, record in read_records(path, "json-objects")] == [1, 2]


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ('{"a": 1}\n', "json-lines"),
        ('\n{"a": \n', "json-lines"),
        ("[Nice] text\n", None),
        ("[\nNice\n", None),
        ("{x}\n", None),
        ('{"a\n{"a": 1}\n', "json-lines"),
        ("{\nx\n", None),
        ("[\n\n[1]\n", None),
        ("[]\n", None),
    ],
)
def test_other_files(content: str, format: str | None, tmp_path: Path) -> None:
    assert json_format(write(tmp_path, content)) == format


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"a": 1},\n{"a": 2\n', ":2: not JSON"),
        ('[{"a": 1},\n3]', ":2: not a JSON object"),
        ('[{"a": 1}\n', "not JSON"),
        ('{\n"a": 1\n}\n{\n"a"\n}', ":4: not JSON"),
    ],
)
def test_faults_of_an_array(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        path = write(tmp_path, content)
        list(read_records(path, str(json_format(path))))
