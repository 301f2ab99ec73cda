"""Functions shared by all commands: errors as plain messages, the log on standard error, exit codes."""

import io
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from grunlp.utils.errors import UserError
from grunlp.utils.signals import TerminationSignal, raise_on_signals

EXIT_USAGE = 2

EntryPoint = Callable[[list[str]], int]
HelpProvider = Callable[[list[str]], str]


def configure_logging() -> None:
    """Set standard output and error to UTF-8, and send the log to standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")  # all data are UTF-8, independent of the locale
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("grunlp").setLevel(logging.INFO)


def replace_closed_streams() -> None:
    """Replace standard input, output and error where the caller has closed them (`>&-`).

    Otherwise the next file that is opened would get the number of the stream, and what a library prints would end in
    it. Reading the new input, and writing the new output, is an error; new standard error discards what is written.
    """
    modes = {"stdin": (os.O_WRONLY, "r"), "stdout": (os.O_RDONLY, "w"), "stderr": (os.O_WRONLY, "w")}
    for number, (name, (flags, mode)) in enumerate(modes.items()):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def exit_status(function: Callable[[], int]) -> int:
    """Call a function and return its exit status; errors that a user can cause are printed without a traceback.

    The status is 2 after a `UserError` or an error of the system, such as an output on a full disk, 130 after Ctrl-C
    and 143 after SIGTERM. A reader that closes the pipe, as `head` does, ends the function quietly with status 0.
    """
    try:
        status = function()
        sys.stdout.flush()
        return status
    except UserError as error:
        _print_error(f"error: {error}")
    except TerminationSignal as termination:
        _print_error("stopped")
        return termination.exit_code
    except BrokenPipeError:
        _discard(sys.stdout)
        return 0
    except OSError as error:
        place = error.filename if error.filename is not None else "standard input or output"
        _print_error(f"error: {place}: {error.strerror or error}")
        _discard(sys.stdout)
    return EXIT_USAGE


def _print_error(message: str) -> None:
    try:
        print(message, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def _discard(stream: TextIO) -> None:
    """Let a stream write to nowhere: otherwise Python's flush at its end fails again."""
    with suppress(OSError, ValueError):
        discard = os.open(os.devnull, os.O_WRONLY)
        os.dup2(discard, stream.fileno())
        os.close(discard)


class Command:
    """The entry point of a command; a call reads `sys.argv` and returns the exit status.

    `--help` prints `help_text(arguments)`. Errors end the command as in `exit_status`, without half-written files.

    Args:
        function: `function(arguments) -> exit status`.
        help_text: returns the help for the arguments typed so far.
    """

    def __init__(self, function: EntryPoint, help_text: HelpProvider) -> None:
        self.function, self.help_text = function, help_text

    def __call__(self) -> int:
        """Run the command."""
        replace_closed_streams()
        configure_logging()
        arguments = sys.argv[1:]
        return exit_status(lambda: self._run(arguments))

    def _run(self, arguments: list[str]) -> int:
        if "--help" in arguments or "-h" in arguments:
            print(self.help_text(arguments))
            return 0
        with raise_on_signals():
            return self.function(arguments)


def command(help_text: HelpProvider) -> Callable[[EntryPoint], Command]:
    """Convert `function(arguments) -> exit status` into a `Command`."""
    return lambda function: Command(function, help_text)
