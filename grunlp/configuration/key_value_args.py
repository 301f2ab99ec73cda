"""`key=value` arguments of the commands that need no composition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.options import Option, check_value, parse_value, unknown_key
from grunlp.utils.errors import UserError


def parse_arguments(arguments: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the user typed.

    Args:
        arguments: the words after the command's name. The text after the first `=` is taken as it stands.
        defaults: every key the command knows, with its default.

    Returns:
        the defaults with the typed values put in, each of its default's kind.

    Raises:
        UserError: for an unknown key, a word without `=`, a wrong type, a bad choice, a number out of bounds.
    """
    values = dict(defaults)
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals:
            raise UserError(f"{argument}: not key=value", f"there are: {', '.join(defaults)}", "Write key=value.")
        if key not in defaults:
            raise unknown_key(key, list(defaults))
        option = declare(key, defaults[key])
        values[key] = parse_value(option, text)
        check_value(option, values[key])
    return values


def split_arguments(
    arguments: Sequence[str], defaults: Mapping[str, Any], reserved: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """What a command reads itself, and what it hands on to its trainings.

    Args:
        arguments: the words after the command's name.
        defaults: the command's own keys.
        reserved: keys of trainings that the command sets, each with what to type instead.

    Returns:
        the command's own values, and the other words as they stand.

    Raises:
        UserError: as `parse_arguments`; a reserved key; a word without `=`.
    """
    own = [argument for argument in arguments if argument.partition("=")[0] in defaults]
    others = [argument for argument in arguments if argument not in own]
    for argument in others:
        key, equals, _ = argument.partition("=")
        if not equals or key.startswith("-"):
            raise UserError(f"{argument}: not key=value", f"there are: {', '.join(defaults)}", "Write key=value.")
        if key in reserved:
            raise UserError(f"{key} cannot be set here", "each training has its own", reserved[key])
    return parse_arguments(own, defaults), others


def require_new_file(key: str, path: str | None) -> None:
    """Raise UserError unless a file can be made at `path` that is not there yet; None needs none. `key`: names it."""
    if path is None:
        return
    if Path(path).exists():
        raise UserError(f"{path} exists", "nothing is overwritten", f"Type {key}=NEW_FILE")
    if not Path(path).parent.is_dir():
        there = f"there is no folder {Path(path).parent}"
        raise UserError(f"cannot write {key}={path}", there, "Make the folder, or name another.")


def require_empty_dir(key: str, path: Path) -> None:
    """Raise UserError where something lies in a folder's place. `key`: names it."""
    if path.exists():
        raise UserError(f"{key}={path} exists", "nothing is overwritten", f"Type {key}=NEW_FOLDER")


def check_output_paths(output: str, html_report: str | None) -> None:
    """Raise UserError unless what `predict` writes are two new files; "-" is standard output, None no page."""
    require_new_file("output", None if output == "-" else output)
    if html_report == "-":
        raise UserError("html=-", "a page is a file", "Type html=FILE.html")
    require_new_file("html", html_report)
    if html_report is not None and Path(html_report).resolve() == Path(output).resolve():
        raise UserError(f"output={output} with html={html_report}", "a file holds one of them", "Name two files.")


# Choices and bounds of commands whose options are not declared in classes yet; these go with the last of them.
_CHOICES: dict[str, tuple[str, ...]] = {
    "split": ("train", "dev", "test"),
    "predicates": ("auto", "given", "found"),
    "scheme": ("iob2", "iob1", "bioes"),
    "style": ("auto", "text", "json"),
    "to": ("onnx", "pt2"),
    "match": ("parameters", "time", "none"),
    "normalization": ("length", "gnmt"),
}
_SECONDS, _WEIGHT = (0.1, 86_400.0), (0.0, 1e6)
_BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "folds": (0, 1000),
    "seeds": (1, 1000),
    "jobs": (0, 1024),
    "trials": (0, 10**6),
    "alternatives": (0, 1000),
    "batch_tokens": (1, 10**9),
    "beam": (1, 1000),
    "nbest": (1, 1000),
    "length_penalty": (0.0, 10.0),
    "coverage_penalty": _WEIGHT,
    "no_repeat_ngram_size": (0, 1000),
    "min_length_ratio": (0.0, 1000.0),
    "max_length_ratio": (0.0, 1000.0),
    "max_length_offset": (0, 10**6),
    "max_length": (1, 10**6),
    "length": (1, 10**6),
    "temperature": (1e-6, 1e6),
    "top_k": (0, 10**9),
    "top_p": (1e-6, 1.0),
    "dynamic_rate": (0.0, 1e3),
    "dynamic_decay": (0.0, 1.0),
    "dynamic_length": (1, 10**6),
    "port": (0, 65_535),
    "processes": (-1, 256),
    "max_connections": (1, 10**5),
    "max_header_bytes": (1024, 10**7),
    "max_headers": (8, 10**5),
    "max_body_bytes": (1, 10**9),
    "max_texts": (1, 10**6),
    "max_characters": (1, 10**9),
    "max_tokens": (1, 10**9),
    "max_prompt": (1, 10**9),
    "max_queue": (1, 10**9),
    "max_streams": (1, 10**5),
    "head_seconds": _SECONDS,
    "body_seconds": _SECONDS,
    "answer_seconds": _SECONDS,
    "send_seconds": _SECONDS,
    "stop_seconds": _SECONDS,
    "workers": (1, 65_536),
    "shard_lines": (1, 10**9),
}


def declare(key: str, default: Any) -> Option:
    """Declare an option by its default and the tables above."""
    minimum, maximum = _BOUNDS.get(key, (None, None))
    return Option(
        key,
        str if default is None else type(default),
        default,
        "",
        choices=_CHOICES.get(key, ()),
        nullable=default is None,
        minimum=minimum,
        maximum=maximum,
        content="text",
    )
