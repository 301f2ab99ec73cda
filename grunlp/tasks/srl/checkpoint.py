"""Loading of trained semantic role labellers."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import VOCABULARY, WEIGHTS, require_files, translate_load_errors
from grunlp.runs.weights import load_module
from grunlp.tasks.config import read_config
from grunlp.tasks.srl.model import SRLModel
from grunlp.tasks.srl.options import SRLModelOptions
from grunlp.training.checkpoint_io import bundled_or, encoder_from_config, load_encoder_tokenizer
from grunlp.utils.errors import UserError


class TrainedSRL(NamedTuple):
    """A trained semantic role labeller.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        collate: the collator that makes its batches.
        model: the network in evaluation mode.
    """

    path: Path
    config: DictConfig
    collate: SRLCollator
    model: SRLModel


def build_srl_model(config: DictConfig, vocabulary: Vocabulary, encoder: PretrainedEncoder | None) -> SRLModel:
    """Build the untrained network of a configuration, with the sizes that a vocabulary determines."""
    options = SRLModelOptions(**config.model)
    return SRLModel(options, vocabulary, encoder, corpus_embedding=bool(config.data.get("extra_train")))


def build_stored_model(run: Path, config: DictConfig) -> SRLModel:
    """Build the untrained network of a configuration, with the vocabulary and the pretrained encoder of a run."""
    return build_srl_model(config, Vocabulary.load(run / VOCABULARY), encoder_from_config(run, config))


def load_trained_srl(path: str | Path) -> TrainedSRL:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Args:
        path: the folder, or "default" for the bundled model.

    Raises:
        UserError: the folder is not a finished run of this task, or its files do not belong together.
    """
    path = bundled_or(path)
    config = read_config(path)
    if config.recipe not in ("srl", "finetune"):
        raise UserError(
            f"{path} is a run of recipe={config.recipe}", "expected a role labeller", "Type run= with another run."
        )
    require_files(path, [VOCABULARY])
    vocabulary = Vocabulary.load(path / VOCABULARY)
    with translate_load_errors(path):
        model = load_module(
            path / WEIGHTS, lambda: build_srl_model(config, vocabulary, encoder_from_config(path, config))
        )
        aligner = load_encoder_tokenizer(path, model.encoder.pretrained)
    return TrainedSRL(path, config, SRLCollator(vocabulary, aligner), model.eval())
