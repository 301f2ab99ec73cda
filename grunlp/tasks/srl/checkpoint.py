"""Trained labellers and taggers, and how their networks are built."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig
from torch import Tensor

from grunlp.configuration.saved_config import save_config
from grunlp.data.collate import Collator, FrameCollator, TagCollator
from grunlp.data.input_manifest import note
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.wordpiece_alignment import Pieces
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import CONFIG, ENCODER, VOCABULARY, WEIGHTS, fitting, read_config, require_parts
from grunlp.runs.weights import load_network, load_tensors
from grunlp.tasks.spec import module_of
from grunlp.tasks.srl.model import SRLModel
from grunlp.tasks.tagging.model import Tagger
from grunlp.utils.errors import GrunlpError
from grunlp.utils.safe_load import require_own_files

DEFAULT = Path(__file__).parents[2] / "pretrained"  # the model in the box


class Run(NamedTuple):
    """A trained labeller with what belongs to it."""

    path: Path
    config: DictConfig
    collate: FrameCollator
    model: SRLModel


class TagRun(NamedTuple):
    """A trained tagger with what belongs to it."""

    path: Path
    config: DictConfig
    collate: TagCollator
    model: Tagger


def open_encoder(source: str | None) -> tuple[PretrainedEncoder | None, Pieces | None]:
    """The pretrained encoder that `model.encoder` names, and its tokenizer; None twice for None.

    Args:
        source: a folder, or a name on the hub.
    """
    if source is None:
        return None, None
    note(source)
    encoder = PretrainedEncoder.open(source)
    return encoder, Pieces.open(source, encoder.longest)


def stored_encoder(path: Path, config: DictConfig) -> PretrainedEncoder | None:
    """The untrained encoder that the configuration of a run describes, by its folder; None: it has none."""
    return PretrainedEncoder.stored(path / ENCODER) if config.model.encoder else None


def stored_pieces(path: Path, encoder: PretrainedEncoder | None) -> Pieces | None:
    """The tokenizer of the encoder of a run."""
    return Pieces.stored(path / ENCODER, encoder.longest) if encoder is not None else None


def build_model(config: DictConfig, vocabulary: Vocabulary, encoder: PretrainedEncoder | None) -> SRLModel | Tagger:
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
        vocabulary.rolesets.families,
        num_pos=len(vocabulary.pos) - 1 and len(vocabulary.pos),
        extra=bool(config.data.extra),
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


def load_pretrained(path: str) -> tuple[Vocabulary, dict[str, Tensor]]:
    """Vocabulary and weights of a run, or of the model in the box ("default"). Raises GrunlpError where none lies."""
    folder = DEFAULT if path == "default" else Path(path)
    if not all((folder / name).is_file() for name in (VOCABULARY, WEIGHTS)):
        there = "a finished run is needed"
        raise GrunlpError(f"model.init={path}: no run", there, "Type model.init=FOLDER")
    require_own_files(folder)
    note(folder / VOCABULARY, folder / WEIGHTS)
    weights = {name: weight.float() for name, weight in load_tensors(folder / WEIGHTS).items()}
    return Vocabulary.load(folder / VOCABULARY), weights


def save_settings(path: Path, config: DictConfig, collate: Collator, encoder: PretrainedEncoder | None) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    save_config(path / CONFIG, config)
    collate.vocabulary.save(path / VOCABULARY)
    if encoder is not None and collate.pieces is not None:
        encoder.save_config(path / ENCODER)
        collate.pieces.save(path / ENCODER)


def load_run(path: str | Path) -> Run | TagRun:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Args:
        path: the folder, or "default" for the model that comes with grunlp.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = DEFAULT if str(path) == "default" else Path(path)
    if path == DEFAULT and not (path / WEIGHTS).is_file():
        there = "this installation has no model in the box"
        raise GrunlpError("run=default", there, "Type run=DIR, or build one: python scripts/build_default_model.py")
    config = read_config(path)
    if config.recipe == "pretrain":
        there = "it labels nothing; a labeller starts from it"
        raise GrunlpError(f"{path} is a pretraining", there, f"Type recipe=srl model.init={path}")
    if module_of(path):
        there = "a labeller or tagger is needed here"
        raise GrunlpError(f"{path} is a run of recipe={config.recipe}", there, "grunlp.predict and evaluate take it.")
    require_parts(path, [VOCABULARY])
    vocabulary = Vocabulary.load(path / VOCABULARY)
    with fitting(path):
        model = load_network(path / WEIGHTS, lambda: build_model(config, vocabulary, stored_encoder(path, config)))
        pieces = stored_pieces(path, model.encoder.pretrained)
    if isinstance(model, Tagger):
        return TagRun(path, config, TagCollator(vocabulary, pieces), model.eval())
    return Run(path, config, FrameCollator(vocabulary, pieces), model.eval())


def load_labeller(path: str | Path, command: str) -> Run:
    """As `load_run`, for what only role labellers can do.

    Args:
        path: the folder.
        command: that needs it, for the message.

    Raises:
        GrunlpError: as `load_run`; or it is a tagger.
    """
    run = load_run(path)
    if isinstance(run, TagRun):
        raise GrunlpError(f"{command}: {path} is a tagger", "a role labeller is needed", "Name another run.")
    return run
