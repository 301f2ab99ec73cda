"""Check of files without predicates, as `python -m grunlp.data check` prints it."""

from pathlib import Path

import pytest

from grunlp.data.__main__ import main

TEXTS = ["A nice old film", "So dull a film", "A mad old film", "Nice and new"]
ROWS = [(text, ("pos", "neg")[i % 2]) for i, text in enumerate(TEXTS)]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Anna PER-B\nsings O\n\nBonn LOC-B\n", ["tagged words", "tags like PER-B", "recipe=tag", "B-LOC: 1"]),
        ("t.csv", "EU,B-ORG\nsaid,O\n", ["tagged words", "cells between commas", "B-ORG: 1"]),
        (
            "t.csv",
            "Sentence #,Word,POS,Tag\nSentence: 1,EU,NNP,B-ORG\n,said,VBD,O\nSentence: 2,Bonn,NNP,O\n",
            ["tagged words", "sentences: 2", "words: 3"],
        ),
        ("d.csv", "date,y\n2024-01-01,3\n\n2024-01-02,4\n2024-01-03,4\n", ["time series"]),
        ("w.csv", "name,label\nIvanov,ru\nMeier,de\n\n", ["texts with classes"]),
        ("a.conll", "Anna\tO\nsings\tO\n", ["every tag is 'O': there is nothing to learn"]),
        ("a.jsonl", '{"tokens": ["Anna"], "ner_tags": ["B-PER"]}\n', ["tagged words", "json-lines"]),
        ("b.jsonl", '{"words": ["Anna"], "tags": ["B-PER"]}\n', ["tagged words"]),
        (
            "a.csv",
            "review,sentiment\nNice film,good\nDull film,bad\n",
            ["texts with classes", "good: 1", "recipe=classify"],
        ),
        ("a.json", '[{"text": "Nice", "label": "good"}]', ["json-array", "all texts have one class"]),
        (
            "a.tsv",
            "source\ttarget\nJa, gut.\tYes, good.\nNein.\t\n",
            ["pairs of texts", "pairs: 2", "1 pairs have an empty side"],
        ),
        (
            "b.csv",
            "date,y\n2024-01-01,3.5\n2024-01-02,1e-3\n",
            ["time series", "recipe=forecast", "times in 'date'", "to forecast: y"],
        ),
        ("b.tsv", "4 5\t5 4\n1 2 3\t3 2 1\n", ["pairs of texts", "pairs: 2", "no header"]),
        ("m.txt", "Jan B-PER\nvan M-PER\nEyck E-PER\npaints O\n", ["scheme bioes, converted to iob2", "I-PER: 2"]),
        ("r.txt", "one two a\nthree four b\n" * 30, ["all 60 rows are one sentence", "recipe=lm"]),
        (
            "p.conll",
            "1\tShe\tPRP\t_\t_\n2\tgave\tVBD\tgive\tgive.01\n3\thim\tPRP\t_\t_\n",
            ["predicates have no roles"],
        ),
        (
            "p.conllu",
            "".join(f"{i}\tGo\t_\tVERB\t_\t_\t{i - 1}\t_\t_\t_\n" for i in (1, 2)),
            ["no predicate is marked"],
        ),
        ("b.txt", "Some running text.\nAnd more of it, here.\n", ["running text", "lines: 2", "words: 8", "recipe=lm"]),
        ("c.csv", "text,label\n", ["it has no usable example"]),
        ("a.txt", "Text;Label\n" + "".join(f"{a};{b}\n" for a, b in ROWS), ["texts with classes", "pos: 2"]),
        ("b.txt", "text|label\n" + "".join(f"{a}|{b}\n" for a, b in ROWS), ["texts with classes", "pos: 2"]),
        (
            "c.txt",
            "nice film;pos\ndull film;neg\n" * 3,
            ["texts with classes", "pos: 3", "recipe=classify", "data.separator=semicolon", "guessed: cells"],
        ),
        ("d.csv", "title,text,label\nSo,A nice film,pos\nNo,A dull film,neg\n", ["texts with classes", "pos: 1"]),
        ("d.tsv", "text\ttarget\n" + "".join(f"{a}\t{b}\n" for a, b in ROWS), ["texts with classes", "pos: 2"]),
        ("e.tsv", "Ja, so.\tYes, so.\nNein, so.\t\nJa, ja.\tYes.\n", ["pairs of texts", "1 pairs have an empty side"]),
        (
            "f.txt",
            "Go.\tGeh.\tCC-BY 2.0 by a\nHi you.\tHallo du.\tCC-BY 2.0 by b\nRun now.\tLauf nun.\tCC-BY 2.0 by c\n",
            ["pairs of texts", "guessed: which columns", "recipe=translate", "data.source=0 data.target=1"],
        ),
        ("g.tsv", "你好嗎\tHow are you?\n我很好\tI am fine.\n", ["pairs of texts", "pairs: 2"]),
        ("g.jsonl", '{"source": "I am fine.", "target": "我很好"}\n', ["split them into characters"]),
        ("h.txt", "__label__pos A nice film\n__label__neg A dull film\n", ["fastText", "sed -E", ".tsv"]),
        ("i.jsonl", '{"en": "Yes", "de": "Ja"}\n', ["pairs of texts", "data.source=en data.target=de", "pairs: 1"]),
        ("j.jsonl", '{"translation": {"en": "Yes", "de": "Ja"}}\n', ["jq -c .translation", "data.source=en"]),
        (
            "k.jsonl",
            '{"text": "Ann", "tokens": [{"text": "Ann"}], "spans": [{"start": 0, "end": 3, "label": "PER"}]}\n',
            ["spans between characters", "recipe=tag"],
        ),
        ("l.jsonl", '{"text": "Ann", "label": [[0, 3, "PER"]]}\n', ["spans between characters"]),
        (
            "m.json",
            '[\n {\n  "date": "2024-01-01",\n  "y": 3.5\n },\n {"date": "2024-01-02", "y": 4}\n]\n',
            ["time series", "to forecast: y", "frequency D"],
        ),
        ("n.jsonl", '{"text": "A nice film"}\n', ["running text", "words: 3", "json-lines"]),
        ("o.jsonl", '{"body": "A nice old film", "mood": "{x}"}\n', ["its fields are body, mood", "data.source=FIELD"]),
        ("n.txt", "A line of text and no more\n", ["running text"]),
        ("p.csv", "text,label\na,pos\nb,Pos\n", ["classes that differ only in capitals: pos, Pos"]),
        ("q.json", '[\n  {\n    "text": "Nice",\n    "label": "good"\n  }\n]\n', ["texts with classes", "good: 1"]),
    ],
)
def test_files_of_every_task(
    name: str, content: str, expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["check", f"{tmp_path}/{name}"]) == 0
    out = capsys.readouterr().out
    assert all(part in out for part in expected), out


def test_a_path_with_blanks_is_quoted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my file.csv").write_text("text,label\na,pos\nb,neg\n")
    assert main(["check", f"{tmp_path}/my file.csv"]) == 0
    assert f"'data.train={tmp_path}/my file.csv' ..." in capsys.readouterr().out


def test_faults_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNice, very,good\nDull,bad\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9\n")
    assert main(["check", f"{tmp_path}/a.csv", f"{tmp_path}/b.txt"]) == 1
    out = capsys.readouterr().out
    assert "a.csv:2: 3 cells" in out and "b.txt:1: byte 0xe9" in out and "data.encoding=cp1252" in out
    assert main(["check", f"{tmp_path}/none"]) == 2


DAYS = [f"{day:02d}" for day in range(1, 13)]


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        (
            "date,y\n" + "".join(f"01/{day}/2023,1\n" for day in DAYS),
            1,
            ["may be 2023-02-01 or 2023-01-02", "data.day_first=true"],
        ),
        ("date;y\n" + "".join(f"2023-01-{day};{day},5\n" for day in DAYS), 0, ["semicolons", "decimal=comma"]),
        ("date,y\n" + "".join(f"2023-01-{day} 10:00+09:00,1\n" for day in DAYS), 0, ["time zone UTC+09:00"]),
        (",date,y\n" + "".join(f"{day},2023-01-{day},7\n" for day in DAYS), 0, ["numbers the rows", "left out"]),
        (
            "shop,date,y\n" + "".join(f"{shop},2023-01-{day},7\n" for shop in ("007", "NA") for day in DAYS),
            0,
            ["series: 2", "guessed: data.series_id=shop", "times from 2023-01-01 to 2023-01-12, frequency D"],
        ),
        (
            "date,y,z\n" + "".join(f"2023-01-{day},7,\n" for day in DAYS),
            0,
            ["column 'z' is empty", "columns left out unless an option names them: z"],
        ),
        (
            "date,y\n2024-10-27 01:00,1\n2024-10-27 02:00,2\n2024-10-27 02:00,2\n2024-10-27 03:00,4\n",
            1,
            ["'2024-10-27 02:00' comes twice", "data.time_zone=Europe/Berlin"],
        ),
        (
            "date,y\n" + "".join(f"2023-01-{day},1\n" for day in DAYS) + "2023-01-99,1\n",
            1,
            ["'2023-01-99' is not a time"],
        ),
        ("n,y\n1,2\n2,4\n3,5\n", 1, ["no column contains times", "data.time_column="]),
        (
            "store,date,hour,y\n" + "".join(f"{s},2023-01-{day},{h},7\n" for s in "ab" for day in DAYS for h in DAYS),
            1,
            ["guessed: data.series_id=store", "spread over the columns 'date' and 'hour'"],
        ),
        (
            "year,month,y\n" + "".join(f"{year},{month},7\n" for year in (2022, 2023) for month in DAYS),
            1,
            ["the times are spread over the columns 'year' and 'month'", "Join them, such as 2024-01-31 13:00"],
        ),
        (
            "shop,date,month,y\n" + "".join(f"{shop},2023-01-{day},1,7\n" for shop in "ab" for day in DAYS),
            0,
            ["series: 2", "guessed: data.series_id=shop"],
        ),
        (
            "date,y\n" + "".join(f"2023 #{day},7\n" for day in DAYS),
            1,
            ["'2023 #01' is not a time", "data.date_format="],
        ),
        (
            "date,y\n" + "".join(f"2023-01-{day},{day}.5 kWh\n" for day in DAYS),
            1,
            ["no column contains numbers", "kWh"],
        ),
        ("period,y\n" + "".join(f"Q1/20{day},7\n" for day in DAYS), 0, ["times from 2001-01-01", "to forecast: y"]),
    ],
)
def test_series(
    content: str, status: int, expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text(content)
    assert main(["check", f"{tmp_path}/a.csv"]) == status
    out = capsys.readouterr().out
    assert "time series" in out and "recipe=forecast" in out
    assert all(part in out for part in expected), out


def test_series_in_utf_16_and_in_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("date,y\n" + "".join(f"2023-01-{day},7\n" for day in DAYS), encoding="utf-16")
    (tmp_path / "a.jsonl").write_text("".join(f'{{"date": "2023-01-{day}", "y": 7}}\n' for day in DAYS))
    for name in ("a.csv", "a.jsonl"):
        assert main(["check", f"{tmp_path}/{name}"]) == 0
        out = capsys.readouterr().out
        assert "time series" in out and "times from 2023-01-01 to 2023-01-12, frequency D" in out
    (tmp_path / "b.txt").write_text("A sentence.\n", encoding="utf-16")
    assert main(["check", f"{tmp_path}/b.txt"]) == 1
    assert "the file is UTF-16" in capsys.readouterr().out


def test_texts_with_digits_are_no_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"take {day},{int(day) % 2}\n" for day in DAYS))
    assert main(["check", f"{tmp_path}/a.csv"]) == 0
    assert "texts with classes" in capsys.readouterr().out


def test_reviews_with_a_date_and_a_rating_are_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"2023-01-{day},A film that nobody needs number {day},{int(day) % 2}\n" for day in DAYS]
    (tmp_path / "a.csv").write_text("date,text,label\n" + "".join(rows))
    assert main(["check", f"{tmp_path}/a.csv"]) == 0
    assert "texts with classes" in capsys.readouterr().out


def test_files_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "train").write_text("Anna B-PER\nsings O\n\nRain O\nfalls O\n")
    (tmp_path / "dev").write_text("Bonn B-LOC\nsings O\n\nRain O\nfalls O\n")
    assert main(["check", f"train={tmp_path}/train", f"dev={tmp_path}/dev"]) == 0
    out = capsys.readouterr().out
    assert "1 examples of train also occur in dev" in out
    assert "labels of dev that train lacks: B-LOC (1)" in out
