"""Downloading a file."""

import urllib.request
from http.client import HTTPException
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from grunlp.utils.errors import GrunlpError

_CHUNK = 1 << 18
_TIMEOUT = 30  # seconds without a byte


def fetch(url: str, target: Path, name: str, advice: str) -> None:
    """Download into a file, with a progress bar.

    Args:
        url: where it is.
        target: the file, overwritten.
        name: beside the bar.
        advice: what to do where it fails.

    Raises:
        GrunlpError: it failed or stopped early.
    """
    try:
        _fetch(url, target, name)
    except (OSError, HTTPException, EOFError) as error:
        raise GrunlpError(f"cannot download {url}: {error}", "Nothing of it was kept.", advice) from error


def _fetch(url: str, target: Path, name: str) -> None:
    with urllib.request.urlopen(url, timeout=_TIMEOUT) as answer, target.open("wb") as file, _bar() as bar:
        size = int(answer.headers.get("Content-Length", 0))  # 0: not told, as for archives made on the fly
        task = bar.add_task(name, total=size or None)
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            bar.advance(task, len(chunk))
    received = target.stat().st_size
    if received < size:
        raise EOFError(f"the transfer stopped after {received:,} of {size:,} bytes")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn())
