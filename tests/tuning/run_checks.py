"""Checks that every run passes before studies can use it."""

from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from grunlp.metrics.evaluation import select_primary_metric
from grunlp.runs.layout import read_metrics
from grunlp.tasks import primary_metrics_of, task_of
from grunlp.tasks.config import read_config
from grunlp.tuning.parameter_matching import count_parameters, num_parameters_of_run, scale_model


def check_run_for_studies(run: Path, split: str) -> None:
    """Check that the score equals that of the training, and that the network can be rebuilt in other sizes."""
    task, config = task_of(run), read_config(run)
    scored = task.evaluate_split(run, split)
    primary = select_primary_metric(primary_metrics_of(config.recipe), scored.scores.metrics)
    measure, kept = scored.scores.metrics[primary.key], read_metrics(run)[split]
    assert measure.value == pytest.approx(primary.read(kept)) and scored.num_examples and scored.seconds > 0
    with torch.device("meta"):
        assert count_parameters(task.build_model(run, config)) == num_parameters_of_run(run)
        for cell in ("lstm", "mingru", "rnn"):
            smaller = OmegaConf.merge(config, {"model": {"cell": cell, **scale_model(config.model, 7)}})
            assert count_parameters(task.build_model(run, smaller)) < num_parameters_of_run(run)
