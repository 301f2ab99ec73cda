"""Trained taggers: stored weights, and plain errors for incomplete folders."""

from pathlib import Path

from grunlp.tasks.config import read_config
from grunlp.tasks.tagging.checkpoint import build_stored_model, load_trained_tagger
from tests.tasks.run_folder_checks import check_missing_and_wrong_files, check_rebuilt, check_weights


def test_a_run_is_loaded_with_its_weights_and_vocabulary(runs: dict[str, Path]) -> None:
    run = load_trained_tagger(str(runs["tagger"]))
    check_weights(runs["tagger"], run.model)
    check_rebuilt(runs["tagger"], run.model, build_stored_model(runs["tagger"], read_config(runs["tagger"])))
    assert run.path == runs["tagger"] and run.model.tags == run.collate.vocabulary.tags.items


def test_incomplete_folders_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    files = ["config.yaml", "vocabulary.json", "weights.safetensors"]
    check_missing_and_wrong_files(runs["tagger"], tmp_path, files, {"hidden_size: 16": "hidden_size: 17"})
