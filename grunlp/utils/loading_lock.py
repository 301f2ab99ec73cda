"""A lock for what loads models.

Libraries import parts of themselves when they are first used and change settings of the process meanwhile, which
threads must not do at once: transformers, for example, is incomplete for the second of two threads that import it.
"""

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

ParamT = ParamSpec("ParamT")
ReturnT = TypeVar("ReturnT")

_lock = threading.RLock()

if hasattr(os, "register_at_fork"):  # A fork waits, so that no child inherits a module that is half imported.
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def one_at_a_time(function: Callable[ParamT, ReturnT]) -> Callable[ParamT, ReturnT]:
    """Let only one thread at a time run any of the functions that are decorated with this."""

    @wraps(function)
    def locked(*args: ParamT.args, **kwargs: ParamT.kwargs) -> ReturnT:
        with _lock:
            return function(*args, **kwargs)

    return locked
