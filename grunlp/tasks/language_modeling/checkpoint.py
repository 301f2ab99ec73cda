"""Loading and building of language models."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER, WEIGHTS, translate_load_errors
from grunlp.runs.weights import load_module
from grunlp.tasks.config import read_config
from grunlp.tasks.language_modeling.model import LanguageModel
from grunlp.tasks.language_modeling.options import LanguageModelOptions


class TrainedLanguageModel(NamedTuple):
    """A trained language model.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        tokenizer: its tokenizer.
        model: the network in evaluation mode.
    """

    path: Path
    config: DictConfig
    tokenizer: TextTokenizer
    model: LanguageModel


def build_language_model(config: DictConfig, tokenizer: TextTokenizer) -> LanguageModel:
    """Build the untrained network of a configuration, with the vocabulary of a tokenizer."""
    return LanguageModel(LanguageModelOptions(**config.model), len(tokenizer))


def build_stored_model(run: Path, config: DictConfig) -> LanguageModel:
    """Build the untrained network of a configuration, with the vocabulary of a run."""
    return build_language_model(config, TextTokenizer.load(run / TOKENIZER))


def load_trained_language_model(path: str | Path) -> TrainedLanguageModel:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    path = Path(path)
    config = read_config(path, [TOKENIZER])
    tokenizer = TextTokenizer.load(path / TOKENIZER)
    with translate_load_errors(path):
        model = load_module(path / WEIGHTS, lambda: build_language_model(config, tokenizer))
    return TrainedLanguageModel(path, config, tokenizer, model)
