"""What studies of many trainings ask of the runs of labellers and taggers, as of all others."""

import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from grunlp.data.datasets.splits import open_labelled_split
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import VOCABULARY
from grunlp.tasks.scoring import evaluate_run
from grunlp.tasks.spec import EvaluationResult
from grunlp.tasks.srl.checkpoint import (
    TrainedSRL,
    TrainedTagger,
    build_labelling_model,
    encoder_from_config,
    load_trained_labeller,
)


def evaluate_split(run: str, split: str) -> EvaluationResult:
    """The labels of a run for a split of its data; examples are sentences."""
    loaded = load_trained_labeller(run)
    return evaluate_examples(loaded, open_labelled_split(loaded.config.data, split, isinstance(loaded, TrainedTagger)))


def evaluate_examples(run: TrainedSRL | TrainedTagger, examples: Any) -> EvaluationResult:
    """The labels of a run for a split that is open."""
    started = time.perf_counter()
    scores = evaluate_run(run, examples, run.config.loader.batch_tokens)
    return EvaluationResult(scores, len(examples), time.perf_counter() - started)


def build_model(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    return build_labelling_model(
        config, Vocabulary.load(Path(run) / VOCABULARY), encoder_from_config(Path(run), config)
    )
