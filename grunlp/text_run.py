"""Trained networks that write texts, and how they are built."""

from pathlib import Path
from typing import NamedTuple

from omegaconf import DictConfig, OmegaConf
from safetensors.torch import load_file

from grunlp.data.text_batches import PairCollator
from grunlp.data.tokenizer import TextTokenizer
from grunlp.decoding.search import BeamSearch, Limits
from grunlp.models.seq2seq import Seq2Seq
from grunlp.run_folder import CONFIG, SOURCE_TOKENIZER, TOKENIZER, WEIGHTS, fitting, read_config, require_parts


class TextRun(NamedTuple):
    """A trained network that reads a text and writes another, with what belongs to it."""

    path: Path
    config: DictConfig
    collate: PairCollator
    model: Seq2Seq


def build_seq2seq(config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> Seq2Seq:
    """The network a configuration describes, with the sizes its tokenizers give."""
    return Seq2Seq(len(source), len(target), shared=source is target, **config.model)


def save_text_settings(path: Path, config: DictConfig, source: TextTokenizer, target: TextTokenizer) -> None:
    """Write all but the weights, before the training: they make the folder a run, finished or not."""
    (path / CONFIG).write_text(OmegaConf.to_yaml(config), encoding="utf-8")
    target.save(path / TOKENIZER)
    if source is not target:
        source.save(path / SOURCE_TOKENIZER)


def load_text_run(path: str | Path) -> TextRun:
    """Read a run folder; the model comes in evaluation mode, on the CPU.

    Raises:
        GrunlpError: no run lies there, or its parts do not fit each other.
    """
    path = Path(path)
    config = read_config(path)
    shared = config.tokenizer.shared
    if not shared:
        require_parts(path, [SOURCE_TOKENIZER])
    target = TextTokenizer.load(path / TOKENIZER)
    source = target if shared else TextTokenizer.load(path / SOURCE_TOKENIZER)
    with fitting(path):
        model = build_seq2seq(config, source, target)
        model.load_state_dict(load_file(path / WEIGHTS))
    longest = config.loader.longest_source if config.loader.cut else 0
    return TextRun(path, config, PairCollator(source, target, longest, 0.0), model.eval())


def search_of(config: DictConfig) -> tuple[Limits, BeamSearch]:
    """The group `search` of a configuration."""
    c = config.search
    return (
        Limits(c.min_ratio, c.max_ratio, c.max_extra, c.max_length),
        BeamSearch(c.beam, c.nbest, c.alpha, c.normalization, c.coverage_penalty, c.block_ngrams),
    )
