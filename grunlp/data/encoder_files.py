"""Check the folder `encoder/` of a run: the configuration and tokenizer of a pretrained encoder, as JSON and text.

The weights of the encoder are in `weights.safetensors` with those of the network. The library transformers loads code,
hub kernels and other files that a configuration names; such names are rejected here, before transformers reads
anything.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import MAX_CONFIG_BYTES, MAX_JSON_BYTES, forbid_external_symlinks, read_json

_SUFFIXES = (".json", ".txt", ".model", ".jinja")
_CODE_KEYS = ("auto_map", "quantization_config", "custom_pipelines", "trust_remote_code")
_ALLOWED_KEYS = ("special_tokens_map_file", "name_or_path", "_name_or_path")
# settings that determine how many modules are created
_COUNT_KEY_WORDS = ("layer", "block", "expert", "depth", "stack", "groups", "heads")
_MAX_COUNT, _MAX_INTEGER = 256, 2**31
_HINT = "Copy the whole folder again, or train again."


def load_encoder_config(folder: Path) -> dict[str, Any]:
    """Return the contents of `config.json`.

    Raises:
        DataError: the folder has a file that no run contains, or a file that names code or other files.
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
    if not isinstance(settings, dict) or not isinstance(settings.get("model_type"), str):
        raise DataError(folder / "config.json", None, "has no model_type", "", _HINT)
    return settings


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
        if isinstance(value, int | float) and abs(value) > _MAX_INTEGER and path.name == "config.json":
            raise DataError(path, None, f"{key[:60]} is out of bounds", f"the limit is {_MAX_INTEGER}", _HINT)
        counts = any(word in named for word in _COUNT_KEY_WORDS)
        if counts and isinstance(value, int) and value > _MAX_COUNT and path.name == "config.json":
            raise DataError(path, None, f"{key[:60]} is out of bounds", f"the limit is {_MAX_COUNT}", _HINT)


def _iter_key_values(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any nesting depth."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key, value
            yield from _iter_key_values(value)
    elif isinstance(content, list):
        for value in content:
            yield from _iter_key_values(value)
