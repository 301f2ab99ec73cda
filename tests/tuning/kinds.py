"""What studies need of the runs of every kind."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from grunlp.metrics.primary import metric_for, metric_keys, select_primary_metric
from grunlp.runs.layout import read_config, read_metrics
from grunlp.tasks.spec import spec_for_run
from grunlp.tuning.parameter_matching import count_parameters, num_parameters_of_run, scale_model


def check_kind(run: Path, split: str) -> None:
    """Its score is that of the training, and its network can be built anew, without numbers and in other sizes."""
    kind, config = spec_for_run(str(run)), read_config(run)
    scored = kind.evaluate_split(str(run), split)
    primary = select_primary_metric(config.recipe, metric_keys(scored.scores))
    measure, kept = metric_for(scored.scores, primary.key), read_metrics(run)[split]
    assert measure.value == pytest.approx(primary.read(kept)) and scored.num_examples and scored.seconds > 0
    with torch.device("meta"):
        assert count_parameters(kind.build_model(str(run), config)) == num_parameters_of_run(run)
        for cell in ("lstm", "mingru", "rnn"):
            smaller = OmegaConf.merge(config, {"model": {"cell": cell, **scale_model(config.model, 7)}})
            assert count_parameters(kind.build_model(str(run), smaller)) < num_parameters_of_run(run)
