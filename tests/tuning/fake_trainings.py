"""Fake trainings that write runs with computed scores, so that the result of a study is known."""

import json
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import save_file

from grunlp.configuration.saved_config import save_config
from grunlp.runs.layout import CONFIG, METRICS, MODEL_CARD, WEIGHTS
from grunlp.tasks.config import compose_config
from grunlp.tuning.training_pool import TrainingJob, TrainingPool


def write_run(training: TrainingJob, score: float, weights: int) -> None:
    """A finished run of a tagger with this accuracy."""
    training.folder.mkdir(parents=True)
    save_config(training.folder / CONFIG, compose_config(["recipe=tag", "data=toy-srl"]))
    metrics = {"training": {"seconds": 2.0, "epochs": 1}, "test": {"accuracy": {"f1": score}}}
    (training.folder / METRICS).write_text(json.dumps(metrics))
    save_file({"w": torch.zeros(weights)}, training.folder / WEIGHTS)
    (training.folder / MODEL_CARD).write_text("")


def value(training: TrainingJob, key: str) -> float:
    """What a key is set to."""
    return float([word for word in training.overrides if word.startswith(f"{key}=")][-1].partition("=")[2])


def train_nothing(
    monkeypatch: pytest.MonkeyPatch, score: Callable[[int, int], float], stop_after: int = 10**6
) -> list[TrainingJob]:
    """Pools write runs at once, with a score by hidden size and fold, and are killed before the next after some.

    Returns:
        the trainings that were done, as they come.
    """
    done: list[TrainingJob] = []

    def start(pool: TrainingPool, training: TrainingJob) -> None:
        if not training.finished:
            if len(done) == stop_after:
                raise KeyboardInterrupt
            size = int(value(training, "model.hidden_size"))
            folds = any(word.startswith("data.fold=") for word in training.overrides)
            write_run(training, score(size, int(value(training, "data.fold")) if folds else 0), 10 * size)
            done.append(training)
        pool.done.append(training)

    monkeypatch.setattr(TrainingPool, "start", start)
    return done
