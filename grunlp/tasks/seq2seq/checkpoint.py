"""Trained networks that write texts, and how they are built."""

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
from grunlp.runs.layout import (
    CONFIG,
    PREDICTIONS,
    SOURCE_TOKENIZER,
    TOKENIZER,
    WEIGHTS,
    read_config,
    require_files,
    translate_load_errors,
)
from grunlp.runs.weights import load_module
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.utils.atomic_io import write_file_atomically


class TrainedSeq2Seq(NamedTuple):
    """A trained network that reads a text and writes another, with what belongs to it."""

    path: Path
    config: DictConfig
    collate: ParallelCollator
    model: Seq2Seq


def build_seq2seq(config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> Seq2Seq:
    """The network a configuration describes, with the sizes its tokenizers give."""
    return Seq2Seq(len(source), len(target), shared_vocabulary=source is target, **config.model)


def save_seq2seq_config(path: Path, config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    save_config(path / CONFIG, config)
    target.save(path / TOKENIZER)
    if source is not target:
        source.save(path / SOURCE_TOKENIZER)


def write_predictions(path: Path, split: str, predictions: Sequence[str]) -> None:
    """Put the texts of a split beside its scores, a line each."""
    lines = (" ".join(text.split()) + "\n" for text in predictions)
    write_file_atomically(path / PREDICTIONS.format(split), "".join(lines))


def load_trained_seq2seq(path: str | Path) -> TrainedSeq2Seq:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path, [TOKENIZER])
    shared = config.tokenizer.shared
    if not shared:
        require_files(path, [SOURCE_TOKENIZER])
    target = TextTokenizer.load(path / TOKENIZER)
    source = target if shared else TextTokenizer.load(path / SOURCE_TOKENIZER)
    with translate_load_errors(path):
        model = load_module(path / WEIGHTS, lambda: build_seq2seq(config, source, target))
    longest = config.loader.longest_source if config.loader.cut else 0
    return TrainedSeq2Seq(path, config, ParallelCollator(source, target, longest, 0.0), model)


def search_config(config: DictConfig) -> dict[str, Any]:
    """The group `search` of a configuration, a number of its kind for each: alpha=1 was typed, and 1.0 is meant."""
    kinds = {field.name: field.type for field in (*fields(LengthLimits), *fields(BeamSearch))}
    return {str(key): float(value) if kinds[str(key)] is float else value for key, value in config.search.items()}


def make_beam_search(search: Mapping[str, Any]) -> tuple[LengthLimits, BeamSearch]:
    """What such values say."""
    limits = {field.name: search[field.name] for field in fields(LengthLimits)}
    return LengthLimits(**limits), BeamSearch(**{key: value for key, value in search.items() if key not in limits})
