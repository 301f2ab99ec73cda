"""The settings of a pretrained encoder that a run keeps."""

from typing import Any

import pytest

from grunlp.data.encoder_config import CHECKS, differing_keys, find_error, is_ignored, known_settings

BERT: dict[str, Any] = {
    "model_type": "bert", "vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "hidden_act": "gelu", "pad_token_id": None, "is_decoder": False,
}  # fmt: skip


def test_valid_settings_have_no_error() -> None:
    assert find_error(BERT) is None
    assert find_error({**BERT, "num_labels": 10**9, "classifier_dropout": "x"}) is None, "they do not reach the library"


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("model_type", "unheard-of", "has the model_type 'unheard-of'; there are: albert, bert"),
        ("hidden_size", 2**20, "has hidden_size: 1048576, which is out of bounds"),
        ("hidden_size", True, "has hidden_size: True, which is out of bounds"),
        ("hidden_act", "os.system", "has hidden_act: 'os.system', which is out of bounds"),
        ("is_decoder", True, "has is_decoder: True, which is out of bounds"),
        ("layer_types", ["full_attention"] * 257, "has layer_types: "),
        ("rope_parameters", {"rope_type": "yarn"}, "has rope_parameters: "),
        ("conv_kernel_size", 2**16, "has conv_kernel_size: 65536, which is out of bounds"),
        ("backbone", "x", "has the unknown key 'backbone'"),
    ],
)
def test_errors_name_the_setting(key: str, value: Any, error: str) -> None:
    assert str(find_error({**BERT, key: value})).startswith(error)


def test_only_known_settings_are_kept() -> None:
    assert known_settings({**BERT, "num_labels": 7, "backbone": "x"}) == BERT
    assert not any(is_ignored(key) for key in CHECKS)


def test_ignored_settings_may_differ() -> None:
    assert list(differing_keys({**BERT, "num_labels": 7}, BERT)) == []
    assert list(differing_keys(BERT, {**BERT, "vocab_size": 31})) == ["vocab_size"]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"model_type": "mobilebert", "num_hidden_layers": 65, "num_feedforward_networks": 4}, "has 260 layers"),
        ({"model_type": "albert", "num_hidden_groups": 32, "inner_group_num": 32}, "has 1024 layers"),
        ({"model_type": "albert", "num_hidden_layers": 256, "inner_group_num": 2}, "has 512 layers"),
        ({"model_type": "roformer", "hidden_size": 8, "max_position_embeddings": 2**17}, "has a table of positions"),
        (
            {"model_type": "distilbert", "dim": 8, "sinusoidal_pos_embds": True, "max_position_embeddings": 2**17},
            "has a table of positions with 1048576 numbers; at most 524288 are possible",
        ),
    ],
)
def test_sizes_that_are_large_only_together_are_errors(settings: dict[str, Any], error: str) -> None:
    assert str(find_error(settings)).startswith(error)


@pytest.mark.parametrize(
    "settings",
    [
        {"model_type": "mobilebert", "num_hidden_layers": 24, "num_feedforward_networks": 4},
        {"model_type": "albert", "num_hidden_layers": 24, "num_hidden_groups": 1, "inner_group_num": 1},
        {"model_type": "roformer", "hidden_size": 768, "num_attention_heads": 12, "max_position_embeddings": 1536},
        {"model_type": "distilbert", "dim": 768, "sinusoidal_pos_embds": True, "max_position_embeddings": 512},
        {"model_type": "distilbert", "dim": 768, "sinusoidal_pos_embds": False, "max_position_embeddings": 4096},
        {"model_type": "megatron-bert", "num_hidden_layers": 48, "conv_kernel_size": 9},
    ],
)
def test_sizes_of_published_encoders_are_valid(settings: dict[str, Any]) -> None:
    assert find_error(settings) is None
