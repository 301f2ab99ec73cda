"""What may lie in `encoder/` of a run folder: the settings and the tokenizer of a pretrained encoder, as JSON and text.

Its weights are in `weights.safetensors` with those of the network. The library transformers follows names of code, of
kernels on the hub and of other files where it meets them in settings; so these are refused here, before it reads any.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import MOST_JSON, MOST_SETTINGS, read_json, require_own_files

_SUFFIXES = (".json", ".txt", ".model", ".jinja")
_CODE = ("auto_map", "quantization_config", "custom_pipelines", "trust_remote_code")
_HARMLESS = ("special_tokens_map_file", "name_or_path", "_name_or_path")
_COUNTS = ("layer", "block", "expert", "depth", "stack", "groups", "heads")  # of which modules are made one by one
_MOST_COUNT, _MOST_NUMBER = 256, 2**31
_WAY = "Copy the whole folder again, or train anew."


def encoder_settings(folder: Path) -> dict[str, Any]:
    """The contents of `config.json`.

    Raises:
        DataError: it, or another file of the folder, is none that a run holds; or it names code or other files.
    """
    require_own_files(folder)
    if not folder.is_dir():
        raise DataError(folder, None, "does not exist", "the run has a pretrained encoder", _WAY)
    for path in sorted(folder.iterdir()):
        if not path.is_file() or path.suffix not in _SUFFIXES:
            there = f"files that end in {', '.join(_SUFFIXES)}; weights are in weights.safetensors of the run"
            raise DataError(path, None, "does not belong there", there, "Remove it.")
        if path.suffix == ".json":
            content = read_json(path, MOST_JSON if path.name == "tokenizer.json" else MOST_SETTINGS)
            if path.name != "tokenizer.json":
                _require_plain(path, content)
    for name in ("config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise DataError(folder / name, None, "does not exist", "an encoder has it", _WAY)
    settings = read_json(folder / "config.json", MOST_SETTINGS)
    if not isinstance(settings, dict) or not isinstance(settings.get("model_type"), str):
        raise DataError(folder / "config.json", None, "names no model_type", "", _WAY)
    return settings


def forget_files(folder: Path) -> None:
    """Take out of a tokenizer's settings which files it once came of, so that a run can be read without them."""
    file = folder / "tokenizer_config.json"
    if file.is_file():
        settings = json.loads(file.read_text(encoding="utf-8"))
        kept = {key: value for key, value in settings.items() if not _names_file(key, value) and key not in _CODE}
        file.write_text(json.dumps(kept, indent=2, ensure_ascii=False), encoding="utf-8")


def _names_file(key: str, value: Any) -> bool:
    return key.endswith(("_file", "_files", "_path")) and key not in _HARMLESS and value is not None


def _require_plain(path: Path, content: Any) -> None:
    for key, value in _pairs(content):
        named = key.lower()
        if named in _CODE or named.endswith("implementation") or _names_file(named, value):
            there = "settings of a run name neither code nor other files"
            raise DataError(path, None, f"has the key {key[:60]!r}", there, "Remove the key.")
        if isinstance(value, int | float) and abs(value) > _MOST_NUMBER and path.name == "config.json":
            raise DataError(path, None, f"{key[:60]} is out of bounds", f"{_MOST_NUMBER} at most", _WAY)
        counts = any(part in named for part in _COUNTS)
        if counts and isinstance(value, int) and value > _MOST_COUNT and path.name == "config.json":
            raise DataError(path, None, f"{key[:60]} is out of bounds", f"{_MOST_COUNT} at most", _WAY)


def _pairs(content: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, however deep."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(content, list):
        for value in content:
            yield from _pairs(value)
