"""Download of a file with a progress bar."""

import socket
import time
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from grunlp.utils.errors import UserError

_CHUNK_BYTES = 1 << 18
_CONNECT_SECONDS = 10  # for all addresses of a host together
_TIMEOUT_SECONDS = 30  # without a byte


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
        _require_connection(url)
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


def _require_connection(url: str) -> None:
    """Raise OSError if no address of the host accepts a connection in time; urllib itself waits for each in turn."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.scheme in urllib.request.getproxies():
        return
    end = time.monotonic() + _CONNECT_SECONDS
    error: OSError = TimeoutError("timed out")
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    for family, kind, protocol, _, address in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM):
        with socket.socket(family, kind, protocol) as connection:
            connection.settimeout(max(end - time.monotonic(), 0.01))
            try:
                connection.connect(address)
            except OSError as failure:
                error = failure
            else:
                return
    raise error


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn())
