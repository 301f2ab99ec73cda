"""Texts with classes in every form they come in."""

import gzip
from pathlib import Path

import pytest

from grunlp.tasks.classification.reader import read_labeled_texts
from grunlp.utils.errors import DataError

FORMS = {
    "a.tsv": "good\tA fine day, isnt\nbad\tRain.\n",
    "b.tsv": "text\tlabel\nA fine day, isnt\tgood\nRain.\tbad\n",
    "c.csv": 'label,id,text\ngood,7,"A fine day, isnt"\nbad,8,Rain.\n',
    "d.csv": 'good,"A fine\nday, isnt"\nbad,Rain.\n',
    "e.jsonl": '{"text": "A fine day, isnt", "label": "good"}\n\n{"sentence": "Rain.", "class": "bad"}\n',
    "f.jsonl.gz": '{"text": "A fine day, isnt", "label": "good"}\n{"text": "Rain.", "label": "bad"}\n',
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str, tmp_path: Path) -> None:
    data = FORMS[name].encode()
    (tmp_path / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith("gz") else data)
    found = list(read_labeled_texts(str(tmp_path / name), None, None))
    assert [one["label"] for one in found] == ["good", "bad"]
    assert [" ".join(one["words"]) for one in found] == ["A fine day , is nt", "Rain ."]


def test_columns_and_fields_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("stars,review,title\n5,Great food,yes\n1,Bad food,no\n")
    found = list(read_labeled_texts(f"{tmp_path}/a.csv", "review", "stars"))
    assert [(one["words"], one["label"]) for one in found] == [(["Great", "food"], "5"), (["Bad", "food"], "1")]
    found = list(read_labeled_texts(f"{tmp_path}/a.csv", "1", "2"))
    assert [one["label"] for one in found] == ["title", "yes", "no"], "numbers say nothing of a first line with names"
    (tmp_path / "b.jsonl").write_text('{"id": "x1", "body": "Hi there", "n": 3}\n')
    (one,) = read_labeled_texts(f"{tmp_path}/b.jsonl", "body", "n")
    assert (one["id"], one["words"], one["label"]) == ("x1", ["Hi", "there"], "3")


def test_without_classes(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Great food\nBad food\n")
    found = list(read_labeled_texts(f"{tmp_path}/a.tsv", None, None, labels=False))
    assert [one["words"][0] for one in found] == ["Great", "Bad"]


@pytest.mark.parametrize(
    ("content", "text", "label", "message"),
    [
        ("good\tA\n\nbad\n", None, None, ":3: no text"),
        ("text\tlabel\nA\tgood\nB\t \n", None, None, ":3: no class"),
        ("text\tlabel\nA\tgood\n", "body", None, ":1: no column 'body'"),
        ('{"text": "A", "label": "x"}\n{"text": "A"}\n', None, None, ":2: no class"),
        ('{"text": "A", "label": "x"}\n{"text": 3, "label": "x"}\n', None, None, ":2: the text is not a string"),
        ('{"text": "A", "label": ["x"]}\n', None, None, ":1: the class is not a string or a number"),
        ('{"text": "A", "label": "x"}\n{"text": "A"\n', None, None, ":2: not JSON"),
        ('{"body": "A", "label": "x"}\n', None, None, ":1: no field text or sentence or source"),
        ('{"text": "A", "label": "x"}\n', None, "y", ":1: no field y"),
        ("", None, None, "empty"),
        ('{"text": "A", "label": null}\n', None, None, ":1: no class"),
        ("good\tA fine\tday\n", None, None, ":1: 3 columns"),
    ],
)
def test_bad_lines(content: str, text: str | None, label: str | None, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(DataError, match=message):
        list(read_labeled_texts(f"{tmp_path}/a.txt", text, label))


def test_bad_lines_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"good\tA\nbad\t\xff\nbad\tB\n")
    faults: list[DataError] = []
    found = list(read_labeled_texts(f"{tmp_path}/a.txt", None, None, faults.append))
    assert [one["words"] for one in found] == [["A"], ["B"]] and ":2:" in str(faults[0])


def test_csv_with_an_open_quote_and_a_long_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"good,{'x' * 200_000}\n")
    (one,) = read_labeled_texts(f"{tmp_path}/a.csv", None, None)
    assert one["words"] == ["x" * 200_000]
    (tmp_path / "b.csv").write_text('good,Fine\nbad,"Rain\ngood,Sun\n')
    with pytest.raises(DataError, match="not valid CSV"):
        list(read_labeled_texts(f"{tmp_path}/b.csv", None, None))
