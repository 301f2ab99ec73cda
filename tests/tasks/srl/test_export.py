"""Exports of labellers."""

from pathlib import Path
from typing import Any

import pytest
import torch

from grunlp.data.collate import SRLCollator
from grunlp.exporting.runtime.onnx_session import OnnxSession
from grunlp.tasks.srl.checkpoint import TrainedSRL, build_srl_model
from grunlp.tasks.srl.export import SRLExporter
from grunlp.tasks.srl.inference import label
from tests.exporting.untrained_models import config, prove, shaken
from tests.random_srl_corpus import toy_corpus, vocabulary_of


@pytest.mark.slow
@pytest.mark.parametrize("odds", [-100.0, 0.0])
def test_exported_graphs_label_as_the_model_does(odds: float, tmp_path: Path) -> None:
    """Also where no predicate is found, and where all sentences are empty."""
    c = config("srl", "debug=tiny")
    corpus = toy_corpus(20)
    collate = SRLCollator(vocabulary_of(corpus), None)
    model = shaken(build_srl_model(c, collate.vocabulary, None))
    model.predicates[-1].bias.data += odds
    exportable = SRLExporter(TrainedSRL(tmp_path, c, collate, model))
    prove(exportable, tmp_path / "out")
    standing_in: Any = exportable.graph_adapter(OnnxSession(tmp_path / "out"))
    empty = [{**corpus[0], "words": [], "pos": [], "frames": []}]
    with torch.inference_mode():
        for examples in (corpus, empty):
            found, expected = (list(label(one, collate, examples, 500, True)) for one in (standing_in, model))
            assert found == expected and (any(one.frames for one in found) == (odds == 0.0 and examples is corpus))
