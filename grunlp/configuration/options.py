"""Options declared once: type, default, bounds or choices, and one line of meaning.

An options class is a dataclass with fields made by `option`:

    @dataclass
    class OptimizerOptions:
        learning_rate: float = option(0.002, "peak learning rate", minimum=0.0, maximum=100.0)

The annotation gives the type: `bool`, `int`, `float` or `str`; `X | None` allows null; `Literal["a", "b"]` lists the
choices; `int | Literal["auto"]` is a number or that word. A field made by `group` holds the options of another class.
Checks, `--help`, shell completion and the reference page all read these declarations. This module imports no heavy
library.
"""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from grunlp.utils.errors import UserError, closest_match

Content = Literal["word", "text", "path", "path or name", "run", "key"]
OptionsT = TypeVar("OptionsT")

_WIDTH, _MAX_INDENT = 118, 44  # characters of a line of help, and of the column of keys


@dataclass(frozen=True)
class Option:
    """One declared option.

    Attributes:
        key: dotted name, "model.hidden_size".
        type: bool, int, float or str.
        default: its default value.
        help: one line of meaning.
        choices: the allowed words; for a number, the words that are allowed instead of a number.
        nullable: whether null is allowed.
        is_list: whether it holds several of the choices, comma-separated.
        minimum, maximum: inclusive bounds of a number.
        content: see `option`.
    """

    key: str
    type: type
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    nullable: bool = False
    is_list: bool = False
    minimum: float | None = None
    maximum: float | None = None
    content: Content = "word"


def option(
    default: Any,
    help: str,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    content: Content = "word",
    list_of: tuple[str, ...] = (),
) -> Any:
    """Declare an option as a field of a dataclass.

    Args:
        default: its default value.
        help: one line of meaning, without the choices.
        minimum: smallest allowed value of a number; every number needs both bounds.
        maximum: largest allowed value of a number.
        content: the kind of a string. "word": a name. "text": any text, such as a file name. "path": a file or folder
            of the user, made absolute before training. "path or name": the same if it exists, otherwise a name, such as
            that of a data set. "run": run folders. "key": a configuration key.
        list_of: the words that a comma-separated list may hold.

    Returns:
        the field, typed as Any so that any annotation accepts it.
    """
    bounds = {"minimum": minimum, "maximum": maximum}
    return field(default=default, metadata={"help": help, **bounds, "content": content, "list_of": list_of})


def group(options: type) -> Any:
    """Declare a field of a dataclass that holds the options of another options class."""
    return field(default_factory=options)


def options_of(cls: type, prefix: str = "") -> dict[str, Option]:
    """List the options of a class, and of its groups, by dotted key.

    Args:
        cls: an options class.
        prefix: put before each key, for example "data.".
    """
    options: dict[str, Option] = {}
    hints = get_type_hints(cls)
    for entry in fields(cls):
        key, hint = f"{prefix}{entry.name}", hints[entry.name]
        if is_dataclass(hint):
            assert isinstance(hint, type)
            options |= options_of(hint, f"{key}.")
        else:
            options[key] = _make_option(key, entry.default, hint, **entry.metadata)
    return options


def _make_option(key: str, default: Any, hint: Any, list_of: tuple[str, ...], **metadata: Any) -> Option:
    """Make an option from a field; the annotation determines its type, its choices and whether null is allowed."""
    members = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    choices = tuple(word for member in members if get_origin(member) is Literal for word in get_args(member))
    type_ = next((member for member in members if member in (bool, int, float)), str)
    return Option(
        key=key,
        type=type_,
        default=default,
        choices=choices or list_of,
        nullable=NoneType in members,
        is_list=bool(list_of),
        **metadata,
    )


def defaults_of(cls: type) -> dict[str, Any]:
    """Return the defaults of an options class as nested plain dictionaries."""
    defaults: dict[str, Any] = {}
    for entry in fields(cls):
        if entry.default_factory is not MISSING:
            assert isinstance(entry.default_factory, type)
            defaults[entry.name] = defaults_of(entry.default_factory)
        else:
            defaults[entry.name] = entry.default
    return defaults


_TYPES: dict[type, tuple[str, Callable[[Any], bool]]] = {
    bool: ("true or false", lambda value: isinstance(value, bool)),
    int: ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: ("a number", lambda value: isinstance(value, int | float) and not isinstance(value, bool)),
    str: ("a word", lambda value: isinstance(value, str)),
}


def check_value(option: Option, value: Any) -> None:
    """Check the type, the choice and the bounds of one value.

    Raises:
        UserError: the value has the wrong type, is not among the choices or is out of bounds.
    """
    is_word = option.type is not str and value in option.choices
    if is_word or (value is None and option.nullable):
        return
    key, hint = option.key, f"Type {option.key}={format_value(option.default)}"
    expected, is_type = _TYPES[option.type]
    if not is_type(value):
        if option.type is str and option.content != "word":
            expected = "a word or a path"
        alternatives = [*(option.choices if option.type is not str else ()), *(["null"] if option.nullable else [])]
        raise UserError(f"{key}={value}: wrong type", f"expected {' or '.join([expected, *alternatives])}", hint)
    if option.type is str and option.choices:
        for word in value.split(",") if option.is_list else [value]:
            check_choice(key, word, option.choices)
    lower, upper = option.minimum, option.maximum
    if lower is not None and upper is not None and not lower <= value <= upper:
        raise UserError(f"{key}={value} is out of bounds", f"it must be from {lower} to {upper}", hint)


def check_choice(key: str, value: str, choices: Sequence[str]) -> None:
    """Raise UserError unless `value` is among `choices`; the message lists them and suggests the nearest."""
    if value not in choices:
        suggestion = closest_match(value, choices)
        hint = f"Did you mean {key}={suggestion}?" if suggestion else f"Type {key}={choices[0]}, for example."
        raise UserError(f"{key}={value}: no such choice", f"there are: {', '.join(choices)}", hint)


def unknown_key(key: str, known: Iterable[str]) -> UserError:
    """Make the error for a key that does not exist: it lists the keys of its group and suggests the nearest."""
    known = list(known)
    parent = key.rpartition(".")[0]
    siblings = [name for name in known if name.rpartition(".")[0] == parent] or known
    by_last_part = {name.rpartition(".")[2]: name for name in known}
    suggestion = closest_match(key, known) or by_last_part.get(
        closest_match(key.rpartition(".")[2], by_last_part) or ""
    )
    hint = f"Did you mean {suggestion}?" if suggestion else "--help lists every key."
    return UserError(f"unknown key {key}", f"there are: {', '.join(sorted(siblings))}", hint)


def parse_options(
    arguments: Sequence[str], cls: type[OptionsT], defaults: Mapping[str, Any] = MappingProxyType({})
) -> OptionsT:
    """Read the `key=value` arguments of a command.

    Args:
        arguments: the words after the name of the command. The text after the first `=` is used unchanged.
        cls: the options class of the command.
        defaults: values that replace the declared defaults.

    Returns:
        an instance of the class; options that were not typed have their defaults.

    Raises:
        UserError: a key is unknown, a word has no `=`, or a value has a wrong type, is not among the choices or is out
            of bounds.
    """
    options = options_of(cls)
    values = dict(defaults)
    for argument in arguments:
        key, equals, text = argument.partition("=")
        if not equals:
            raise UserError(f"{argument}: not key=value", f"there are: {', '.join(options)}", "Write key=value.")
        if key not in options:
            raise unknown_key(key, options)
        values[key] = parse_value(options[key], text)
        check_value(options[key], values[key])
    return cls(**values)


def parse_value(option: Option, text: str) -> Any:
    """Convert text to the type of an option.

    Text that cannot be converted is returned unchanged, and `check_value` rejects it.
    """
    if option.nullable and text == "null":
        return None
    if option.type is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if option.type is int:
        return int(text) if text.lstrip("-").isdecimal() else text
    if option.type is float:
        try:
            return float(text)
        except ValueError:
            return text
    return text


def format_value(value: Any) -> str:
    """Format a value the way a user types it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)


def format_options(options: type | Iterable[Option]) -> str:
    """Format options as a block of `--help`, with key, default, choices and meaning of each, wrapped and aligned.

    Args:
        options: an options class, or the options to show.
    """
    shown = list(options_of(options).values()) if isinstance(options, type) else list(options)
    heads = {option.key: f"  {option.key}={format_value(option.default)}" for option in shown}
    indent = max((len(head) + 2 for head in heads.values() if len(head) + 2 <= _MAX_INDENT), default=_MAX_INDENT)
    lines: list[str] = []
    for option in shown:
        choices = f"{'|'.join(option.choices)}: " if option.choices and option.type is str else ""
        meaning = textwrap.wrap(f"{choices}{option.help}", _WIDTH - indent, break_on_hyphens=False)
        head = heads[option.key]
        if len(head) + 2 > indent:
            lines.append(head)
            head = ""
        lines += [
            f"{start:<{indent}}{line}" for start, line in zip([head, *[""] * len(meaning)], meaning, strict=False)
        ]
    return "\n".join(lines)
