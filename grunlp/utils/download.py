"""Download of a file with a progress bar."""

import urllib.request
from http.client import HTTPException
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from grunlp.utils.errors import UserError

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30  # seconds without a byte


def download_file(url: str, target: Path, name: str, hint: str) -> None:
    """Download a file with a progress bar.

    Args:
        url: the address of the file.
        target: the path to write to; an existing file is overwritten.
        name: label of the progress bar.
        hint: advice in case the download fails.

    Raises:
        UserError: the download failed or was incomplete.
    """
    try:
        _download(url, target, name)
    except (OSError, HTTPException, EOFError) as error:
        raise UserError(f"cannot download {url}: {error}", "The partial file was removed.", hint) from error


def _download(url: str, target: Path, name: str) -> None:
    with (
        urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response,
        target.open("wb") as file,
        _progress_bar() as bar,
    ):
        size = int(response.headers.get("Content-Length", 0))  # 0: unknown, as for archives made on the fly
        task = bar.add_task(name, total=size or None)
        while chunk := response.read(_CHUNK_BYTES):
            file.write(chunk)
            bar.advance(task, len(chunk))
    received = target.stat().st_size
    if received < size:
        raise EOFError(f"the transfer stopped after {received:,} of {size:,} bytes")


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn())
