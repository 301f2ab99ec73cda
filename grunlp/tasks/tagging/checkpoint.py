"""Loading of trained taggers."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from grunlp.data.collate import TagCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import VOCABULARY, WEIGHTS, require_files, translate_load_errors
from grunlp.runs.weights import load_module
from grunlp.tasks.config import read_config
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.options import TaggerOptions
from grunlp.training.checkpoint_io import encoder_from_config, load_encoder_tokenizer


class TrainedTagger(NamedTuple):
    """A trained tagger.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        collate: the collator that makes its batches.
        model: the network in evaluation mode.
    """

    path: Path
    config: DictConfig
    collate: TagCollator
    model: Tagger


def build_tagger(config: DictConfig, vocabulary: Vocabulary, encoder: PretrainedEncoder | None) -> Tagger:
    """Build the untrained network of a configuration, with the sizes that a vocabulary determines."""
    return Tagger(TaggerOptions(**config.model), vocabulary, encoder)


def build_stored_model(run: Path, config: DictConfig) -> Tagger:
    """Build the untrained network of a configuration, with the vocabulary and the pretrained encoder of a run."""
    return build_tagger(config, Vocabulary.load(run / VOCABULARY), encoder_from_config(run, config))


def load_trained_tagger(path: str | Path) -> TrainedTagger:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    path = Path(path)
    config = read_config(path)
    require_files(path, [VOCABULARY])
    vocabulary = Vocabulary.load(path / VOCABULARY)
    with translate_load_errors(path):
        model = load_module(path / WEIGHTS, lambda: build_tagger(config, vocabulary, encoder_from_config(path, config)))
        aligner = load_encoder_tokenizer(path, model.encoder.pretrained)
    return TrainedTagger(path, config, TagCollator(vocabulary, aligner), model.eval())
