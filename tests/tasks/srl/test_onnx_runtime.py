"""The labeller in the exported script answers as the predictor does."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.tasks.srl.checkpoint import TrainedSRL, build_srl_model
from grunlp.tasks.srl.export import SRLExporter
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.exporting.untrained_models import config, shaken
from tests.random_srl_corpus import toy_corpus, vocabulary_of

CORPUS = toy_corpus(12)
SENTENCES = [{**example, "id": "", "document": "", "pos": [], "frames": []} for example in CORPUS]


def exporter(decoder: str, bias: float) -> SRLExporter:
    c = config("srl", "debug=tiny", f"model.decoder={decoder}")
    collate = SRLCollator(vocabulary_of(CORPUS), None)
    model = shaken(build_srl_model(c, collate.vocabulary, None))
    model.predicates[-1].bias.data += bias
    return SRLExporter(TrainedSRL(Path("run"), c, collate, model))


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
def test_it_answers_as_the_predictor_does(decoder: str) -> None:
    labeller = exporter(decoder, 5.0)
    found = check_answers(labeller, [*SENTENCES, *labeller.random_examples([5, 2, 8], np.random.default_rng(0))])
    frames = [frame for record in found for frame in record["frames"]]
    assert frames and any(frame["arguments"] for frame in frames)
    assert any(frame["roleset"] in ("see.01", "see.02") for frame in frames if frame["predicate"] == "sees")


def test_without_predicates_there_are_no_frames() -> None:
    with torch.inference_mode():
        found = check_answers(exporter("crf", -100.0), SENTENCES)
    assert not any(record["frames"] for record in found)


def test_arguments_of_a_text_have_its_characters() -> None:
    text = "Anna sees cat dog. Nobody left?"
    records = list(make_runtime(exporter("crf", 5.0))([text, ""], 7))
    assert [record["line"] for record in records] == [7, 7, 8] and records[2]["frames"] == []
    for record in records[:2]:
        for frame in record["frames"]:
            for item in (frame, *frame["arguments"]):
                piece = record["text"][item["start_char"] : item["end_char"]]
                assert piece.replace(" ", "") == item.get("predicate", item["text"]).replace(" ", "")
    assert json.dumps(records)
