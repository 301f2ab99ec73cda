"""Exports of language models."""

from pathlib import Path

import pytest

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel, build_language_model
from grunlp.tasks.language_modeling.export import LanguageModelExporter
from tests.exporting.untrained_models import TEXTS, config, prove, shaken


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["character", "word"])
def test_language_models_export(kind: str, tmp_path: Path) -> None:
    adaptive = kind == "character"
    c = config(
        "lm", "data=toy-srl", "model.embedding_size=16", f"tokenizer.kind={kind}",
        f"model.adaptive_softmax={adaptive}".lower(), "model.tie_embeddings=false", "model.residual=highway",
    )  # fmt: skip
    texts = ["".join(map(chr, range(33, 100))), *TEXTS]
    tokenizer = TextTokenizer.train(kind, texts, 100, 1)  # type: ignore[arg-type]
    tokenizer.save(tmp_path / TOKENIZER)
    run = TrainedLanguageModel(tmp_path, c, tokenizer, shaken(build_language_model(c, tokenizer)))
    prove(LanguageModelExporter(run), tmp_path / "out")
