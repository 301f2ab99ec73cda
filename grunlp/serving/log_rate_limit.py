"""A limit of the lines that the server writes to its log, whatever clients and the system do."""

import logging
import time

SECONDS = 60.0
_LOGGERS = (
    "asyncio",
    "uvicorn.error",
    "grunlp.serving.dynamic_batching",
    "grunlp.serving.request_middleware",
    "grunlp.serving.routes_stream",
    "grunlp.serving.worker_processes",
)


def limit_log_rate() -> None:
    """Let each message of the server and its libraries be logged once a minute, with the number of those left out."""
    for name in _LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(found, RateLimit) for found in logger.filters):
            logger.addFilter(RateLimit())


class RateLimit(logging.Filter):
    """A filter that lets a message pass once in `SECONDS`; messages that differ in their arguments are the same.

    An exception is logged with its traceback the first time only.
    """

    def __init__(self) -> None:
        super().__init__()
        self._next: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide whether a record is logged."""
        key, now = _key(record), time.monotonic()
        if now < self._next.get(key, 0.0):
            self._suppressed[key] = self._suppressed.get(key, 0) + 1
            return False
        repeated = key in self._next
        self._next[key] = now + SECONDS
        if suppressed := self._suppressed.pop(key, 0):
            record.msg, record.args = f"{record.getMessage()} ({suppressed} more of the kind before)", None
        if repeated:
            record.exc_info = record.exc_text = None
        return True


def _key(record: logging.LogRecord) -> str:
    """Return what messages of a kind have in common: the text without arguments, and the place of an exception."""
    message = str(record.msg).partition("\n")[0]
    if not record.exc_info or record.exc_info[0] is None:
        return message
    kind, _, traceback = record.exc_info
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}" if traceback else ""
    return f"{message} {kind.__name__} {place}"
