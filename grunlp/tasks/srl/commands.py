"""What studies of many trainings ask of the runs of labellers and taggers, as of all others."""

import time
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from torch import nn

from grunlp.data.datasets.splits import open_split
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import VOCABULARY
from grunlp.tasks.scoring import score_run
from grunlp.tasks.spec import Scored
from grunlp.tasks.srl.checkpoint import Run, TagRun, build_model, load_run, stored_encoder


def score_split(run: str, split: str) -> Scored:
    """The labels of a run for a split of its data; examples are sentences."""
    loaded = load_run(run)
    return score_examples(loaded, open_split(loaded.config.data, split, isinstance(loaded, TagRun)))


def score_examples(run: Run | TagRun, examples: Any) -> Scored:
    """The labels of a run for a split that is open."""
    started = time.perf_counter()
    scores = score_run(run, examples, run.config.loader.batch_tokens)
    return Scored(scores, len(examples), time.perf_counter() - started)


def build(run: str, config: DictConfig) -> nn.Module:
    """The untrained network of a configuration, with the vocabulary of a run."""
    return build_model(config, Vocabulary.load(Path(run) / VOCABULARY), stored_encoder(Path(run), config))
