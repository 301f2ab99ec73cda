"""What studies need of the runs of every kind."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from grunlp.metrics.primary import measure_of, names_of, primary_of
from grunlp.runs.layout import read_config, read_metrics
from grunlp.tasks.spec import kind_of
from grunlp.tuning.parameter_matching import count_weights, sizes_at, weights_of


def check_kind(run: Path, split: str) -> None:
    """Its score is that of the training, and its network can be built anew, without numbers and in other sizes."""
    kind, config = kind_of(str(run)), read_config(run)
    scored = kind.score_split(str(run), split)
    primary = primary_of(config.recipe, names_of(scored.scores))
    measure, kept = measure_of(scored.scores, primary.key), read_metrics(run)[split]
    assert measure.value == pytest.approx(primary.read(kept)) and scored.examples and scored.seconds > 0
    with torch.device("meta"):
        assert count_weights(kind.build(str(run), config)) == weights_of(run)
        for cell in ("lstm", "mingru", "rnn"):
            smaller = OmegaConf.merge(config, {"model": {"cell": cell, **sizes_at(config.model, 7)}})
            assert count_weights(kind.build(str(run), smaller)) < weights_of(run)
