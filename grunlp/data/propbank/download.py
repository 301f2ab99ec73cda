"""Get the files of a public repository: from a path the user gives, else downloaded.

The archive is removed as soon as its files are read: what is built from them is kept, a tenth of its size.
"""

import logging
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from grunlp.data.propbank.sources import Source, digest, read_source
from grunlp.errors import GrunlpError

CHUNK = 1 << 18
TIMEOUT = 30  # seconds without a byte

log = logging.getLogger(__name__)


def obtain(source: Source, path: Path | None) -> dict[str, bytes]:
    """The used files of a source, `{path inside the repository: content}`.

    Args:
        source: which files.
        path: a folder or archive; files of another commit are taken with a warning. None downloads.

    Raises:
        GrunlpError: the path does not hold them; or the download failed, stopped early or brought other files.
    """
    if path is None:
        return download(source)
    files = read_source(source, path)
    if digest(files) != source.sha256:
        log.warning("%s: not the files of %s; results will differ from the published ones", path, source.url)
    return files


def download(source: Source) -> dict[str, bytes]:
    """The used files of a source from the network, checked. Raises GrunlpError as `obtain` does."""
    advice = f"Get {source.name} by other means and give its path: see the scripts prepare_propbank_*.py --help"
    log.info("downloading %s (licence %s)", source.url, source.licence)
    with tempfile.TemporaryDirectory(prefix="grunlp-") as folder:
        archive = Path(folder) / "archive.tar.gz"
        try:
            _fetch(source, archive)
        except (OSError, HTTPException, EOFError) as error:
            raise GrunlpError(
                f"cannot download {source.url}: {error}", "It is downloaded once; the result is kept.", advice
            ) from error
        files = read_source(source, archive)
    if (found := digest(files)) != source.sha256:
        raise GrunlpError(f"{source.url} has other files: SHA-256 {found}", f"Expected {source.sha256}.", advice)
    return files


def _fetch(source: Source, target: Path) -> None:
    with urllib.request.urlopen(source.url, timeout=TIMEOUT) as answer, target.open("wb") as file, _bar() as bar:
        size = int(answer.headers.get("Content-Length", 0))  # 0: not told, as for archives made on the fly
        task = bar.add_task(source.name, total=size or None)
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            bar.advance(task, len(chunk))
    received = target.stat().st_size
    if received < size:
        raise EOFError(f"the transfer stopped after {received:,} of {size:,} bytes")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, TimeRemainingColumn())
