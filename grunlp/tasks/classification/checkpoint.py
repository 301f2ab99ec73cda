"""Trained classifiers, and how they are built."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from omegaconf import DictConfig

from grunlp.configuration.saved_config import save_config
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import CLASSES, CONFIG, ENCODER, VOCABULARY, WEIGHTS, fitting, read_config, require_parts
from grunlp.runs.weights import load_network
from grunlp.tasks.classification.collate import MeasuredCollator, TextCollator
from grunlp.tasks.classification.model import Classifier, MeasuredEncoder, TextEncoder
from grunlp.tasks.srl.checkpoint import stored_encoder, stored_pieces
from grunlp.utils.atomic_io import write_file
from grunlp.utils.safe_load import read_json


class ClassRun(NamedTuple):
    """A trained classifier with what belongs to it."""

    path: Path
    config: DictConfig
    collate: TextCollator | MeasuredCollator
    model: Classifier


def build_classifier(
    config: DictConfig, collate: TextCollator | MeasuredCollator, encoder: PretrainedEncoder | None
) -> Classifier:
    """The network a configuration describes, with the sizes its collator gives. Of measurements, the mean and the
    deviation that features are brought to are still 0 and 1."""
    c = config.model
    parts: TextEncoder | MeasuredEncoder
    if isinstance(collate, TextCollator):
        sentences = SentenceEncoder(
            collate.vocabulary.word_counts,
            len(collate.vocabulary.characters),
            encoder,
            word_size=c.word_size,
            character_size=c.character_size,
            characters=c.characters,
            shapes=c.shapes,
            hidden_size=c.hidden_size,
            num_layers=c.num_layers,
            residual=c.residual,
            cell=c.cell,
            input_dropout=c.input_dropout,
            dropout=c.dropout,
            word_dropout=c.word_dropout,
        )
        parts = TextEncoder(sentences, beside=c.pooling != "last")
    else:
        parts = MeasuredEncoder(
            torch.zeros(collate.features),
            torch.ones(collate.features),
            hidden_size=c.hidden_size,
            num_layers=c.num_layers,
            taper=c.taper,
            bidirectional=c.bidirectional,
            cell=c.cell,
            input_dropout=c.input_dropout,
            dropout=c.dropout,
        )
    classes = list(collate.ids)
    return Classifier(classes, parts, pooling=c.pooling, dropout=c.dropout, label_smoothing=c.label_smoothing)


def save_class_settings(
    path: Path, config: DictConfig, collate: TextCollator | MeasuredCollator, encoder: PretrainedEncoder | None
) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    save_config(path / CONFIG, config)
    features = collate.features if isinstance(collate, MeasuredCollator) else None
    content = json.dumps({"classes": list(collate.ids), "features": features}, ensure_ascii=False, indent=1)
    write_file(path / CLASSES, content)
    if isinstance(collate, TextCollator):
        collate.vocabulary.save(path / VOCABULARY)
        if encoder is not None and collate.pieces is not None:
            encoder.save_config(path / ENCODER)
            collate.pieces.save(path / ENCODER)


def load_class_run(path: str | Path) -> ClassRun:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path)
    collate = load_collator(path, config)
    with fitting(path):
        model = load_network(path / WEIGHTS, lambda: build_classifier(config, collate, stored_encoder(path, config)))
        if isinstance(collate, TextCollator) and isinstance(model.encoder, TextEncoder):
            pieces = stored_pieces(path, model.encoder.sentences.pretrained)
            collate = TextCollator(collate.vocabulary, pieces, model.classes, config.loader.longest)
    return ClassRun(path, config, collate, model)


def load_collator(path: Path, config: DictConfig) -> TextCollator | MeasuredCollator:
    """What makes batches for the classifier in a run folder of that configuration, without sub-words."""
    require_parts(path, [CLASSES])
    content = read_json(path / CLASSES)
    with fitting(path):
        assert isinstance(content, dict) and set(content) == {"classes", "features"}, f"{CLASSES} has other keys"
        classes, features = content["classes"], content["features"]
        assert isinstance(classes, list) and all(isinstance(name, str) for name in classes), f"{CLASSES} has no words"
        assert 1 < len(set(classes)) == len(classes), f"{CLASSES} names a class twice, or one alone"
        assert features is None or (type(features) is int and 0 < features < 2**20), f"{CLASSES} has no features"
    if features is not None:
        return MeasuredCollator(classes, features)
    require_parts(path, [VOCABULARY])
    return TextCollator(Vocabulary.load(path / VOCABULARY), None, classes, config.loader.longest)
