"""The run folder: everything a trained model needs, as data and never as code.

    weights.safetensors   the network
    config.yaml           how it was built and trained
    vocabulary.json       strings and their ids
    encoder/              tokenizer and configuration of a pretrained encoder, where there is one
    metrics.json          scores of the splits, and what the training took
    card.md               the same for people
    logs/                 TensorBoard and CSV

A folder is complete in itself: it can be moved, copied and renamed.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from yaml import YAMLError

from grunlp.data.batches import Collator, FrameCollator, TagCollator
from grunlp.data.pieces import Pieces
from grunlp.data.vocabulary import Vocabulary
from grunlp.errors import GrunlpError
from grunlp.models.sentence_encoder import SentenceEncoder
from grunlp.models.srl import SRLModel
from grunlp.models.tagger import Tagger
from grunlp.modules.pretrained import PretrainedEncoder

WEIGHTS, CONFIG, VOCABULARY, METRICS, CARD, ENCODER = (
    "weights.safetensors",
    "config.yaml",
    "vocabulary.json",
    "metrics.json",
    "card.md",
    "encoder",
)


DEFAULT = Path(__file__).parent / "default"  # the model in the box


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


def new_run(recipe: str, run_dir: str | None, overwrite: bool) -> Path:
    """Make the folder of a new run.

    Args:
        recipe: its name, for the default folder.
        run_dir: where; None is `runs/<recipe>/<date-time>`, which is always new.
        overwrite: whether a run that lies there may be lost. It stays until `clear_run`, so that a training which
            cannot start costs nothing.

    Raises:
        GrunlpError: the folder holds something else, or a run that may not be lost.
    """
    if run_dir is None:
        stem = Path("runs") / recipe / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        path, count = stem, 1
        while path.exists():
            count += 1
            path = stem.with_name(f"{stem.name}-{count}")
    else:
        path = Path(run_dir)
        if path.exists() and not path.is_dir():
            raise GrunlpError(f"run_dir={path} is a file", "a folder is needed", "Type run_dir=NEW_FOLDER")
        if path.is_dir() and any(path.iterdir()):
            _require_overwritable(path, overwrite)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GrunlpError(
            f"cannot make run_dir={path}: {error.strerror}", "", "Type run_dir=FOLDER you may write to"
        ) from None
    return path


def _require_overwritable(path: Path, overwrite: bool) -> None:
    is_run = (path / CONFIG).is_file()
    if not overwrite or not is_run:
        holds = "a run" if is_run else "files that are no run"
        way = f"Type run_dir=ANOTHER{', or overwrite=true to lose the run that lies there' if is_run else ''}"
        raise GrunlpError(f"run_dir={path} is not empty", f"it holds {holds}", way)


def clear_run(path: Path) -> None:
    """Remove the files of a run, if one lies there, and no others."""
    for name in (WEIGHTS, CONFIG, VOCABULARY, METRICS, CARD):
        (path / name).unlink(missing_ok=True)
    for name in ("logs", "checkpoint", ENCODER):
        shutil.rmtree(path / name, ignore_errors=True)


def open_encoder(source: str | None, weights: bool) -> tuple[PretrainedEncoder | None, Pieces | None]:
    """The pretrained encoder that `model.encoder` names, and its tokenizer; None twice for None.

    Args:
        source: a folder, or a name on the hub.
        weights: whether to read its weights too; otherwise others are to be loaded.
    """
    if source is None:
        return None, None
    encoder = PretrainedEncoder.open(source, weights)
    return encoder, Pieces(source, encoder.longest)


def build_model(config: DictConfig, vocabulary: Vocabulary, encoder: PretrainedEncoder | None) -> SRLModel | Tagger:
    """The network a configuration describes, with the sizes its vocabulary gives."""
    c = config.model
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
        num_pos=len(vocabulary.pos) - 1 and len(vocabulary.pos),
        extra=bool(config.data.extra),
        predicate_hidden_size=c.predicate_hidden_size,
        predicate_num_layers=c.predicate_num_layers,
        predicate_size=c.predicate_size,
        distance=c.distance,
        residual=c.residual,
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
    try:
        weights = {name: weight.float() for name, weight in load_file(folder / WEIGHTS).items()}
        return Vocabulary.load(folder / VOCABULARY), weights
    except SafetensorError as error:
        raise GrunlpError(f"{folder / WEIGHTS}: {error}", "", "Copy the whole folder again, or train anew.") from None


def save_settings(path: Path, config: DictConfig, collate: Collator, encoder: PretrainedEncoder | None) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    (path / CONFIG).write_text(OmegaConf.to_yaml(config), encoding="utf-8")
    collate.vocabulary.save(path / VOCABULARY)
    if encoder is not None and collate.pieces is not None:
        encoder.save_config(path / ENCODER)
        collate.pieces.save(path / ENCODER)


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights, after the training: a run that has them is finished."""
    # not save_file: it keeps others from reading what it writes, and a run folder is there to be shared
    (path / WEIGHTS).write_bytes(save({name: tensor.contiguous() for name, tensor in model.state_dict().items()}))


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
    missing = [name for name in (CONFIG, VOCABULARY, WEIGHTS) if not (path / name).is_file()]
    if missing:
        finished = sorted(str(found.parent) for found in Path("runs").glob(f"*/*/{WEIGHTS}"))
        there = (
            f"finished runs here: {', '.join(finished[-5:])}" if finished else "there are no finished runs below runs/"
        )
        raise GrunlpError(
            f"{path} is no finished run: {', '.join(missing)} missing", there, "Type run=FOLDER of a finished training."
        )
    vocabulary = Vocabulary.load(path / VOCABULARY)
    try:
        config = OmegaConf.load(path / CONFIG)
        assert isinstance(config, DictConfig)
        if config.recipe == "pretrain":
            there = "it labels nothing; a labeller starts from it"
            raise GrunlpError(f"{path} is a pretraining", there, f"Type recipe=srl model.init={path}")
        encoder, pieces = open_encoder(str(path / ENCODER) if config.model.encoder else None, weights=False)
        model = build_model(config, vocabulary, encoder)
        model.load_state_dict(load_file(path / WEIGHTS))
    except (
        YAMLError,
        OmegaConfBaseException,
        SafetensorError,
        AssertionError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise GrunlpError(
            f"{path}: the parts of this run do not fit: {(str(error) or type(error).__name__).splitlines()[0]}",
            f"{CONFIG}, {VOCABULARY} and {WEIGHTS} must come from the same training and version of grunlp",
            "Copy the whole folder again, or train anew.",
        ) from None
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


def read_metrics(path: Path) -> dict[str, Any]:
    """The contents of `metrics.json`, empty when there is none yet."""
    file = path / METRICS
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return content


def write_metrics(path: Path, name: str, values: dict[str, Any]) -> None:
    """Put the scores of a split, or what the training took, into `metrics.json`; other entries stay."""
    content = read_metrics(path) | {name: values}
    (path / METRICS).write_text(json.dumps(content, indent=2), encoding="utf-8")
