"""Commands: help, exit status and error messages."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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


SCRIPT = """
import sys
from grunlp.utils.cli import command

@command(lambda arguments: "help", needs_reader="predict" in sys.argv)
def main(arguments):
    if "read" in arguments:
        sys.stdin.read()
    if "log" in arguments:
        import logging
        logging.getLogger("grunlp").warning("a warning")
    if "open" in arguments:
        with open("opened", "w") as file:
            print("lost", file=sys.stderr, flush=True)
        print("of the file", open("opened").read())
    if "fail" in arguments:
        from grunlp.utils.errors import UserError
        raise UserError("a user's error")
    for _ in range(100_000 if "much" in arguments else 1):
        print("a line" if "quiet" not in arguments else "", end="" if "quiet" in arguments else "\\n")
    if "socket" in arguments:
        raise BrokenPipeError(32, "Broken pipe")
    if "work" in arguments:
        print("the end", file=sys.stderr)
        open("finished", "w").close()
        return 3
    return 0

sys.exit(main())
"""

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Run the command above in a shell; SCRIPT in a line stands for it."""
    (tmp_path / "script.py").write_text(SCRIPT)

    def run(line: str) -> subprocess.CompletedProcess[str]:
        line = line.replace("SCRIPT", f"{sys.executable} script.py")
        return subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=60)

    return run


@pytest.mark.parametrize("words", ["", "much", "--help"])
@pytest.mark.parametrize(
    ("output", "message"),
    [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"), ("</dev/null >&-", "Bad file")],
)
def test_an_output_that_cannot_be_written_is_a_plain_error(shell: Shell, words: str, output: str, message: str) -> None:
    done = shell(f"SCRIPT {words} {output}")
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: standard input or output: ") and message in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("output", [">&-", ">&- <&-", "<&-", ""])
def test_closed_streams_that_are_not_used_do_not_matter(shell: Shell, output: str) -> None:
    done = shell(f"SCRIPT quiet {output}")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_input_is_a_plain_error(shell: Shell) -> None:
    done = shell("SCRIPT read <&-")
    assert done.returncode == 2 and done.stderr == "error: standard input or output: Bad file descriptor\n"


@pytest.mark.parametrize("words", ["predict much work", "predict --help"])
def test_a_closed_pipe_ends_a_command_that_only_prints(shell: Shell, tmp_path: Path, words: str) -> None:
    done = shell(f"set -o pipefail; SCRIPT {words} | head -1")
    assert (done.returncode, len(done.stdout.splitlines()), done.stderr) == (0, 1, "")
    assert not (tmp_path / "finished").exists()


@pytest.mark.parametrize("python", ["", "PYTHONUNBUFFERED=1 "])
@pytest.mark.parametrize("pipe", ["| head -1", "2>&1 | head -1", "2>&1 | true", "2>&1 >/dev/null | true"])
@pytest.mark.parametrize("words", ["much work", "much work log"])
@pytest.mark.slow
def test_after_a_closed_pipe_a_command_finishes_its_work(
    shell: Shell, tmp_path: Path, words: str, pipe: str, python: str
) -> None:
    """Such as a training, or an evaluation that saves its scores; what it prints is discarded."""
    done = shell(f"set -o pipefail; {python}SCRIPT {words} {pipe}")
    assert done.returncode == 3 and (tmp_path / "finished").exists()
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_broken_connection_is_not_taken_for_a_closed_pipe(shell: Shell) -> None:
    done = shell("SCRIPT socket")
    assert done.returncode == 2 and done.stderr == "error: standard input or output: Broken pipe\n"


@pytest.mark.parametrize("output", ["2>&-", "2>/dev/full", "2>/dev/full >/dev/full"])
@pytest.mark.parametrize(("words", "status"), [("fail", 2), ("log", 0)])
def test_errors_that_cannot_be_printed_keep_their_status(shell: Shell, words: str, status: int, output: str) -> None:
    done = shell(f"SCRIPT {words} {output}")
    assert done.returncode == (2 if ">/dev/full >" in output else status)
    assert done.stderr == ""


def test_nothing_that_is_printed_ends_in_an_opened_file(shell: Shell) -> None:
    """A file that a process opens has the number of a stream that its caller has closed."""
    assert shell("SCRIPT open 2>&-").stdout == "of the file \na line\n"
    assert shell("SCRIPT open 2>&- <&-").stdout == "of the file \na line\n"
