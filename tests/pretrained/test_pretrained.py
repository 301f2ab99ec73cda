"""The model in the box: small, honest about itself, and at home with any text."""

import json
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.propbank.rolesets import add_role_descriptions
from grunlp.data.raw_text import split_raw_line
from grunlp.data.tags import invalid_transitions
from grunlp.data.writers import srl_to_dict
from grunlp.tasks.srl.checkpoint import TrainedSRL, load_trained_srl
from grunlp.tasks.srl.inference import evaluate_srl, label
from grunlp.training.checkpoint_io import BUNDLED_MODEL


@pytest.fixture(scope="module")
def box() -> TrainedSRL:
    return load_trained_srl("default")


def frames(box: TrainedSRL, text: str) -> list[dict[str, Any]]:
    """The records of the sentences of a line."""
    with torch.inference_mode():
        records = [
            srl_to_dict(one.predicted_example)
            for one in label(box.model, box.collate, split_raw_line(text, 1), 500, True)
        ]
    for record in records:
        add_role_descriptions(record, box.collate.vocabulary.rolesets, {})
    return records


def test_a_known_sentence(box: TrainedSRL) -> None:
    (record,) = frames(box, "She gave him a book.")
    (give,) = record["frames"]
    found = {argument["role"]: (argument["text"], argument["role_description"]) for argument in give["arguments"]}
    assert give["roleset"] == "give.01" and found == {
        "ARG0": ("She", "agent"),
        "ARG2": ("him", "recipient or goal"),
        "ARG1": ("a book", "patient or theme"),
    }


def test_what_the_card_says(box: TrainedSRL) -> None:
    files = [path for path in BUNDLED_MODEL.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20 * 2**20
    card, metrics = ((BUNDLED_MODEL / name).read_text(encoding="utf-8") for name in ("card.md", "metrics.json"))
    scores = json.loads(metrics)
    for split in ("dev", "test"):
        for counting in ("srl-eval", "senses", "predicates", "found", "found-right-sense"):
            assert f"{scores[split][counting]['f1']:.2f}" in card
    assert "CC BY-SA 4.0" in card and "Pang and Lee 2004" in card and "not for decisions about people" in card


@pytest.mark.parametrize(
    "text", ["", " ", "Apple pie.", "🎉", "\x01\x02", "A" * 5000, "is " * 300, "Is was be been. " * 50]
)
def test_odd_text(box: TrainedSRL, text: str) -> None:
    words = [word for record in frames(box, text) for word in record["words"]]
    assert "".join(words) == "".join(text.split()), "nothing is lost"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "She gave him",
                "n't",
                "U.S.",
                ". ",
                "!? ",
                "\u200f",
                "日本語",
                "مرحبا",
                "👩‍👩‍👧",
                "\x1c",
                "(ARG0*",
                '"',
                "@u #t",
            ]
        )
        | st.text(max_size=8),
        max_size=12,
    )
)
def test_frames_are_legal_and_offsets_fit(box: TrainedSRL, parts: list[str]) -> None:
    text = "".join(parts).replace("\n", " ")
    for record in frames(box, text):
        assert text[record["start_char"] :].startswith(record["text"])
        assert [record["text"][start:end] for start, end in record["offsets"]] == record["words"]
        for frame in record["frames"]:
            assert invalid_transitions(frame["tags"]) == []
            assert [i for i, tag in enumerate(frame["tags"]) if tag == "B-V"] == [frame["index"]]
            assert record["text"][frame["start_char"] : frame["end_char"]] == frame["predicate"]
            for argument in frame["arguments"]:
                within = slice(argument["start"], argument["end"])
                places = record["offsets"][within]  # between them may stand what is not seen
                assert (argument["start_char"], argument["end_char"]) == (places[0][0], places[-1][1])
                assert argument["text"] == " ".join(record["words"][within])


@pytest.mark.realdata
@pytest.mark.slow
def test_it_scores_as_its_card_says(box: TrainedSRL, data_root) -> None:  # type: ignore[no-untyped-def]
    said = json.loads((BUNDLED_MODEL / "metrics.json").read_text(encoding="utf-8"))["test"]
    found = evaluate_srl(
        box.model, box.collate, open_srl_corpus({**box.config.data, "extra_train": None}).test, 3000
    ).as_dict()
    for counting in ("srl-eval", "senses", "predicates", "found"):
        assert found[counting]["f1"] == pytest.approx(said[counting]["f1"], abs=0.2), (
            "rounding differs between machines"
        )
