"""Trained labellers and taggers, and how their networks are built."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig
from torch import Tensor

from grunlp.configuration.saved_config import save_config
from grunlp.data.collate import SentenceCollator, SRLCollator, TagCollator
from grunlp.data.input_manifest import record_input
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.wordpiece_alignment import WordpieceAligner
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import (
    CONFIG,
    ENCODER_DIR,
    VOCABULARY,
    WEIGHTS,
    read_config,
    require_files,
    translate_load_errors,
)
from grunlp.runs.weights import load_module, load_tensors
from grunlp.tasks.spec import task_of
from grunlp.tasks.srl.model import SRLModel
from grunlp.tasks.tagging.model import Tagger
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import forbid_external_symlinks

BUNDLED_MODEL = Path(__file__).parents[2] / "pretrained/default"  # the model in the box


class TrainedSRL(NamedTuple):
    """A trained labeller with what belongs to it."""

    path: Path
    config: DictConfig
    collate: SRLCollator
    model: SRLModel


class TrainedTagger(NamedTuple):
    """A trained tagger with what belongs to it."""

    path: Path
    config: DictConfig
    collate: TagCollator
    model: Tagger


def load_pretrained_encoder(source: str | None) -> tuple[PretrainedEncoder | None, WordpieceAligner | None]:
    """The pretrained encoder that `model.encoder` names, and its tokenizer; None twice for None.

    Args:
        source: a folder, or a name on the hub.
    """
    if source is None:
        return None, None
    record_input(source)
    encoder = PretrainedEncoder.from_pretrained(source)
    return encoder, WordpieceAligner.from_pretrained(source, encoder.max_subwords)


def encoder_from_config(path: Path, config: DictConfig) -> PretrainedEncoder | None:
    """The untrained encoder that the configuration of a run describes, by its folder; None: it has none."""
    return PretrainedEncoder.from_config(path / ENCODER_DIR) if config.model.encoder else None


def load_encoder_tokenizer(path: Path, encoder: PretrainedEncoder | None) -> WordpieceAligner | None:
    """The tokenizer of the encoder of a run."""
    return WordpieceAligner.from_run(path / ENCODER_DIR, encoder.max_subwords) if encoder is not None else None


def build_labelling_model(
    config: DictConfig, vocabulary: Vocabulary, encoder: PretrainedEncoder | None
) -> SRLModel | Tagger:
    """The network a configuration describes, with the sizes its vocabulary gives."""
    c = config.model
    cell = c.get("cell", "gru")  # runs of before it could be chosen
    sentences = SentenceEncoder(
        vocabulary.word_counts,
        len(vocabulary.characters),
        encoder,
        word_size=c.word_size,
        character_size=c.character_size,
        characters=c.characters,
        shapes=c.get("shapes", False),
        hidden_size=c.hidden_size,
        num_layers=c.num_layers,
        residual=c.residual,
        cell=cell,
        input_dropout=c.input_dropout,
        dropout=c.dropout,
        word_dropout=c.word_dropout,
    )
    if config.recipe == "tag":
        return Tagger(vocabulary.tags.items, sentences, decoder=c.decoder, label_smoothing=c.label_smoothing)
    return SRLModel(
        vocabulary.tags.items,
        sentences,
        vocabulary.rolesets.counts,
        vocabulary.rolesets.particle_ids,
        num_pos=len(vocabulary.pos) - 1 and len(vocabulary.pos),
        corpus_embedding=bool(config.data.extra),
        predicate_hidden_size=c.predicate_hidden_size,
        predicate_num_layers=c.predicate_num_layers,
        predicate_size=c.predicate_size,
        distance=c.distance,
        residual=c.residual,
        cell=cell,
        dropout=c.dropout,
        decoder=c.decoder,
        label_smoothing=c.label_smoothing,
        predicate_weight=c.predicate_weight,
        sense_weight=c.sense_weight,
        pos_weight=c.pos_weight,
    )


def load_init_weights(path: str) -> tuple[Vocabulary, dict[str, Tensor]]:
    """Vocabulary and weights of a run, or of the model in the box ("default"). Raises UserError where none lies."""
    folder = BUNDLED_MODEL if path == "default" else Path(path)
    if not all((folder / name).is_file() for name in (VOCABULARY, WEIGHTS)):
        there = "a finished run is needed"
        raise UserError(f"model.init={path}: no run", there, "Type model.init=FOLDER")
    forbid_external_symlinks(folder)
    record_input(folder / VOCABULARY, folder / WEIGHTS)
    weights = {name: weight.float() for name, weight in load_tensors(folder / WEIGHTS).items()}
    return Vocabulary.load(folder / VOCABULARY), weights


def save_config_and_vocab(
    path: Path, config: DictConfig, collate: SentenceCollator, encoder: PretrainedEncoder | None
) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    save_config(path / CONFIG, config)
    collate.vocabulary.save(path / VOCABULARY)
    if encoder is not None and collate.subword_aligner is not None:
        encoder.save_config(path / ENCODER_DIR)
        collate.subword_aligner.save(path / ENCODER_DIR)


def load_trained_labeller(path: str | Path) -> TrainedSRL | TrainedTagger:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Args:
        path: the folder, or "default" for the model that comes with grunlp.

    Raises:
        UserError: no run lies there, or its parts do not fit each other.
    """
    path = BUNDLED_MODEL if str(path) == "default" else Path(path)
    if path == BUNDLED_MODEL and not (path / WEIGHTS).is_file():
        there = "this installation has no model in the box"
        raise UserError("run=default", there, "Type run=DIR, or build one: python scripts/build_default_model.py")
    config = read_config(path)
    if config.recipe == "pretrain":
        there = "it labels nothing; a labeller starts from it"
        raise UserError(f"{path} is a pretraining", there, f"Type recipe=srl model.init={path}")
    if task_of(path):
        there = "a labeller or tagger is needed here"
        raise UserError(f"{path} is a run of recipe={config.recipe}", there, "grunlp.predict and evaluate take it.")
    require_files(path, [VOCABULARY])
    vocabulary = Vocabulary.load(path / VOCABULARY)
    with translate_load_errors(path):
        model = load_module(
            path / WEIGHTS, lambda: build_labelling_model(config, vocabulary, encoder_from_config(path, config))
        )
        pieces = load_encoder_tokenizer(path, model.encoder.pretrained)
    if isinstance(model, Tagger):
        return TrainedTagger(path, config, TagCollator(vocabulary, pieces), model.eval())
    return TrainedSRL(path, config, SRLCollator(vocabulary, pieces), model.eval())


def load_srl(path: str | Path, command: str) -> TrainedSRL:
    """As `load_trained_labeller`, for what only role labellers can do.

    Args:
        path: the folder.
        command: that needs it, for the message.

    Raises:
        UserError: as `load_trained_labeller`; or it is a tagger.
    """
    run = load_trained_labeller(path)
    if isinstance(run, TrainedTagger):
        raise UserError(f"{command}: {path} is a tagger", "a role labeller is needed", "Name another run.")
    return run
