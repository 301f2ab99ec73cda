"""Loading and building of classifiers."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from omegaconf import DictConfig

from grunlp.configuration.saved_config import save_config
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import (
    CLASS_LABELS,
    CONFIG,
    VOCABULARY,
    WEIGHTS,
    require_files,
    translate_load_errors,
)
from grunlp.runs.weights import load_module
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.model import Classifier, TextEncoder, TimeSeriesEncoder
from grunlp.tasks.classification.options import ClassifierOptions
from grunlp.tasks.config import read_config
from grunlp.training.checkpoint_io import encoder_from_config, load_encoder_tokenizer, save_encoder_files
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.safe_load import read_json


class TrainedClassifier(NamedTuple):
    """A trained classifier.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        collate: the collator that makes its batches.
        model: the network in evaluation mode.
    """

    path: Path
    config: DictConfig
    collate: TextClassificationCollator | TimeSeriesCollator
    model: Classifier


def build_classifier(
    config: DictConfig, collate: TextClassificationCollator | TimeSeriesCollator, encoder: PretrainedEncoder | None
) -> Classifier:
    """Build the untrained network of a configuration, with the sizes that a collator determines.

    A network for measurements standardizes them with mean 0 and deviation 1 until a training sets other values.
    """
    options = ClassifierOptions(**config.model)
    network: TextEncoder | TimeSeriesEncoder
    if isinstance(collate, TextClassificationCollator):
        network = TextEncoder(options, collate.vocabulary, encoder)
    else:
        network = TimeSeriesEncoder(options, torch.zeros(collate.num_features), torch.ones(collate.num_features))
    return Classifier(options, list(collate.class_ids), network)


def build_stored_model(run: Path, config: DictConfig) -> Classifier:
    """Build the untrained network of a configuration, with the classes and the vocabulary of a run."""
    return build_classifier(config, load_classifier_collator(run, config), encoder_from_config(run, config))


def save_classifier_config(
    path: Path,
    config: DictConfig,
    collate: TextClassificationCollator | TimeSeriesCollator,
    encoder: PretrainedEncoder | None,
) -> None:
    """Save all files except the weights before the training; with them the folder is a run, finished or not."""
    save_config(run_file(path, CONFIG), config)
    features = collate.num_features if isinstance(collate, TimeSeriesCollator) else None
    content = json.dumps({"classes": list(collate.class_ids), "features": features}, ensure_ascii=False, indent=1)
    write_file_atomically(run_file(path, CLASS_LABELS), content)
    if isinstance(collate, TextClassificationCollator):
        collate.vocabulary.save(run_file(path, VOCABULARY))
        if encoder is not None and collate.subword_aligner is not None:
            save_encoder_files(path, encoder, collate.subword_aligner)


def load_trained_classifier(path: str | Path) -> TrainedClassifier:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    path = Path(path)
    config = read_config(path)
    collate = load_classifier_collator(path, config)
    with translate_load_errors(path):
        model = load_module(
            path / WEIGHTS, lambda: build_classifier(config, collate, encoder_from_config(path, config))
        )
        if isinstance(collate, TextClassificationCollator) and isinstance(model.encoder, TextEncoder):
            pieces = load_encoder_tokenizer(path, model.encoder.sentences.pretrained)
            collate = TextClassificationCollator(collate.vocabulary, pieces, model.classes, config.loader.max_length)
    return TrainedClassifier(path, config, collate, model)


def load_classifier_collator(path: Path, config: DictConfig) -> TextClassificationCollator | TimeSeriesCollator:
    """Load the collator of the classifier in a run folder, without the tokenizer of a pretrained encoder."""
    require_files(path, [CLASS_LABELS])
    content = read_json(path / CLASS_LABELS)
    with translate_load_errors(path):
        assert isinstance(content, dict) and set(content) == {"classes", "features"}, f"{CLASS_LABELS} has other keys"
        classes, features = content["classes"], content["features"]
        assert isinstance(classes, list) and all(isinstance(name, str) for name in classes), (
            f"{CLASS_LABELS} has no words"
        )
        assert 1 < len(set(classes)) == len(classes), f"{CLASS_LABELS} names a class twice, or one alone"
        assert features is None or (type(features) is int and 0 < features < 2**20), f"{CLASS_LABELS} has no features"
    if features is not None:
        return TimeSeriesCollator(classes, features)
    require_files(path, [VOCABULARY])
    return TextClassificationCollator(Vocabulary.load(path / VOCABULARY), None, classes, config.loader.max_length)
