"""Commands: help, exit status and error messages."""

import signal
import sys

import pytest

from grunlp.utils.cli import Command, command
from grunlp.utils.errors import UserError
from grunlp.utils.signals import TerminationSignal
from tests.conftest import Call


def test_arguments_reach_the_function_and_its_status_is_returned(call: Call) -> None:
    received: list[str] = []

    @command(lambda arguments: "help")
    def main(arguments: list[str]) -> int:
        received.extend(arguments)
        return 3

    assert call(main, "a=1", "b")[0] == 3
    assert received == ["a=1", "b"]


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_depends_on_the_arguments_and_runs_nothing(call: Call, flag: str) -> None:
    def fail(arguments: list[str]) -> int:
        raise AssertionError

    main = Command(fail, lambda arguments: f"help for {arguments[0]}")
    assert call(main, "recipe=srl", flag)[:2] == (0, "help for recipe=srl\n")


def test_a_user_error_is_printed_without_a_traceback(call: Call) -> None:
    def fail(arguments: list[str]) -> int:
        raise UserError("unknown key a", "there is b", "Type b=1")

    status, out, err = call(Command(fail, lambda _: ""))
    assert (status, out, err) == (2, "", "error: unknown key a\nthere is b\nType b=1\n")


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_give_the_status_that_shells_expect(call: Call, number: signal.Signals, expected: int) -> None:
    def stop(arguments: list[str]) -> int:
        raise TerminationSignal(number)

    status, _, err = call(Command(stop, lambda _: ""))
    assert status == expected and "stopped" in err


def test_other_exceptions_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: list[str]) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(sys, "argv", ["grunlp"])
    with pytest.raises(ZeroDivisionError):
        Command(fail, lambda _: "")()
