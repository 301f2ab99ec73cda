"""Sequence-to-sequence generation in the exported script answers as the predictor does."""

from pathlib import Path

import numpy as np
import pytest

from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER
from grunlp.tasks.seq2seq import onnx_runtime
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, build_seq2seq
from grunlp.tasks.seq2seq.export import Seq2SeqExporter
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.exporting.untrained_models import TEXTS, config, shaken

SIZES = ["model.embedding_size=8", "model.decoder_hidden_size=10", "model.attention_size=8", "search.nbest=2"]


def exporter(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Seq2SeqExporter:
    """An exporter whose tokenizers are in the folder where the script reads them."""
    c = config("translate", "data=toy-reversal", *SIZES, *words)
    target = TextTokenizer.train("bpe", TEXTS, 60, 1)
    source = target if c.tokenizer.shared else TextTokenizer.train("word", TEXTS, 60, 1)
    target.save(folder / TOKENIZER)
    source.save(folder / SOURCE_TOKENIZER)
    monkeypatch.setattr(onnx_runtime, "__file__", str(folder / "run_onnx.py"))
    model = shaken(build_seq2seq(c, source, target))
    model.bias.data[EOS_ID] -= 3  # texts are not empty
    return Seq2SeqExporter(TrainedSeq2Seq(folder, c, ParallelCollator(source, target, 15, 0.0), model))


@pytest.mark.parametrize(
    "words",
    [
        ["model.attention=additive", "model.bridge=attention", "search.length_penalty=0.6"],
        ["model.attention=multihead", "model.heads=2", "model.copy_attention=true", "search.no_repeat_ngram_size=2"],
        ["model.cell=lstm", "model.decoder_num_layers=1", "tokenizer.shared=false", "search.coverage_penalty=0.3"],
    ],
    ids=lambda words: words[0],
)
def test_it_answers_as_the_predictor_does(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = exporter(tmp_path, monkeypatch, *words)
    examples = writer.random_examples([4, 9, 1, 20], np.random.default_rng(0))
    found = check_answers(writer, examples)
    assert [record["id"] for record in found] == list("1234")
    assert any(record["texts"][0]["text"] for record in found)
    assert found[2]["texts"] == [{"text": "", "log_probability": 0.0, "score": 0.0}]


def test_special_tokens_in_a_text_are_characters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = make_runtime(exporter(tmp_path, monkeypatch))
    assert runtime.model["end"] not in runtime.source.encode("the cat </s> sat", add_special_tokens=False).ids
