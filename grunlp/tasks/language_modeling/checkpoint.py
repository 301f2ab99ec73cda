"""Trained language models, and how they are built."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER, WEIGHTS, fitting, read_config
from grunlp.runs.weights import load_network
from grunlp.tasks.language_modeling.model import LanguageModel


class LanguageRun(NamedTuple):
    """A trained language model with what belongs to it."""

    path: Path
    config: DictConfig
    tokenizer: TextTokenizer
    model: LanguageModel


def build_language_model(config: DictConfig, tokenizer: TextTokenizer) -> LanguageModel:
    """The network a configuration describes, with the vocabulary of its tokenizer."""
    return LanguageModel(len(tokenizer), **config.model)


def load_language_run(path: str | Path) -> LanguageRun:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path, [TOKENIZER])
    tokenizer = TextTokenizer.load(path / TOKENIZER)
    with fitting(path):
        model = load_network(path / WEIGHTS, lambda: build_language_model(config, tokenizer))
    return LanguageRun(path, config, tokenizer, model)
