"""Downloading a file."""

import urllib.request
from http.client import HTTPException
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from grunlp.utils.errors import UserError

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30  # seconds without a byte


def download_file(url: str, target: Path, name: str, hint: str) -> None:
    """Download into a file, with a progress bar.

    Args:
        url: where it is.
        target: the file, overwritten.
        name: beside the bar.
        hint: what to do where it fails.

    Raises:
        UserError: it failed or stopped early.
    """
    try:
        _download(url, target, name)
    except (OSError, HTTPException, EOFError) as error:
        raise UserError(f"cannot download {url}: {error}", "Nothing of it was kept.", hint) from error


def _download(url: str, target: Path, name: str) -> None:
    with (
        urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer,
        target.open("wb") as file,
        _progress_bar() as bar,
    ):
        size = int(answer.headers.get("Content-Length", 0))  # 0: not told, as for archives made on the fly
        task = bar.add_task(name, total=size or None)
        while chunk := answer.read(_CHUNK_BYTES):
            file.write(chunk)
            bar.advance(task, len(chunk))
    received = target.stat().st_size
    if received < size:
        raise EOFError(f"the transfer stopped after {received:,} of {size:,} bytes")


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn())
