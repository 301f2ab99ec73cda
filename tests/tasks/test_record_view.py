"""Answers pass by unchanged while their page is kept."""

from pathlib import Path
from typing import Any

import pytest

from grunlp.tasks import spec_named
from grunlp.tasks.record_view import html_page
from grunlp.utils.cli_io import write_output
from grunlp.utils.errors import UserError


def test_answers_pass_and_the_page_has_the_first_thousand(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    with html_page(str(path), "<run>", lambda number: f"<figure>{number}</figure>") as keep:
        assert list(keep(iter(range(1003)))) == list(range(1003))
        assert not path.exists()  # nothing before all is done
    page = path.read_text(encoding="utf-8")
    assert page.count("<figure>") == 1000 and "<figure>999</figure>" in page
    assert "The first 1,000 of 1,003." in page and "<h1>Answers of &lt;run&gt;</h1>" in page


def test_small_empty_and_no_pages(tmp_path: Path) -> None:
    with html_page(None, "run", lambda _: pytest.fail("drawn")) as keep:
        assert list(keep(iter([1, 2]))) == [1, 2]
    with html_page(str(tmp_path / "none.html"), "run", lambda _: "") as keep:
        assert list(keep(iter(()))) == []
    assert "<h1>" in (tmp_path / "none.html").read_text() and "The first" not in (tmp_path / "none.html").read_text()


def test_a_fault_leaves_no_page(tmp_path: Path) -> None:
    def answers() -> Any:
        yield 1
        raise ValueError

    with pytest.raises(ValueError), html_page(str(tmp_path / "page.html"), "run", str) as keep:
        list(keep(answers()))
    assert not list(tmp_path.iterdir())


def test_a_page_that_cannot_be_written_costs_no_answers(tmp_path: Path) -> None:
    output = tmp_path / "answers.txt"
    with pytest.raises(UserError), html_page(str(tmp_path / "answers.txt" / "page.html"), "run", str) as keep:
        write_output(str(output), keep(["a", "b"]))
    assert output.read_text() == "ab"


def test_records_of_all_tasks_are_drawn() -> None:
    records: dict[str, dict[str, Any]] = {
        "srl": {"words": ["a"], "frames": []},
        "tagging": {"words": ["a"], "tags": ["X"]},
        "classification": {"id": "1", "label": "x", "probabilities": {"x": 1.0}},
        "language_modeling": {"id": "1", "prompt": "a", "text": "b", "log_probability": -1.0},
    }
    for task, record in records.items():
        assert spec_named(task).render(None, record).startswith("<figure"), task
