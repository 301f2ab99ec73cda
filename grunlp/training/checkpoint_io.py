"""Files of a run folder that several tasks share: the vocabulary and pretrained encoder of the sentence encoder."""

import tempfile
from pathlib import Path

from omegaconf import DictConfig
from torch import Tensor

from grunlp.configuration.saved_config import save_config
from grunlp.data.collate import SentenceCollator
from grunlp.data.input_manifest import record_input
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.wordpiece_alignment import WordpieceAligner
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import CONFIG, ENCODER_DIR, VOCABULARY, WEIGHTS
from grunlp.runs.weights import load_tensors
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import forbid_external_symlinks

BUNDLED_MODEL = Path(__file__).parents[1] / "pretrained/default"


def bundled_or(path: str | Path) -> Path:
    """Return the path of a run folder; "default" is the bundled model.

    Raises:
        UserError: this installation has no bundled model.
    """
    if str(path) != "default":
        return Path(path)
    if not (BUNDLED_MODEL / WEIGHTS).is_file():
        raise UserError(
            "run=default",
            "this installation has no bundled model",
            "Type run=DIR, or build one: python scripts/build_default_model.py",
        )
    return BUNDLED_MODEL


def load_pretrained_encoder(source: str | None) -> tuple[PretrainedEncoder | None, WordpieceAligner | None]:
    """Load the pretrained encoder in `model.encoder` and its tokenizer; both are None if `source` is None.

    Args:
        source: a folder, or a name on the hub.
    """
    if source is None:
        return None, None
    record_input(source)
    encoder = PretrainedEncoder.from_pretrained(source)
    return encoder, WordpieceAligner.from_pretrained(source, encoder.max_subwords)


def encoder_from_config(path: Path, config: DictConfig) -> PretrainedEncoder | None:
    """Build the pretrained encoder of a run folder without its weights; None if its model has none."""
    return PretrainedEncoder.from_config(path / ENCODER_DIR) if config.model.encoder else None


def load_encoder_tokenizer(path: Path, encoder: PretrainedEncoder | None) -> WordpieceAligner | None:
    """Load the tokenizer of the pretrained encoder of a run folder; None without an encoder."""
    return WordpieceAligner.from_run(path / ENCODER_DIR, encoder.max_subwords) if encoder is not None else None


def save_config_and_vocab(
    path: Path, config: DictConfig, collate: SentenceCollator, encoder: PretrainedEncoder | None
) -> None:
    """Save all files except the weights before the training; with them the folder is a run, finished or not."""
    save_config(run_file(path, CONFIG), config)
    collate.vocabulary.save(run_file(path, VOCABULARY))
    if encoder is not None and collate.subword_aligner is not None:
        save_encoder_files(path, encoder, collate.subword_aligner)


def save_encoder_files(path: Path, encoder: PretrainedEncoder, aligner: WordpieceAligner) -> None:
    """Save the configuration and the tokenizer of a pretrained encoder into `encoder/` of a run folder."""
    with tempfile.TemporaryDirectory() as directory:
        encoder.save_config(Path(directory))
        aligner.save(Path(directory))
        for file in sorted(Path(directory).iterdir()):
            write_file_atomically(run_file(path, f"{ENCODER_DIR}/{file.name}"), file.read_bytes())


def load_init_weights(path: str) -> tuple[Vocabulary, dict[str, Tensor]]:
    """Load the vocabulary and the weights of a run, or of the bundled model, to start another training from them.

    Raises:
        UserError: the folder is not a finished run.
    """
    folder = BUNDLED_MODEL if path == "default" else Path(path)
    if not all((folder / name).is_file() for name in (VOCABULARY, WEIGHTS)):
        raise UserError(
            f"model.init_from={path}: not a run", "expected the folder of a finished run", "Type model.init_from=FOLDER"
        )
    forbid_external_symlinks(folder)
    record_input(folder / VOCABULARY, folder / WEIGHTS)
    weights = {name: weight.float() for name, weight in load_tensors(folder / WEIGHTS).items()}
    return Vocabulary.load(folder / VOCABULARY), weights
