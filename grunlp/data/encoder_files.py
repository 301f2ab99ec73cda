"""Check the folder `encoder/` of a run: the configuration and tokenizer of a pretrained encoder, as JSON and text.

The weights of the encoder are in `weights.safetensors` with those of the network. The library transformers loads code,
hub kernels and other files that a configuration names; such names are rejected here, before transformers reads
anything.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.data.encoder_config import find_error, known_settings
from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import MAX_CONFIG_BYTES, MAX_JSON_BYTES, forbid_external_symlinks, read_json

_SUFFIXES = (".json", ".txt", ".model", ".jinja")
_CODE_KEYS = ("auto_map", "quantization_config", "custom_pipelines", "trust_remote_code")
_ALLOWED_KEYS = ("special_tokens_map_file", "name_or_path", "_name_or_path")
_SPECIAL_TOKENS = tuple(f"{name}_token" for name in ("pad", "unk", "bos", "eos", "sep", "cls", "mask"))
_MAX_TOKEN_LENGTH = 100
_HINT = "Copy the whole folder again, or train again."


def load_encoder_config(folder: Path) -> dict[str, Any]:
    """Return the settings in `config.json` that make the encoder, see `grunlp.data.encoder_config`.

    Raises:
        DataError: the folder has a file that no run contains, a file that names code or other files, or a setting that
            is unknown or out of bounds.
    """
    forbid_external_symlinks(folder)
    if not folder.is_dir():
        raise DataError(folder, None, "does not exist", "the run has a pretrained encoder", _HINT)
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix not in _SUFFIXES:
            details = f"files that end in {', '.join(_SUFFIXES)}; weights are in weights.safetensors of the run"
            raise DataError(path, None, "does not belong in this folder", details, "Remove it.")
        if path.suffix == ".json":
            content = read_json(path, MAX_JSON_BYTES if path.name == "tokenizer.json" else MAX_CONFIG_BYTES)
            if path.name != "tokenizer.json":
                _check_values(path, content)
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise DataError(folder / name, None, "does not exist", "every encoder has this file", _HINT)
    settings = read_json(folder / "config.json", MAX_CONFIG_BYTES)
    if not isinstance(settings, dict):
        raise DataError(folder / "config.json", None, "has no model_type", "", _HINT)
    if error := find_error(settings):
        raise DataError(folder / "config.json", None, f"the encoder {error}", "", _HINT)
    return known_settings(settings)


def load_special_tokens(folder: Path) -> dict[str, str]:
    """Return the special tokens of an encoder by their names in transformers, such as `pad_token`."""
    found: dict[str, str] = {}
    for name in ("special_tokens_map.json", "tokenizer_config.json"):
        content = read_json(folder / name, MAX_CONFIG_BYTES) if (folder / name).is_file() else {}
        for key in _SPECIAL_TOKENS:
            token = content.get(key) if isinstance(content, dict) else None
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str) and 0 < len(token) <= _MAX_TOKEN_LENGTH:
                found[key] = token
    return found


def strip_file_references(folder: Path) -> None:
    """Remove the paths of the files that a tokenizer was loaded from, so that a run can be read without them."""
    file = folder / "tokenizer_config.json"
    if file.is_file():
        settings = json.loads(file.read_text(encoding="utf-8"))
        kept = {
            key: value
            for key, value in settings.items()
            if not _is_file_reference(key, value) and key not in _CODE_KEYS
        }
        file.write_text(json.dumps(kept, indent=2, ensure_ascii=False), encoding="utf-8")


def _is_file_reference(key: str, value: Any) -> bool:
    return key.endswith(("_file", "_files", "_path")) and key not in _ALLOWED_KEYS and value is not None


def _check_values(path: Path, content: Any) -> None:
    for key, value in _iter_key_values(content):
        named = key.lower()
        if named in _CODE_KEYS or named.endswith("implementation") or _is_file_reference(named, value):
            details = "settings of a run must not name code or other files"
            raise DataError(path, None, f"has the key {key[:60]!r}", details, "Remove the key.")


def _iter_key_values(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any nesting depth."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key, value
            yield from _iter_key_values(value)
    elif isinstance(content, list):
        for value in content:
            yield from _iter_key_values(value)
