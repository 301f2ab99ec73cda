"""Trained labellers: saved and loaded with the same predictions, plain errors for incomplete folders."""

import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model, load_trained_srl
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of

CORPUS = toy_corpus(8)


def config(*overrides: str) -> DictConfig:
    return compose_config(["recipe=srl", "debug=tiny", *overrides])


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path, vocabulary = tmp_path / "run", vocabulary_of(CORPUS)
    path.mkdir()
    save_config_and_vocab(path, config(), SRLCollator(vocabulary, None), None)
    save_weights(path, build_srl_model(config(), vocabulary, None).eval())
    return path


@pytest.mark.parametrize(
    "form",
    [
        [],
        ["model.decoder=crf", "model.char_encoder=gru"],
        ["model.residual=highway", "model.num_layers=3"],
    ],
    ids=str,
)
def test_save_move_load_same_output(tmp_path: Path, form: list[str]) -> None:
    collate = SRLCollator(vocabulary_of(CORPUS), None)
    model = build_srl_model(config(*form), collate.vocabulary, None).eval()
    (tmp_path / "a").mkdir()
    save_config_and_vocab(tmp_path / "a", config(*form), collate, None)
    save_weights(tmp_path / "a", model)
    shutil.move(tmp_path / "a", tmp_path / "b")
    run = load_trained_srl(tmp_path / "b")
    found, expected = run.model(run.collate(CORPUS)), model(collate(CORPUS))
    assert torch.equal(found.role_logits, expected.role_logits)
    assert torch.equal(found.sense_logits, expected.sense_logits)
    assert torch.equal(found.encoder_output.predicate_logits, expected.encoder_output.predicate_logits)
    assert not run.model.training


def test_missing_and_broken_parts(run_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)is not a finished run: config\.yaml.*run=FOLDER"):
        load_trained_srl(tmp_path / "nowhere")
    good = (run_dir / "weights.safetensors").read_bytes()
    for content in (b"", good[:-40], b"x" * 100):
        (run_dir / "weights.safetensors").write_bytes(content)
        with pytest.raises(UserError, match="do not fit"):
            load_trained_srl(run_dir)
    (run_dir / "weights.safetensors").write_bytes(good)
    text = (run_dir / "config.yaml").read_text()
    for content in (
        text.replace("hidden_size: 16", "hidden_size: 17"),
        "model: [",
        "a: 1",
        "[]",
        text.replace("max_relative_distance", "dist"),
    ):
        (run_dir / "config.yaml").write_text(content)
        with pytest.raises(UserError, match=r"do not fit|no settings|config\.yaml: "):
            load_trained_srl(run_dir)
