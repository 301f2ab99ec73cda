"""Prediction of texts, typed or one in each line of a file."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from grunlp.tasks.command_options import TextPredictOptions
from grunlp.tasks.predictor import Predictor
from grunlp.tasks.text_io import predict_texts
from grunlp.utils.errors import UserError


class Upper(Predictor[str, list[dict[str, Any]]]):
    """Returns each word of a text in capitals, as records of their own."""

    task: ClassVar[str] = "upper"

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
        return ([{"word": word.upper()} for word in text.split()] for text in inputs)


def render(predictor: Any, record: dict[str, Any]) -> str:
    return f"<figure>{record['word']}</figure>"


def run(folder: Path, text: str | None, **options: Any) -> tuple[int, list[dict[str, Any]]]:
    status = predict_texts(Upper(), text, TextPredictOptions(output=f"{folder}/out", **options), render)
    return status, [json.loads(line) for line in (folder / "out").read_text().splitlines()]


def test_a_typed_text_and_its_page(tmp_path: Path) -> None:
    assert run(tmp_path, "a b", html_report=f"{tmp_path}/page.html") == (0, [{"word": "A"}, {"word": "B"}])
    page = (tmp_path / "page.html").read_text()
    assert page.index("<figure>A") < page.index("<figure>B")


def test_lines_of_a_file_are_read_and_bad_ones_are_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "in").write_bytes(b"a b\n\xff\n\nc\n")
    status, records = run(tmp_path, None, input=f"{tmp_path}/in")
    assert status == 1 and [record["word"] for record in records] == ["A", "B", "C"]


def test_nothing_is_predicted_for_conflicting_options(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="with input="):
        run(tmp_path, "a", input="file")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match="nothing is overwritten"):
        run(tmp_path, "a")
    assert (tmp_path / "out").read_text() == "mine"


def test_records_are_formatted_on_request(tmp_path: Path) -> None:
    options = TextPredictOptions(output=f"{tmp_path}/out")
    assert predict_texts(Upper(), "a b", options, render, lambda record: f"{record['word']}.\n") == 0
    assert (tmp_path / "out").read_text() == "A.\nB.\n"
