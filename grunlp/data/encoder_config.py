"""The settings of a pretrained encoder that a run keeps: known keys, each with bounds.

The library transformers makes tables, modules and dictionaries of the sizes that a configuration names, follows the
names of code and files in it, and hands unknown keys on. So only the keys below reach it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

MODEL_TYPES = (
    *("albert", "bert", "camembert", "convbert", "deberta", "deberta-v2", "distilbert", "electra", "ernie"),
    *("megatron-bert", "mobilebert", "modernbert", "mpnet", "rembert", "roberta", "roformer"),
    *("xlm-roberta", "xlm-roberta-xl"),
)

# Keys of other uses of the same network, such as heads for classification: they are left out.
_IGNORED = {
    *("_name_or_path", "architectures", "bos_token_id", "chunk_size_feed_forward", "cls_token_id", "dtype"),
    *("eos_token_id", "finetuning_task", "gradient_checkpointing", "id2label", "is_encoder_decoder", "label2id"),
    *("mask_token_id", "model_type", "num_labels", "output_attentions", "output_hidden_states", "output_past"),
    *("problem_type", "qa_dropout", "return_dict", "sep_token_id", "seq_classif_dropout", "task_specific_params"),
    *("tie_word_embeddings", "tokenizer_class", "torch_dtype", "torchscript", "transformers_version"),
    *("use_cache", "decoder_bias", "sparse_prediction", "sparse_pred_ignore_index", "directionality"),
    *("deterministic_flash_attn", "reference_compile", "repad_logits_with_grad"),
}
_IGNORED_PREFIXES = ("classifier_", "summary_", "pooler_")

Check = Callable[[Any], bool]


def _integer(lowest: int, highest: int) -> Check:
    return lambda value: type(value) is int and lowest <= value <= highest


def _number(lowest: float, highest: float) -> Check:
    return lambda value: type(value) in (int, float) and lowest <= value <= highest


def _one_of(*values: Any) -> Check:
    return lambda value: any(type(value) is type(known) and value == known for known in values)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and len(value) <= _MAX_COUNT and all(map(check, value))


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _rope(value: Any) -> bool:
    known = {"rope_theta": _optional(_number(1, 1e9)), "rope_type": _one_of("default")}
    kinds = ("full_attention", "sliding_attention")
    if not isinstance(value, dict):
        return value is None
    return all(_rope(item) if key in kinds else key in known and known[key](item) for key, item in value.items())


_MAX_COUNT = 256  # of layers and of other modules that are made one by one
_MAX_TABLE_SIZE = 2**19  # numbers of a table of sines and cosines, which transformers fills one by one
_SIZE, _COUNT, _RATE = _integer(1, 2**16), _integer(1, _MAX_COUNT), _number(0, 1)
_SMALL, _FLAG, _TOKEN = _number(0, 1e9), _one_of(False, True), _optional(_integer(-1, 2**22))
_ACTIVATION = _one_of(
    *("gelu", "gelu_new", "gelu_fast", "gelu_python", "gelu_pytorch_tanh", "mish", "quick_gelu", "relu", "silu"),
    *("swish", "tanh"),
)
_ATTENTION_TERMS = _one_of("c2p", "p2c", "p2p", "c2p|p2c", "p2c|c2p")

CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            *("dim", "embedding_size", "head_dim", "hidden_dim", "hidden_size"),
            *("input_embedding_size", "intermediate_size", "intra_bottleneck_size", "local_attention"),
            *("output_embedding_size", "true_hidden_size"),
        ),
        _SIZE,
    ),
    **dict.fromkeys(
        (
            *("conv_groups", "global_attn_every_n_layers", "head_ratio", "inner_group_num", "n_heads", "n_layers"),
            *("num_attention_heads", "num_feedforward_networks", "num_groups", "num_hidden_groups"),
            *("num_hidden_layers", "num_key_value_heads"),
        ),
        _COUNT,
    ),
    **dict.fromkeys(
        (
            *("attention_dropout", "attention_probs_dropout_prob", "dropout", "embedding_dropout"),
            *("hidden_dropout_prob", "mlp_dropout"),
        ),
        _RATE,
    ),
    **dict.fromkeys(
        (
            *("global_rope_theta", "initializer_cutoff_factor", "initializer_range", "layer_norm_eps"),
            *("local_rope_theta", "norm_eps"),
        ),
        _SMALL,
    ),
    **dict.fromkeys(
        (
            *("attention_bias", "key_query_shared_bottleneck", "legacy", "mlp_bias", "norm_bias", "rotary_value"),
            *("position_biased_input", "relative_attention", "share_att_key", "sinusoidal_pos_embds"),
            *("trigram_input", "use_bottleneck", "use_bottleneck_attention", "use_task_id"),
        ),
        _FLAG,
    ),
    **dict.fromkeys(("activation", "conv_act", "hidden_act", "hidden_activation"), _ACTIVATION),
    **dict.fromkeys(("add_cross_attention", "is_decoder"), _one_of(False)),
    "conv_kernel_size": _integer(1, 64),  # every word is copied as often in each layer
    "layer_types": _list_of(_one_of("full_attention", "sliding_attention")),
    "max_position_embeddings": _integer(8, 2**20),
    "max_relative_positions": _integer(-1, 2**16),
    "norm_rel_ebd": _one_of("layer_norm", "none"),
    "normalization_type": _one_of("layer_norm", "no_norm"),
    "pad_token_id": _TOKEN,
    "pos_att_type": _optional(lambda value: _ATTENTION_TERMS(value) or _list_of(_ATTENTION_TERMS)(value)),
    "position_buckets": _integer(-1, 2**16),
    "position_embedding_type": _one_of("absolute", "relative_key", "relative_key_query"),
    "relative_attention_num_buckets": _integer(1, 2**16),
    "rope_parameters": _rope,
    "task_type_vocab_size": _integer(0, 2**10),
    "type_vocab_size": _integer(0, 2**10),
    "vocab_size": _integer(1, 2**22),
}


def is_ignored(key: str) -> bool:
    """Return whether a key has no effect on the states of an encoder."""
    return key in _IGNORED or key.startswith(_IGNORED_PREFIXES)


def known_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that make the encoder: `model_type` and the known keys."""
    return {key: value for key, value in settings.items() if key == "model_type" or key in CHECKS}


def find_error(settings: Mapping[str, Any], ignore: Callable[[str], bool] = is_ignored) -> str | None:
    """Return what is wrong with settings, in words that follow "the encoder": None for valid ones."""
    if settings.get("model_type") not in MODEL_TYPES:
        return f"has the model_type {settings.get('model_type')!r:.60}; there are: {', '.join(MODEL_TYPES)}"
    for key, value in settings.items():
        if key in CHECKS:
            if not CHECKS[key](value):
                return f"has {key}: {value!r:.60}, which is out of bounds"
        elif not ignore(key):
            return f"has the unknown key {key!r:.60}"
    return _find_size_error(settings)


def _find_size_error(settings: Mapping[str, Any]) -> str | None:
    """Return what is wrong with settings that are valid one by one but large together."""

    def size(key: str) -> int:
        value: int = settings.get(key, 1)
        return value

    layers = max(size("num_hidden_layers"), size("num_hidden_groups"))
    layers *= size("num_feedforward_networks") * size("inner_group_num")
    if layers > _MAX_COUNT:
        return f"has {layers} layers, with those inside of layers; at most {_MAX_COUNT} are possible"
    if settings["model_type"] == "roformer":
        features = size("hidden_size") // size("num_attention_heads")
    else:
        features = size("dim") if settings.get("sinusoidal_pos_embds") else 0
    table_size = size("max_position_embeddings") * features
    if table_size > _MAX_TABLE_SIZE:
        return f"has a table of positions with {table_size} numbers; at most {_MAX_TABLE_SIZE} are possible"
    return None


def differing_keys(settings: Mapping[str, Any], others: Mapping[str, Any]) -> Iterable[str]:
    """Yield the keys, beyond the ignored ones, whose values differ."""
    return (key for key in settings if not is_ignored(key) and settings[key] != others.get(key))
