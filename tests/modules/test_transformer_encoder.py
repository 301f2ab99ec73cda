"""A pretrained encoder under the GRU: alone as in a batch, frozen or trained, and complete in the run folder."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from grunlp.data.collate import SRLBatch, SRLCollator
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import build_srl_model, load_trained_srl
from grunlp.training.checkpoint_io import load_pretrained_encoder, save_config_and_vocab
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of
from tests.tiny_encoder import save_tiny_encoder

CORPUS = toy_corpus(6, 1)


@pytest.fixture
def source(tmp_path: Path) -> str:
    return save_tiny_encoder(tmp_path / "encoder", longest=16)  # the longest toy sentences need two windows


def make(source: str) -> tuple[PretrainedEncoder, SRLCollator]:
    encoder, pieces = load_pretrained_encoder(source)
    assert encoder is not None
    return encoder.eval(), SRLCollator(vocabulary_of(CORPUS), pieces)


def read(encoder: PretrainedEncoder, batch: SRLBatch) -> torch.Tensor:
    found: torch.Tensor = encoder(batch.subword_ids, batch.subword_lengths, batch.subword_index)
    return found


def test_alone_as_in_a_batch_and_in_windows(source: str) -> None:
    encoder, collate = make(source)
    batch = collate(CORPUS)
    assert len(batch.subword_ids) > len(CORPUS), "some sentence needs two windows"
    together = read(encoder, batch)
    for b, example in enumerate(CORPUS):
        one = collate([example])
        alone = read(encoder, one)[0]
        torch.testing.assert_close(together[b, : len(alone)], alone, rtol=0, atol=1e-5)


def test_one_long_word_is_not_padding_for_all(tmp_path: Path) -> None:
    encoder, pieces = load_pretrained_encoder(save_tiny_encoder(tmp_path / "encoder", longest=64))
    assert encoder is not None
    encoder.eval()
    collate = SRLCollator(vocabulary_of(CORPUS), pieces)
    address = {**CORPUS[0], "words": ["a" * 50, *CORPUS[0]["words"][1:]]}
    batch = collate([*CORPUS, address, *CORPUS])
    seen: list[int] = []
    encoder.transformer.register_forward_pre_hook(
        lambda module, arguments, keys: seen.append(keys["input_ids"].numel()), with_kwargs=True
    )
    together = read(encoder, batch)
    assert sum(seen) < 1.5 * int(batch.subword_lengths.sum()) < batch.subword_ids.numel()
    for b in (0, len(CORPUS), len(CORPUS) + 1):
        one = collate([[*CORPUS, address, *CORPUS][b]])
        alone = read(encoder, one)[0]
        torch.testing.assert_close(together[b, : len(alone)], alone, rtol=0, atol=1e-5)


def test_the_mixture_is_of_all_layers(source: str) -> None:
    encoder, collate = make(source)
    batch = collate(CORPUS[:1])
    real = (batch.subword_ids != 0).long()
    layers = encoder.transformer(
        input_ids=batch.subword_ids, attention_mask=real, output_hidden_states=True
    ).hidden_states
    for layer in range(3):
        with torch.no_grad():
            encoder.mixture.fill_(-100)[layer] = 0
        expected = layers[layer].flatten(0, 1)[batch.subword_index]
        torch.testing.assert_close(read(encoder, batch), expected)


def test_frozen_weights_stay_and_dropout_rests(source: str) -> None:
    encoder, collate = make(source)
    batch = collate(CORPUS)
    encoder.train()
    assert encoder.transformer.training
    assert not torch.equal(read(encoder, batch), read(encoder, batch))
    encoder.freeze()
    encoder.train()
    states = read(encoder, batch)
    assert torch.equal(states, read(encoder, batch))
    states.sum().backward()
    assert encoder.mixture.grad is not None and all(p.grad is None for p in encoder.transformer.parameters())


def test_the_run_folder_needs_no_other(source: str, tmp_path: Path) -> None:
    config = compose_config(["recipe=srl", "debug=tiny", f"model.encoder={source}"])
    encoder, collate = make(source)
    model = build_srl_model(config, collate.vocabulary, encoder).eval()
    (tmp_path / "run").mkdir()
    save_config_and_vocab(tmp_path / "run", config, collate, encoder)
    save_weights(tmp_path / "run", model)
    shutil.rmtree(source)
    run = load_trained_srl(tmp_path / "run")
    assert torch.equal(run.model(run.collate(CORPUS)).role_logits, model(collate(CORPUS)).role_logits)
    assert not list((tmp_path / "run" / "encoder").glob("*.bin"))


def test_it_is_opened_for_training(source: str) -> None:
    encoder, _ = load_pretrained_encoder(source)
    assert encoder is not None and all(part.training for part in encoder.modules())


def test_empty_sentences(source: str) -> None:
    encoder, collate = make(source)
    nothing = {**CORPUS[0], "words": [], "pos": [], "frames": []}
    assert read(encoder, collate([nothing])).shape == (1, 0, 8)  # type: ignore[list-item]
    assert read(encoder, collate([nothing, CORPUS[1]])).shape[0] == 2  # type: ignore[list-item]


def test_positions_that_start_behind_the_padding() -> None:
    config = RobertaConfig(
        vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=20, pad_token_id=1,
    )  # fmt: skip
    encoder = PretrainedEncoder(RobertaModel(config))
    assert encoder.max_subwords == 18
    pieces = torch.full((1, 18), 5)
    assert encoder(pieces, torch.tensor([18]), torch.arange(18)[None]).shape == (1, 18, 8)


def test_no_encoder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)is not an encoder.*model\.encoder=FOLDER"):
        load_pretrained_encoder(str(tmp_path))
    assert load_pretrained_encoder(None) == (None, None)
