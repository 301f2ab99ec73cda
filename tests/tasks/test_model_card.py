"""Model cards: what was trained on which data, and its scores."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from grunlp.tasks.model_card import CardText, metric_table, span_table, write_model_card

TEXT = CardText("Tagger", "words", "tags", "Do not use it for anything.")
METRICS: dict[str, Any] = {"training": {"epochs": 3, "seconds": 90.0, "left_out": 7}}
NOTES = {"toy-srl": "A toy.", "wnut17": "Tweets."}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "weights.safetensors").write_bytes(bytes(3 * 2**19))
    return tmp_path


def card(run: Path, config: dict[str, Any], text: CardText = TEXT, **metrics: Any) -> str:
    scores = ["| a | b |"]
    write_model_card(run, OmegaConf.create(config), METRICS | metrics, text, NOTES, scores, extra=["More."])
    return (run / "card.md").read_text()


def test_a_card_says_what_was_trained(run: Path) -> None:
    lines = card(run, {"seed": 5, "data": {"name": "wnut17"}}).splitlines()
    assert lines[0] == "# Tagger trained on wnut17" and "Tweets." in lines and "More." in lines
    assert "- input: words" in lines and "- output: tags" in lines
    assert "- weights: 1.5 MiB; training: 3 epochs in 1.5 minutes; seed 5" in lines
    assert "- 7 training sentences left out because they occur in dev or test" in lines
    assert lines[-3:] == ["| a | b |", "", "Do not use it for anything."]
    assert not any("licence is not known" in line for line in lines)


def test_own_and_extra_data_are_named(run: Path) -> None:
    text = card(run, {"seed": 1, "data": {"name": "toy-srl", "extra_train": "mine.conll"}, "model": {"init_from": "a"}})
    assert text.startswith("# Tagger trained on toy-srl and mine.conll\n") and "licence is not known" in text
    assert "Its word embeddings and sentence encoder started from a." in text


def test_a_fine_tuned_run_lists_all_its_data(run: Path) -> None:
    config = {"seed": 1, "init_from": "old", "data": {"name": "files"}}
    config["trained_on"] = [{"name": "toy-srl"}, {"name": "files"}]
    text = card(run, config, TEXT._replace(unit=""))
    assert text.startswith("# Tagger trained on toy-srl, then files\n")
    assert "Fine-tuned from old." in text and "left out" not in text


def test_the_speed_is_given_where_it_was_measured(run: Path) -> None:
    speed = {"words_per_second": 1234.5, "lowest": 1000, "highest": 1500}
    text = card(run, {"seed": 1, "data": {"name": "toy-srl"}}, speed=speed)
    assert "speed: 1234 words a second" in text and "(1000 to 1500 in five repeats)" in text


def test_tables_of_scores() -> None:
    metric = {"score": 12.34567, "interval": [10.0, 14.5], "how": "a|b"}
    assert metric_table({"test": {"bleu": metric}, "train": {"bleu": metric}})[2:] == [
        "| test | bleu | 12.35 | 10 to 14.5 | a, b |"
    ]
    span = {"precision": 50.0, "recall": 25.0, "f1": 100 / 3, "f1_interval": [30.0, 36.0]}
    assert span_table({"dev": {"conlleval": span, "other": span}}, {"seqeval": "S", "conlleval": "C"})[2:] == [
        "| dev | C | 50.00 | 25.00 | 33.33 | 30.00 to 36.00 |"
    ]
