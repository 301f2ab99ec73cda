"""Answers pass by unchanged while their page is kept."""

from pathlib import Path
from typing import Any

import pytest

from grunlp.report.records import draw_record, keep_page


def test_answers_pass_and_the_page_has_the_first_thousand(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    answers = keep_page(str(path), "<run>", iter(range(1003)), lambda number: f"<figure>{number}</figure>")
    assert next(answers) == 0 and not path.exists()  # nothing before all is there
    assert list(answers) == list(range(1, 1003))
    page = path.read_text(encoding="utf-8")
    assert page.count("<figure>") == 1000 and "<figure>999</figure>" in page
    assert "The first 1,000 of 1,003." in page and "<h1>Answers of &lt;run&gt;</h1>" in page


def test_small_empty_and_no_pages(tmp_path: Path) -> None:
    assert list(keep_page(None, "run", iter([1, 2]), lambda _: pytest.fail("drawn"))) == [1, 2]
    assert list(keep_page(str(tmp_path / "none.html"), "run", iter(()), lambda _: "")) == []
    assert "<h1>" in (tmp_path / "none.html").read_text() and "The first" not in (tmp_path / "none.html").read_text()


def test_a_fault_leaves_no_page(tmp_path: Path) -> None:
    def answers() -> Any:
        yield 1
        raise ValueError

    with pytest.raises(ValueError):
        list(keep_page(str(tmp_path / "page.html"), "run", answers(), str))
    assert not list(tmp_path.iterdir())


def test_records_of_all_kinds_are_drawn() -> None:
    records: dict[str, dict[str, Any]] = {
        "labeller": {"words": ["a"], "frames": []},
        "tagger": {"words": ["a"], "tags": ["X"]},
        "classifier": {"id": "1", "label": "x", "probabilities": {"x": 1.0}},
        "writer": {"id": "1", "source": "a", "texts": []},
        "language-model": {"id": "1", "prompt": "a", "text": "b", "log_probability": -1.0},
    }
    for kind, record in records.items():
        assert draw_record(kind, record).startswith("<figure"), kind
