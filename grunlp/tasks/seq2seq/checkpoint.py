"""Loading and building of sequence-to-sequence models."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig

from grunlp.configuration.saved_config import save_config
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import LengthLimits
from grunlp.runs.file_list import run_file
from grunlp.runs.layout import (
    CONFIG,
    PREDICTIONS,
    SOURCE_TOKENIZER,
    TOKENIZER,
    WEIGHTS,
    require_files,
    translate_load_errors,
)
from grunlp.runs.weights import load_module
from grunlp.tasks.config import read_config
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.tasks.seq2seq.options import Seq2SeqOptions
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError


class TrainedSeq2Seq(NamedTuple):
    """A trained sequence-to-sequence model, or an ensemble of several.

    Attributes:
        path: the run folder.
        config: the configuration of the training.
        collate: the collator that makes its batches.
        model: the network in evaluation mode.
        others: networks of other runs in the ensemble.
    """

    path: Path
    config: DictConfig
    collate: ParallelCollator
    model: Seq2Seq
    others: tuple[Seq2Seq, ...] = ()

    @property
    def generator(self) -> Seq2Seq | Ensemble:
        """The network, or the ensemble of all networks."""
        return Ensemble([self.model, *self.others]) if self.others else self.model


def build_seq2seq(config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> Seq2Seq:
    """Build the untrained network of a configuration, with the vocabulary sizes of its tokenizers."""
    options = Seq2SeqOptions(**config.model)
    return Seq2Seq(options, len(source), len(target), shared_vocabulary=source is target)


def save_seq2seq_config(path: Path, config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> None:
    """Save all files except the weights before the training; with them the folder is a run, finished or not."""
    save_config(run_file(path, CONFIG), config)
    target.save(run_file(path, TOKENIZER))
    if source is not target:
        source.save(run_file(path, SOURCE_TOKENIZER))


def write_predictions(path: Path, split: str, predictions: Sequence[str]) -> None:
    """Write the generated texts of a split to a run folder, one on each line."""
    lines = (" ".join(text.split()) + "\n" for text in predictions)
    write_file_atomically(run_file(path, PREDICTIONS.format(split)), "".join(lines))


def build_stored_model(run: Path, config: DictConfig) -> Seq2Seq:
    """Build the untrained network of a configuration, with the vocabulary of a run."""
    source, target = _load_tokenizers(run, config)
    return build_seq2seq(config, source, target)


def _load_tokenizers(run: Path, config: DictConfig) -> tuple[TextTokenizer, TextTokenizer]:
    """Load the tokenizers of source and target; they are the same object if they share a vocabulary."""
    target = TextTokenizer.load(run / TOKENIZER)
    if config.tokenizer.shared:
        return target, target
    require_files(run, [SOURCE_TOKENIZER])
    return TextTokenizer.load(run / SOURCE_TOKENIZER), target


def load_trained_seq2seq(path: str | Path) -> TrainedSeq2Seq:
    """Load a run folder; the network is in evaluation mode, on the CPU.

    Raises:
        UserError: the folder is not a finished run, or its files do not belong together.
    """
    path = Path(path)
    config = read_config(path, [TOKENIZER])
    source, target = _load_tokenizers(path, config)
    with translate_load_errors(path):
        model = load_module(path / WEIGHTS, lambda: build_seq2seq(config, source, target))
    longest = config.loader.max_source_length if config.loader.truncate_source else 0
    return TrainedSeq2Seq(path, config, ParallelCollator(source, target, longest, 0.0), model)


def load_ensemble(run: str) -> TrainedSeq2Seq:
    """Load a run folder, or several separated by commas as an ensemble, which uses the search options of the first.

    Raises:
        UserError: a folder is not a finished run, or the vocabularies differ.
    """
    first, *others = [load_trained_seq2seq(path) for path in run.split(",")]
    for other in others:
        for name in (TOKENIZER, SOURCE_TOKENIZER):
            contents = {file.read_bytes() if file.is_file() else b"" for file in (other.path / name, first.path / name)}
            if len(contents) > 1:
                raise UserError(
                    f"{other.path} and {first.path}: {name} differs",
                    "networks that generate together need the same vocabulary",
                    "Train them on the same data.",
                )
    return first._replace(others=tuple(other.model for other in others))


def search_config(config: DictConfig) -> dict[str, Any]:
    """Return the group `search` of a configuration, with each number converted to its type: 1 may mean 1.0."""
    kinds = {field.name: field.type for field in (*fields(LengthLimits), *fields(BeamSearch))}
    return {str(key): float(value) if kinds[str(key)] is float else value for key, value in config.search.items()}


def make_beam_search(search: Mapping[str, Any]) -> tuple[LengthLimits, BeamSearch]:
    """Make the length limits and the beam search from the group `search` of a configuration."""
    limits = {field.name: search[field.name] for field in fields(LengthLimits)}
    return LengthLimits(**limits), BeamSearch(**{key: value for key, value in search.items() if key not in limits})
