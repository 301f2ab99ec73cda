"""Text generation in the exported script answers as the predictor does."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.language_modeling import onnx_runtime
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel, build_language_model
from grunlp.tasks.language_modeling.export import LanguageModelExporter
from tests.exporting.graph_runner import check_answers, make_runtime
from tests.exporting.untrained_models import TEXTS, config, shaken


def exporter(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> LanguageModelExporter:
    """An exporter whose tokenizer is in the folder where the script reads it."""
    c = config("lm", "data=toy-srl", "model.embedding_size=16", f"tokenizer.kind={kind}", "model.tie_embeddings=false")
    tokenizer = TextTokenizer.train(kind, TEXTS, 100, 1)  # type: ignore[arg-type]
    tokenizer.save(folder / TOKENIZER)
    monkeypatch.setattr(onnx_runtime, "__file__", str(folder / "run_onnx.py"))
    return LanguageModelExporter(TrainedLanguageModel(folder, c, tokenizer, shaken(build_language_model(c, tokenizer))))


@pytest.mark.parametrize("kind", ["character", "word"])
@pytest.mark.parametrize("settings", [{}, {"top_k": 3, "temperature": 1.5}, {"top_p": 0.6, "seed": 4}], ids=str)
def test_it_answers_as_the_predictor_does(
    kind: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = exporter(kind, tmp_path, monkeypatch)
    model.settings = {**model.settings, **settings}
    examples = model.random_examples([4, 1, 9], np.random.default_rng(0))
    found = check_answers(model, examples, batch_size=2)
    assert [record["id"] for record in found] == ["1", "2", "3"] and any(record["text"] for record in found)


def test_the_most_probable_token_is_sampled_with_top_k_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = make_runtime(exporter("word", tmp_path, monkeypatch))
    runtime.model["settings"] |= {"top_k": 1, "top_p": 1.0, "temperature": 1.0}
    log_probs = np.log(np.arange(1.0, 11.0) / 55).astype(np.float32)
    runtime.model["forbidden"] = [9]
    assert {runtime._sample_token(log_probs, uniform) for uniform in (0.0, 0.5, 0.999)} == {8}
    runtime.model["settings"] |= {"top_k": 2}
    assert {runtime._sample_token(log_probs, uniform) for uniform in (0.0, 0.999)} == {8, 7}
