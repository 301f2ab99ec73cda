"""Trained language models: stored weights, and plain errors for incomplete folders."""

from pathlib import Path

from grunlp.tasks.config import read_config
from grunlp.tasks.language_modeling.checkpoint import build_stored_model, load_trained_language_model
from tests.tasks.run_folder_checks import check_missing_and_wrong_files, check_rebuilt, check_weights


def test_a_run_is_loaded_with_its_weights_and_tokenizer(runs: dict[str, Path]) -> None:
    path = runs["language-model"]
    run = load_trained_language_model(str(path))
    check_weights(path, run.model)
    check_rebuilt(path, run.model, build_stored_model(path, read_config(path)))
    (ids,) = run.tokenizer.encode(["the cat"])
    assert run.path == path and run.tokenizer.decode(ids) == "the cat"


def test_incomplete_folders_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    files = ["config.yaml", "tokenizer.json", "weights.safetensors"]
    check_missing_and_wrong_files(runs["language-model"], tmp_path, files, {"hidden_size: 16": "hidden_size: 17"})
