"""Trained classifiers, and how they are built."""

import json
from pathlib import Path
from typing import NamedTuple

import torch
from omegaconf import DictConfig, OmegaConf
from safetensors.torch import load_file

from grunlp.atomic import write_file
from grunlp.data.class_batches import MeasuredCollator, TextCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.models.classifier import Classifier, MeasuredEncoder, TextEncoder
from grunlp.models.sentence_encoder import SentenceEncoder
from grunlp.modules.pretrained import PretrainedEncoder
from grunlp.run import open_encoder
from grunlp.run_folder import CLASSES, CONFIG, ENCODER, VOCABULARY, WEIGHTS, fitting, read_config, require_parts


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
    write_file(path / CONFIG, OmegaConf.to_yaml(config))
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
    collate, encoder = load_collator(path, config)
    with fitting(path):
        model = build_classifier(config, collate, encoder)
        model.load_state_dict(load_file(path / WEIGHTS))
    return ClassRun(path, config, collate, model.eval())


def load_collator(path: Path, config: DictConfig) -> tuple[TextCollator | MeasuredCollator, PretrainedEncoder | None]:
    """What makes batches for the classifier in a run folder, and its pretrained encoder, if it has one. config: its."""
    require_parts(path, [CLASSES])
    encoder = None
    with fitting(path):
        content = json.loads((path / CLASSES).read_text(encoding="utf-8"))
        classes, features = content["classes"], content["features"]
        assert all(isinstance(name, str) for name in classes) and len(set(classes)) > 1, f"{CLASSES} names no classes"
        assert features is None or (isinstance(features, int) and 0 < features < 2**20), f"{CLASSES} has no features"
    collate: TextCollator | MeasuredCollator
    if features is None:
        require_parts(path, [VOCABULARY])
        vocabulary = Vocabulary.load(path / VOCABULARY)
        with fitting(path):
            encoder, pieces = open_encoder(str(path / ENCODER) if config.model.encoder else None, weights=False)
            collate = TextCollator(vocabulary, pieces, classes, config.loader.longest)
    else:
        collate = MeasuredCollator(classes, features)
    return collate, encoder
