"""Files of a run folder: the vocabulary and the weights that another training starts from."""

from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config, load_config
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.training import checkpoint_io
from grunlp.training.checkpoint_io import (
    BUNDLED_MODEL,
    bundled_or,
    encoder_from_config,
    load_init_weights,
    load_pretrained_encoder,
    save_config_and_vocab,
)
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of


def config() -> DictConfig:
    return compose_config(["recipe=srl", "debug=tiny"])


def test_what_is_saved_before_the_training_is_read_back(tmp_path: Path) -> None:
    vocabulary = vocabulary_of(toy_corpus(8))
    save_config_and_vocab(tmp_path, config(), SRLCollator(vocabulary, None), None)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "vocabulary.json"]
    assert load_config(tmp_path / "config.yaml") == config()
    with pytest.raises(UserError, match=r"model\.init_from=.*not a run"):
        load_init_weights(str(tmp_path))
    model = build_srl_model(config(), vocabulary, None)
    save_weights(tmp_path, model)
    loaded, weights = load_init_weights(str(tmp_path))
    assert loaded.words.items == vocabulary.words.items and loaded.tags.items == vocabulary.tags.items
    assert weights.keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        assert torch.equal(weights[name], weight.float()), name


def test_default_is_the_bundled_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert bundled_or("runs/mine") == Path("runs/mine") and bundled_or("default") == BUNDLED_MODEL
    monkeypatch.setattr(checkpoint_io, "BUNDLED_MODEL", tmp_path)
    with pytest.raises(UserError, match="no bundled model"):
        bundled_or("default")


def test_a_model_without_a_pretrained_encoder_has_none(tmp_path: Path) -> None:
    assert load_pretrained_encoder(None) == (None, None)
    assert encoder_from_config(tmp_path, config()) is None
