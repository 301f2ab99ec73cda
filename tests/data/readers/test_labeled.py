"""Texts with classes in every form they come in."""

import gzip
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.examples import LabeledText
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.labeled import (
    detect_layout,
    detect_layout_like_training,
    layout_for_prediction,
    read_labeled_texts,
)
from grunlp.data.readers.text_lines import OnError, raise_error
from grunlp.utils.errors import DataError


def read_texts(
    path: str, text: str | None, label: str | None, on_error: OnError = raise_error, labels: bool = True
) -> list[LabeledText]:
    """The texts of a file whose layout is settled by these columns."""
    layout = detect_layout(path, FileLayout(columns={"text": text, "label": label}), labels)
    return list(read_labeled_texts(path, layout, on_error, labels))


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
    found = list(read_texts(str(tmp_path / name), None, None))
    assert [one["label"] for one in found] == ["good", "bad"]
    assert [" ".join(one["words"]) for one in found] == ["A fine day , is nt", "Rain ."]


def test_columns_and_fields_of_other_names(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("stars,review,title\n5,Great food,yes\n1,Bad food,no\n")
    found = list(read_texts(f"{tmp_path}/a.csv", "review", "stars"))
    assert [(one["words"], one["label"]) for one in found] == [(["Great", "food"], "5"), (["Bad", "food"], "1")]
    found = list(read_texts(f"{tmp_path}/a.csv", "1", "2"))
    assert [one["label"] for one in found] == ["yes", "no"], "the names of the first line are known"
    (tmp_path / "b.jsonl").write_text('{"id": "x1", "body": "Hi there", "n": 3}\n')
    (one,) = read_texts(f"{tmp_path}/b.jsonl", "body", "n")
    assert (one["id"], one["words"], one["label"]) == ("x1", ["Hi", "there"], "3")


def test_without_classes(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("Great food\nBad food\n")
    found = list(read_texts(f"{tmp_path}/a.tsv", None, None, labels=False))
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
        list(read_texts(f"{tmp_path}/a.txt", text, label))


def test_bad_lines_may_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"good\tA\nbad\t\xff\nbad\tB\n")
    faults: list[DataError] = []
    found = list(read_texts(f"{tmp_path}/a.txt", None, None, faults.append))
    assert [one["words"] for one in found] == [["A"], ["B"]] and ":2:" in str(faults[0])


def test_csv_with_an_open_quote_and_a_long_cell(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"good,{'x' * 200_000}\n")
    (one,) = read_texts(f"{tmp_path}/a.csv", None, None)
    assert one["words"] == ["x" * 200_000]
    (tmp_path / "b.csv").write_text('good,Fine\nbad,"Rain\ngood,Sun\n')
    with pytest.raises(DataError, match=r"b.csv:3: not comma-separated cells"):
        list(read_texts(f"{tmp_path}/b.csv", None, None))


def layout_of(path: Path, **requested: Any) -> FileLayout:
    return detect_layout(str(path), FileLayout(**requested))


def labels_of(path: Path, **requested: Any) -> list[str]:
    return [one["label"] for one in read_labeled_texts(str(path), layout_of(path, **requested))]


def write(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", 'review,sentiment\n"Nice, dear",good\nDull,bad\n'),
        ("a.CSV", 'Comment,Rating\n"Nice, dear",good\nDull,bad\n'),
        ("a.csv", '"Nice, dear words",good\nDull words,bad\nFine words,good\n'),
        ("a.csv", "good;Nice, dear words\nbad;Dull\n"),
        ("a.tsv", 'label\ttext\ngood\t"the ""nice"" words"\nbad\t"Dull"\n'),
        ("a.json", '[{"text": "Nice", "label": "good"},\n{"text": "Dull", "label": "bad"}]'),
    ],
)
def test_layouts_that_people_have(name: str, content: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, content)
    assert labels_of(path)[:2] == ["good", "bad"]


def test_a_header_with_unknown_names_is_found_by_the_rows_below(tmp_path: Path) -> None:
    rows = [f"{'warm' if i % 2 else 'cold'}\tday {i} of the long week" for i in range(6)]
    path = write(tmp_path / "a.tsv", "\n".join(["wetter\tbemerkung", *rows]))
    layout = layout_of(path)
    assert layout.header and layout.columns == {"label": "wetter", "text": "bemerkung"}
    assert "data.header=false" in layout.guesses[0]
    assert labels_of(path, header=False)[0] == "wetter"
    assert not layout_of(write(tmp_path / "b.tsv", "\n".join(["warm\tgreat", *rows]))).header, "a class, and a text"


def test_a_guess_is_named_with_the_option_that_overrides_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Nice long text,good\nDull long text,bad\nFine text,good\n")
    layout = layout_of(path)
    assert layout.columns == {"label": "1", "text": "0"} and "data.source=0 data.label=1" in layout.describe()
    assert labels_of(path, columns={"text": "1", "label": "0"})[0] == "Nice long text"


def test_columns_that_cannot_be_chosen_are_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "id,text,mood,place\n1,Nice,good,here\n")
    with pytest.raises(DataError, match=r"(?s)none of them named label.*data.label=COLUMN"):
        layout_of(path)
    assert labels_of(write(tmp_path / "b.csv", "id,text,mood\n1,Nice,good\n")) == ["good"], "not the number of the row"


def test_the_layout_of_the_training_is_used(tmp_path: Path) -> None:
    trained = layout_of(write(tmp_path / "train.csv", 'review,sentiment\n"Nice, dear",good\n'))
    path = write(tmp_path / "new.csv", "sentiment,review,id\ngood,Nice,1\n")
    layout = layout_for_prediction(str(path), trained, None)
    assert layout is not None
    (one,) = read_labeled_texts(str(path), layout, labels=False)
    assert one["words"] == ["Nice"]
    alone = write(tmp_path / "alone.csv", "review\nNice\n")
    assert layout_for_prediction(str(alone), trained, None) is not None, "classes are not needed"
    with pytest.raises(DataError, match="no column 'review'"):
        layout_for_prediction(str(write(tmp_path / "other.csv", "title,sentiment\nNice,good\n")), trained, None)
    assert layout_for_prediction(str(write(tmp_path / "a.txt", "Nice, dear.\n")), trained, None) is None
    lines = write(tmp_path / "a.jsonl", '{"text": "Nice"}\n')
    layout = layout_for_prediction(str(lines), trained, None)
    assert layout is not None and layout.format == "json-lines"


def test_the_layout_of_a_training_without_a_header(tmp_path: Path) -> None:
    trained = layout_of(write(tmp_path / "train.tsv", "good\tNice\nbad\tDull\n"))
    for name in ("new.tsv", "new.txt"):
        path = write(tmp_path / name, "good\tNice\n")
        layout = layout_for_prediction(str(path), trained, None)
        assert layout is not None and layout.column("text") == "1"
    assert layout_for_prediction(str(write(tmp_path / "a.txt", "Nice\nDull\n")), trained, None) is None


def test_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes("good\tcafé\nbad\tDull\n".encode("cp1252"))
    layout = layout_of(tmp_path / "a.tsv", encoding="cp1252")
    assert next(read_labeled_texts(f"{tmp_path}/a.tsv", layout))["words"] == ["café"]
    with pytest.raises(DataError, match=r"a.tsv:1: byte 0xe9.*"):
        labels_of(tmp_path / "a.tsv")


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        ("Review Text,Overall Rating", ["A nice film,0", "Dull,1"]),
        ("Customer message;Topic name", ["A nice film;good", "Dull;bad"]),
        ("Customer message;Date;Topic name", ["A nice film;1;good", "Dull;2;bad"]),
        ("Was gesagt wurde,Note", [f"A nice film number {i},{i % 4}" for i in range(5)]),
        ("Was gesagt wurde,Wie es klang", [f"A nice film number {i},{'good' if i % 2 else 'bad'}" for i in range(6)]),
    ],
)
def test_a_header_of_names_with_blanks(first: str, rows: list[str], tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\n".join([first, *rows]))
    layout = layout_of(path)
    assert layout.header and layout.columns["text"] == first.replace(";", ",").split(",")[0]
    assert "data.header=false" in layout.describe()
    assert len(labels_of(path)) == len(rows)


@pytest.mark.parametrize("first", ["send a message,topic", "Nice.,0", "A rather nice old film,1", "good film,1"])
def test_a_first_row_that_is_an_example(first: str, tmp_path: Path) -> None:
    rows = [f"A nice film number {i},{'topic' if 'topic' in first else i % 2}" for i in range(6)]
    assert not layout_of(write(tmp_path / "a.csv", "\n".join([first, *rows]))).header


def test_the_text_is_chosen_before_the_title(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "Title,Review Text,Rating\nSo,A nice film,4\nNo,Dull,1\n")
    assert layout_of(path).columns == {"text": "Review Text", "label": "Rating"}


def predicted(path: Path, trained: FileLayout, classes: Collection[str] = ("good", "bad")) -> list[str] | None:
    """The words of the texts to classify; None: each line is one."""
    layout = layout_for_prediction(str(path), trained, None, classes)
    return layout and [
        " ".join(one["words"]) for one in read_labeled_texts(str(path), layout, raise_error, labels=False)
    ]


def test_separator_and_quoting_of_the_training_are_used(tmp_path: Path) -> None:
    rows = "a good book, yes;good\na dull book, no;bad\na mad book, so;bad\n"
    trained = layout_of(write(tmp_path / "train.csv", rows), separator="semicolon")
    texts = ["a good book , yes", "a dull book , no", "a mad book , so"]
    alone = write(tmp_path / "alone.csv", "a good book, yes\na dull book, no\na mad book, so\n")
    assert predicted(alone, trained) == texts
    assert predicted(tmp_path / "train.csv", trained) == texts
    assert predicted(write(tmp_path / "train.txt", rows), trained) == texts
    assert predicted(write(tmp_path / "other.txt", "so; it goes\nand; so on\n"), trained) is None
    again = detect_layout_like_training(f"{tmp_path}/train.csv", trained, None)
    assert (again.separator, again.columns) == ("semicolon", {"text": "0", "label": "1"})


def test_separator_of_a_training_with_a_header(tmp_path: Path) -> None:
    trained = layout_of(write(tmp_path / "train.csv", "text;label\na book, yes;good\n"))
    assert predicted(write(tmp_path / "alone.csv", "text\na book, yes\n"), trained) == ["a book , yes"]
    comma = write(tmp_path / "comma.csv", "text,label\na book,good\n")
    assert predicted(comma, trained) == ["a book"], "the columns of the training between commas"
    assert detect_layout_like_training(str(comma), trained, None).separator == "comma"


def test_quoting_of_the_training_is_used(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'good,"so" he said\nbad,dull\n')
    trained = layout_of(path, quoting=False)
    assert predicted(path, trained) == ['" so " he said', "dull"]
    assert detect_layout_like_training(str(path), trained, None).quoting is False


def test_a_training_on_tabs_reads_csv(tmp_path: Path) -> None:
    trained = layout_of(write(tmp_path / "train.tsv", "A nice old film\tgood\nA dull old film\tbad\nA mad film\tbad\n"))
    assert predicted(write(tmp_path / "a.csv", "A nice old film,good\nDull film,bad\n"), trained) == [
        "A nice old film",
        "Dull film",
    ]
