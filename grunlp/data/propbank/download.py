"""Get the files of a public repository: from a path the user gives, else downloaded.

The archive is removed as soon as its files are read: what is built from them is kept, a tenth of its size.
"""

import logging
import tempfile
from pathlib import Path

from grunlp.data.propbank.sources import Source, digest, read_source
from grunlp.utils.download import fetch
from grunlp.utils.errors import GrunlpError

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
        fetch(source.url, archive, source.name, advice)
        files = read_source(source, archive)
    if (found := digest(files)) != source.sha256:
        raise GrunlpError(f"{source.url} has other files: SHA-256 {found}", f"Expected {source.sha256}.", advice)
    return files
