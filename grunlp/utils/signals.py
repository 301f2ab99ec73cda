"""Ctrl-C (SIGINT) and SIGTERM as an exception that carries the signal."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TerminationSignal(BaseException):
    """A request to terminate. Like KeyboardInterrupt, it is not an Exception, so that error handlers do not catch it.

    Args:
        signal: the number of the signal.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal

    @property
    def exit_code(self) -> int:
        """The exit status that shells expect: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.signal


def raise_on_signals() -> AbstractContextManager[None]:
    """Raise `TerminationSignal` on either signal within the context; see `signal_handlers`."""
    return signal_handlers(raise_signal)


@contextmanager
def signal_handlers(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Call a handler for either signal within the context, unless it was ignored when the command started.

    This has no effect outside the main thread, because only the main thread receives signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handled = [signum for signum in SIGNALS if signal.getsignal(signum) is not signal.SIG_IGN]
    previous = {signum: signal.signal(signum, handler) for signum in handled}
    try:
        yield
    finally:
        for signum, previous_handler in previous.items():
            signal.signal(signum, previous_handler)


def raise_signal(signum: int, frame: FrameType | None) -> None:
    """Handle a signal by raising `TerminationSignal`."""
    raise TerminationSignal(signum)
