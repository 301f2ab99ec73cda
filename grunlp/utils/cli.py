"""Functions shared by all commands: errors as plain messages, the log on standard error, exit codes."""

import io
import logging
import os
import sys
from collections.abc import Callable

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


class Command:
    """The entry point of a command; a call reads `sys.argv` and returns the exit status.

    `--help` prints `help_text(arguments)`. A `UserError` is printed without a traceback and sets the status to 2.
    Ctrl-C sets it to 130 and SIGTERM to 143; neither leaves half-written files. If the reader closes the pipe (as
    `head` does), the command ends quietly.

    Args:
        function: `function(arguments) -> exit status`.
        help_text: returns the help for the arguments typed so far.
    """

    def __init__(self, function: EntryPoint, help_text: HelpProvider) -> None:
        self.function, self.help_text = function, help_text

    def __call__(self) -> int:
        """Run the command."""
        configure_logging()
        arguments = sys.argv[1:]
        try:
            if "--help" in arguments or "-h" in arguments:
                print(self.help_text(arguments))
                return 0
            with raise_on_signals():
                return self.function(arguments)
        except UserError as error:
            print(f"error: {error}", file=sys.stderr)
            return EXIT_USAGE
        except TerminationSignal as termination:
            print("stopped", file=sys.stderr)
            return termination.exit_code
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python's final flush fails
            return 0


def command(help_text: HelpProvider) -> Callable[[EntryPoint], Command]:
    """Convert `function(arguments) -> exit status` into a `Command`."""
    return lambda function: Command(function, help_text)
