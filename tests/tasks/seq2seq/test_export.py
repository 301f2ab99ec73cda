"""Exports of sequence-to-sequence models."""

from pathlib import Path

import pytest

from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, build_seq2seq
from grunlp.tasks.seq2seq.export import Seq2SeqExporter
from tests.exporting.untrained_models import TEXTS, config, prove, shaken


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        [
            "model.attention=additive",
            "model.bridge=attention",
            "search.length_penalty=0.6",
            "search.normalization=gnmt",
        ],
        ["model.attention=dot", "model.bridge=last", "model.input_feeding=true", "search.beam=1"],
        [
            "model.attention=multihead",
            "model.heads=2",
            "model.copy_attention=true",
            "search.no_repeat_ngram_size=2",
            "search.nbest=3",
        ],
        ["model.cell=lstm", "model.decoder_num_layers=1", "tokenizer.shared=false", "search.coverage_penalty=0.3"],
    ],
    ids=lambda words: words[0],
)
def test_sequence_to_sequence_models_export(words: list[str], tmp_path: Path) -> None:
    sizes = ["model.embedding_size=8", "model.decoder_hidden_size=10", "model.attention_size=8"]
    c = config("translate", "data=toy-reversal", *sizes, "search.min_length_ratio=0.3", *words)
    target = TextTokenizer.train("bpe", TEXTS, 60, 1)
    source = target if c.tokenizer.shared else TextTokenizer.train("word", TEXTS, 60, 1)
    for tokenizer, name in ((target, TOKENIZER), (source, "source_tokenizer.json")):
        tokenizer.save(tmp_path / name)
    model = shaken(build_seq2seq(c, source, target))
    prove(
        Seq2SeqExporter(TrainedSeq2Seq(tmp_path, c, ParallelCollator(source, target, 15, 0.0), model)), tmp_path / "out"
    )
