"""Check of files without predicates, as `python -m grunlp.data check` prints it."""

from pathlib import Path

import pytest

from grunlp.data.__main__ import main


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "Anna PER-B\nsings O\n\nBonn LOC-B\n", ["tagged words", "tags like PER-B", "recipe=tag", "B-LOC: 1"]),
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
        ("b.csv", "date,y\n2024-01-01,3.5\n2024-01-02,1e-3\n", ["recipe=forecast", "columns: date, y"]),
        ("b.txt", "Some running text.\nAnd more of it, here.\n", ["running text", "lines: 2", "words: 8", "recipe=lm"]),
        ("c.csv", "text,label\n", ["it has no usable example"]),
    ],
)
def test_files_of_every_task(
    name: str, content: str, expected: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["check", f"{tmp_path}/{name}"]) == 0
    out = capsys.readouterr().out
    assert all(part in out for part in expected), out


def test_faults_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("text,label\nNice, very,good\nDull,bad\n")
    (tmp_path / "b.txt").write_bytes(b"caf\xe9\n")
    assert main(["check", f"{tmp_path}/a.csv", f"{tmp_path}/b.txt"]) == 1
    out = capsys.readouterr().out
    assert "a.csv:2: 3 cells" in out and "b.txt:1: byte 0xe9" in out and "data.encoding=cp1252" in out
    assert main(["check", f"{tmp_path}/none"]) == 2
