"""A run folder of a labeller that was never trained."""

from pathlib import Path
from typing import Any

import torch

from grunlp.data.collate import SRLCollator
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.training.checkpoint_io import save_config_and_vocab
from tests.random_srl_corpus import toy_corpus, vocabulary_of


def made(path: Path, *form: str) -> Path:
    """A labeller that was never trained, and finds predicates."""
    torch.manual_seed(0)
    config = compose_config(["recipe=srl", "debug=tiny", *form])
    collate = SRLCollator(vocabulary_of(toy_corpus(40)), None)
    model: Any = build_srl_model(config, collate.vocabulary, None)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.predicates[-1].bias.data += 2
    path.mkdir()
    save_config_and_vocab(path, config, collate, None)
    save_weights(path, model.eval())
    return path
