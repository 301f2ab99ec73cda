"""Trained sequence-to-sequence models: one or two vocabularies, ensembles, and the search of the configuration."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config, read_config
from grunlp.tasks.seq2seq.checkpoint import (
    build_seq2seq,
    build_stored_model,
    load_ensemble,
    load_trained_seq2seq,
    make_beam_search,
    save_seq2seq_config,
    search_config,
    write_predictions,
)
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.utils.errors import UserError
from tests.tasks.run_folder_checks import check_missing_and_wrong_files, check_rebuilt, check_weights


def test_a_run_is_loaded_with_its_weights_and_one_tokenizer(runs: dict[str, Path]) -> None:
    path = runs["writer"]
    run = load_trained_seq2seq(str(path))
    check_weights(path, run.model)
    check_rebuilt(path, run.model, build_stored_model(path, read_config(path)))
    assert run.collate.source_tokenizer is run.collate.target_tokenizer and run.generator is run.model


def test_separate_vocabularies_are_two_files(tmp_path: Path) -> None:
    config = compose_config(["recipe=translate", "data=toy-reversal", "tokenizer.shared=false", "model.hidden_size=16"])
    source, target = (TextTokenizer.train("word", [text], 100, 1) for text in ("a b c", "d e"))
    save_seq2seq_config(tmp_path, config, source, target)
    save_weights(tmp_path, build_seq2seq(config, source, target))
    run = load_trained_seq2seq(tmp_path)
    assert run.collate.source_tokenizer.encode(["a b c"]) == source.encode(["a b c"])
    assert run.collate.target_tokenizer.encode(["d e"]) == target.encode(["d e"])
    (tmp_path / "source_tokenizer.json").unlink()
    with pytest.raises(UserError, match=r"source_tokenizer\.json"):
        load_trained_seq2seq(tmp_path)


def test_incomplete_folders_are_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    files = ["config.yaml", "tokenizer.json", "weights.safetensors"]
    sizes = {"hidden_size: 16\n": "hidden_size: 17\n"}
    check_missing_and_wrong_files(runs["writer"], tmp_path, files, sizes)


def test_networks_of_one_vocabulary_generate_together(runs: dict[str, Path], tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(runs["writer"], other)
    together = load_ensemble(f"{runs['writer']},{other}")
    assert isinstance(together.generator, Ensemble) and len(together.others) == 1 and together.path == runs["writer"]
    for one, two in zip(together.model.parameters(), together.others[0].parameters(), strict=True):
        assert torch.equal(one, two)
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    (other / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1))
    with pytest.raises(UserError, match=r"(?s)tokenizer\.json differs.*the same vocabulary"):
        load_ensemble(f"{runs['writer']},{other}")


def test_the_search_is_that_of_the_configuration() -> None:
    config = compose_config(["recipe=translate", "data=toy-reversal", "search.length_penalty=1", "search.beam=3"])
    search = search_config(config)
    assert isinstance(search["length_penalty"], float) and isinstance(search["beam"], int)
    limits, beam = make_beam_search(search)
    assert (beam.beam, beam.length_penalty, limits.max_length) == (3, 1.0, config.search.max_length)


def test_predictions_are_written_a_line_each(tmp_path: Path) -> None:
    write_predictions(tmp_path, "dev", ["a  b\nc", "", "d"])
    assert (tmp_path / "predictions-dev.txt").read_text() == "a b c\n\nd\n"
