"""Functions shared by all commands: errors as plain messages, the log on standard error, exit codes."""

import io
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from grunlp.utils.errors import UserError
from grunlp.utils.signals import TerminationSignal, raise_on_signals

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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


class _PipeOutput(io.FileIO):
    """A file descriptor for output that is discarded once its reader has closed the pipe."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes, and return how many were written or discarded."""
        try:
            return super().write(data)
        except BrokenPipeError:
            _redirect_to_null(self.fileno())
            return memoryview(data).nbytes


def discard_output_without_reader() -> None:
    """Let standard output and error discard what is printed after their reader has closed the pipe, as `head` does.

    Otherwise printing a line would end a training, or an evaluation before its scores are saved.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not getattr(sys, f"__{name}__") or not isinstance(stream, io.TextIOWrapper):
            continue  # replaced before, by this function or by a program that captures the output
        stream.flush()
        raw = _PipeOutput(stream.fileno(), "wb", closefd=False)
        is_buffered = isinstance(stream.buffer, io.BufferedIOBase)
        new = io.TextIOWrapper(
            io.BufferedWriter(raw) if is_buffered else raw,  # type: ignore[arg-type]  # as with python -u
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, new)


def exit_status(function: Callable[[], int], needs_reader: bool = False) -> int:
    """Call a function and return its exit status; errors that a user can cause are printed without a traceback.

    The status is 2 after a `UserError` or an error of the system, such as an output on a full disk, 130 after Ctrl-C
    and 143 after SIGTERM.

    Args:
        function: the function.
        needs_reader: whether a closed pipe ends the function quietly with status 0.
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
    except OSError as error:
        if needs_reader and isinstance(error, BrokenPipeError):
            _discard(sys.stdout)
            return 0
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
        _redirect_to_null(stream.fileno())


def _redirect_to_null(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


class Command:
    """The entry point of a command; a call reads `sys.argv` and returns the exit status.

    `--help` prints `help_text(arguments)`. Errors end the command as in `exit_status`, without half-written files.

    Args:
        function: `function(arguments) -> exit status`.
        help_text: returns the help for the arguments typed so far.
        needs_reader: whether it only prints, so that it ends quietly when the reader of its output has closed the pipe;
            other commands finish their work, and what they print is discarded.
    """

    def __init__(self, function: EntryPoint, help_text: HelpProvider, needs_reader: bool = False) -> None:
        self.function, self.help_text, self.needs_reader = function, help_text, needs_reader

    def __call__(self) -> int:
        """Run the command."""
        replace_closed_streams()
        if not self.needs_reader:
            discard_output_without_reader()
        configure_logging()
        arguments = sys.argv[1:]
        return exit_status(lambda: self._run(arguments), self.needs_reader)

    def _run(self, arguments: list[str]) -> int:
        if "--help" in arguments or "-h" in arguments:
            print(self.help_text(arguments))
            return 0
        with raise_on_signals():
            return self.function(arguments)


def command(help_text: HelpProvider, needs_reader: bool = False) -> Callable[[EntryPoint], Command]:
    """Convert `function(arguments) -> exit status` into a `Command`."""
    return lambda function: Command(function, help_text, needs_reader)
