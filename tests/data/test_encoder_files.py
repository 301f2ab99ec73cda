"""Configuration files of pretrained encoders: malformed and hostile ones are refused."""

import json
import shutil
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.encoder_files import load_encoder_config, load_special_tokens
from grunlp.tasks import task_of
from grunlp.utils.errors import UserError

FORMATS = Path(__file__).parents[1] / "formats/1"


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("config.json", {"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
        ("config.json", {"_attn_implementation": "some/kernel"}, "_attn_implementation"),
        ("config.json", {"num_hidden_layers": 10**9}, "out of bounds"),
        ("config.json", {"hidden_size": 10**12}, "out of bounds"),
        ("config.json", {"vocab_size": 2**30}, "out of bounds"),
        ("config.json", {"vocab_size": 2**22, "hidden_size": 2**16}, "much larger network"),
        ("config.json", {"model_type": "nothing-known"}, "has the model_type 'nothing-known'"),
        ("config.json", {"model_type": "timm_wrapper"}, "has the model_type"),
        ("config.json", {"model_type": ["bert"]}, "has the model_type"),
        ("config.json", {"hidden_act": "os.system"}, "out of bounds"),
        ("config.json", {"num_attention_heads": True}, "out of bounds"),
        ("config.json", {"hidden_size": 8.5}, "out of bounds"),
        ("config.json", {"hidden_dropout_prob": -1}, "out of bounds"),
        ("config.json", {"layer_norm_eps": 1e300}, "out of bounds"),
        ("config.json", {"is_decoder": True}, "out of bounds"),
        ("config.json", {"max_position_embeddings": 4}, "out of bounds"),
        ("config.json", {"layer_types": ["full_attention"] * 300}, "out of bounds"),
        ("config.json", {"rope_parameters": {"rope_type": "yarn", "factor": 1e300}}, "out of bounds"),
        ("config.json", {"pruned_heads": {str(n): [0] for n in range(1000)}}, "unknown key 'pruned_heads'"),
        ("config.json", {"backbone_config": {"model_type": "bert"}}, "unknown key 'backbone_config'"),
        ("config.json", {"vocab_size_": 10**9}, "unknown key"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.T", None]}}, "auto_map"),
        ("tokenizer_config.json", {"vocab_file": "/etc/passwd"}, "vocab_file"),
    ],
)
def test_hostile_settings_of_encoders_are_refused(
    tmp_path: Path, name: str, more: dict[str, Any], message: str
) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder" / name
    file.write_text(json.dumps(json.loads(file.read_text()) | more))
    with pytest.raises(UserError, match=message):
        task_of(run).load_trained(run)


@pytest.mark.parametrize(
    "settings",
    [
        *({"num_labels": 10**9}, {"id2label": {str(n): str(n) for n in range(1000)}}, {"classifier_dropout": 1e300}),
        *({"pooler_num_fc_layers": 10**9}, {"summary_type": "x" * 1000}, {"task_specific_params": {"a": {"b": 1}}}),
    ],
)
def test_settings_of_other_uses_do_not_reach_the_library(tmp_path: Path, settings: dict[str, Any]) -> None:
    """The number of labels, for example, makes transformers build a table of gigabytes."""
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder/config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        task_of(run).load_trained(run)
        assert tracemalloc.get_traced_memory()[1] - before < 2**28
    finally:
        tracemalloc.stop()
    assert not set(settings) & set(load_encoder_config(run / "encoder"))


_TINY = {"vocab_size": 10, "hidden_size": 1, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model_type": "mobilebert", "num_hidden_layers": 256, "num_feedforward_networks": 256}, "65536 layers"),
        ({"model_type": "albert", "num_hidden_groups": 32, "inner_group_num": 32}, "1024 layers"),
        ({"model_type": "albert", "num_hidden_groups": 256, "inner_group_num": 256}, "65536 layers"),
        ({"model_type": "albert", "num_hidden_groups": 16, "inner_group_num": 16}, "a much larger network"),
        ({"model_type": "bert", "num_hidden_layers": 256}, "a much larger network"),
        ({"model_type": "roformer", "hidden_size": 8, "max_position_embeddings": 2**20}, "table of positions"),
        ({"model_type": "distilbert", "sinusoidal_pos_embds": True, "max_position_embeddings": 1024}, "table of pos"),
        (
            {"model_type": "distilbert", "dim": 8, "sinusoidal_pos_embds": True, "max_position_embeddings": 2**20},
            "table of positions",
        ),
    ],
)
def test_encoders_that_are_large_only_together_are_refused_at_once(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    """Tiny tensors in many modules, and tables that numpy fills, escape a bound on the elements of tensors.

    A key that is missing counts with the value that transformers gives it: 768 for `dim` of DistilBERT.
    """
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    if settings["model_type"] != "distilbert":
        settings = _TINY | settings
    (run / "encoder/config.json").write_text(json.dumps(settings))
    task_of(run)
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(UserError, match=message):
            task_of(run).load_trained(run)
        assert tracemalloc.get_traced_memory()[1] < 2**28
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 5, "2 s without tracemalloc"


def test_special_tokens(tmp_path: Path) -> None:
    assert load_special_tokens(tmp_path) == {}
    (tmp_path / "special_tokens_map.json").write_text('{"pad_token": {"content": "<p>"}, "cls_token": "c", "x": "y"}')
    (tmp_path / "tokenizer_config.json").write_text(
        '{"cls_token": "d", "sep_token": 3, "unk_token": "", "eos_token": []}'
    )
    assert load_special_tokens(tmp_path) == {"pad_token": "<p>", "cls_token": "d"}
