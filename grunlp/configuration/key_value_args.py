"""`key=value` arguments of the commands that need no composition."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.schema import check_value, unknown_key
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
        values[key] = _coerce(text, defaults[key])
        check_value(key, values[key], defaults[key])
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


def _coerce(text: str, default: Any) -> Any:
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
