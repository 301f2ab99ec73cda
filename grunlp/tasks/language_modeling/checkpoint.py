"""Trained language models, and how they are built."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER, WEIGHTS, read_config, translate_load_errors
from grunlp.runs.weights import load_module
from grunlp.tasks.language_modeling.model import LanguageModel


class TrainedLanguageModel(NamedTuple):
    """A trained language model with what belongs to it."""

    path: Path
    config: DictConfig
    tokenizer: TextTokenizer
    model: LanguageModel


def build_language_model(config: DictConfig, tokenizer: TextTokenizer) -> LanguageModel:
    """The network a configuration describes, with the vocabulary of its tokenizer."""
    return LanguageModel(len(tokenizer), **config.model)


def load_trained_language_model(path: str | Path) -> TrainedLanguageModel:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path, [TOKENIZER])
    tokenizer = TextTokenizer.load(path / TOKENIZER)
    with translate_load_errors(path):
        model = load_module(path / WEIGHTS, lambda: build_language_model(config, tokenizer))
    return TrainedLanguageModel(path, config, tokenizer, model)
