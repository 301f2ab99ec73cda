"""Options classes: declarations, checks of values, `key=value` arguments, help."""

from dataclasses import dataclass
from typing import Literal

import pytest

from grunlp.configuration.options import (
    check_value,
    defaults_of,
    format_options,
    group,
    option,
    options_of,
    parse_options,
)
from grunlp.utils.errors import UserError


@dataclass
class Inner:
    """A group."""

    size: int = option(3, "size of it", minimum=1, maximum=9)
    kind: Literal["small", "large"] = option("small", "kind of it")


@dataclass
class Outer:
    """A command."""

    run: str | None = option(None, "run folder", content="run")
    split: Literal["train", "dev", "test"] = option("test", "split to score")
    rate: float = option(0.5, "rate", minimum=0.0, maximum=1.0)
    devices: int | Literal["auto"] = option(1, "devices", minimum=1, maximum=8)
    flag: bool = option(False, "a very long explanation " * 8)
    cells: str | None = option(None, "cells to compare", list_of=("gru", "lstm"))
    inner: Inner = group(Inner)


def test_declarations_are_read_from_annotations() -> None:
    options = options_of(Outer)
    assert list(options) == ["run", "split", "rate", "devices", "flag", "cells", "inner.size", "inner.kind"]
    assert options["run"].nullable and options["run"].type is str and options["run"].content == "run"
    assert options["split"].choices == ("train", "dev", "test") and not options["split"].nullable
    assert options["devices"].type is int and options["devices"].choices == ("auto",)
    assert options["cells"].is_list and options["cells"].choices == ("gru", "lstm")
    assert defaults_of(Outer)["inner"] == {"size": 3, "kind": "small"}


def test_arguments_become_a_typed_instance() -> None:
    parsed = parse_options(["run=a=b c", "rate=1", "flag=true", "devices=auto", "cells=lstm,gru"], Outer)
    assert (parsed.run, parsed.rate, parsed.flag, parsed.devices) == ("a=b c", 1.0, True, "auto")
    assert parsed.cells == "lstm,gru" and parsed.split == "test" and parsed.inner.size == 3
    assert parse_options(["run=null"], Outer).run is None


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("runs", "not key=value"),
        ("rum=x", "(?s)unknown key rum.*Did you mean run?"),
        ("split=tests", "(?s)no such choice.*Did you mean split=test?"),
        ("rate=many", "(?s)wrong type.*a number.*Type rate=0.5"),
        ("rate=nan", "(?s)out of bounds.*from 0.0 to 1.0"),
        ("devices=all", "(?s)wrong type.*a whole number or auto"),
        ("devices=9", "(?s)out of bounds.*from 1 to 8"),
        ("flag=3", "(?s)wrong type.*true or false.*Type flag=false"),
        ("flag=null", "(?s)wrong type.*true or false"),
        ("cells=gru,lstn", "(?s)cells=lstn: no such choice.*Did you mean cells=lstm?"),
    ],
)
def test_wrong_arguments_are_refused(argument: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_options([argument], Outer)


def test_values_of_a_configuration_are_checked_as_they_are() -> None:
    options = options_of(Outer)
    check_value(options["rate"], 1)
    check_value(options["run"], None)
    for key, value in (("rate", True), ("rate", "1"), ("devices", 1.0), ("split", None), ("run", 3)):
        with pytest.raises(UserError, match="wrong type"):
            check_value(options[key], value)


def test_help_is_aligned_and_wrapped() -> None:
    lines = format_options(Outer).splitlines()
    assert lines[0] == "  run=null          run folder"
    assert lines[1] == "  split=test        train|dev|test: split to score"
    assert max(map(len, lines)) <= 120 and sum(line.startswith(" " * 20) for line in lines) == 1
