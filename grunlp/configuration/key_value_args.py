"""`key=value` arguments of the commands that need no composition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.schema import check_value, unknown_key
from grunlp.utils.errors import GrunlpError


def parse_arguments(arguments: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Read what the user typed.

    Args:
        arguments: the words after the command's name. The text after the first `=` is taken as it stands.
        defaults: every key the command knows, with its default.

    Returns:
        the defaults with the typed values put in, each of its default's kind.

    Raises:
        GrunlpError: for an unknown key, a word without `=`, a wrong type, a bad choice, a number out of bounds.
    """
    values = dict(defaults)
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals:
            raise GrunlpError(f"{argument}: not key=value", f"there are: {', '.join(defaults)}", "Write key=value.")
        if key not in defaults:
            raise unknown_key(key, list(defaults))
        values[key] = _convert(text, defaults[key])
        check_value(key, values[key], defaults[key])
    return values


def part_arguments(
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
        GrunlpError: as `parse_arguments`; a reserved key; a word without `=`.
    """
    own = [argument for argument in arguments if argument.partition("=")[0] in defaults]
    others = [argument for argument in arguments if argument not in own]
    for argument in others:
        key, equals, _ = argument.partition("=")
        if not equals or key.startswith("-"):
            raise GrunlpError(f"{argument}: not key=value", f"there are: {', '.join(defaults)}", "Write key=value.")
        if key in reserved:
            raise GrunlpError(f"{key} cannot be set here", "each training has its own", reserved[key])
    return parse_arguments(own, defaults), others


def require_new(key: str, path: str | None) -> None:
    """Raise GrunlpError unless a file can be made at `path` that is not there yet; None needs none. `key`: names it."""
    if path is None:
        return
    if Path(path).exists():
        raise GrunlpError(f"{path} exists", "nothing is overwritten", f"Type {key}=NEW_FILE")
    if not Path(path).parent.is_dir():
        there = f"there is no folder {Path(path).parent}"
        raise GrunlpError(f"cannot write {key}={path}", there, "Make the folder, or name another.")


def require_new_folder(key: str, path: Path) -> None:
    """Raise GrunlpError where something lies in a folder's place. `key`: names it."""
    if path.exists():
        raise GrunlpError(f"{key}={path} exists", "nothing is overwritten", f"Type {key}=NEW_FOLDER")


def require_outputs(output: str, html: str | None) -> None:
    """Raise GrunlpError unless what `predict` writes are two new files; "-" is standard output, None no page."""
    require_new("output", None if output == "-" else output)
    if html == "-":
        raise GrunlpError("html=-", "a page is a file", "Type html=FILE.html")
    require_new("html", html)
    if html is not None and Path(html).resolve() == Path(output).resolve():
        raise GrunlpError(f"output={output} with html={html}", "a file holds one of them", "Name two files.")


def _convert(text: str, default: Any) -> Any:
    """The text as the kind of the default, or unchanged where it cannot be, for the check to refuse."""
    if isinstance(default, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(default, int):
        return int(text) if text.lstrip("-").isdecimal() else text
    if isinstance(default, float):
        try:
            return float(text)
        except ValueError:
            return text
    return text
