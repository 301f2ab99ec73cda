"""Ctrl-C and SIGTERM, the system's request to end, as an exception that says which of them it was."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TerminationSignal(BaseException):
    """A command was told to end. Like KeyboardInterrupt, it is no fault that anything should handle.

    Args:
        signal: which told it.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

    @property
    def exit_code(self) -> int:
        """What the command leaves with: 130 after Ctrl-C, 143 after SIGTERM, as a shell expects."""
        return 128 + self.signal


def raise_on_signals() -> AbstractContextManager[None]:
    """Within, either signal raises `TerminationSignal`; see `handling`."""
    return signal_handlers(_raise)


@contextmanager
def signal_handlers(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Within, this handles either signal, unless whoever started the command has it ignored.

    Signals are for the main thread; another changes nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _raise(number: int, frame: FrameType | None) -> None:
    """What handles a signal so."""
    raise TerminationSignal(number)
