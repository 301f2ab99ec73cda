"""Get the files of a public repository: from a path the user gives, else downloaded.

The archive is removed as soon as its files are read: what is built from them is kept, a tenth of its size.
"""

import logging
import tempfile
from pathlib import Path

from grunlp.data.propbank.sources import RepositorySource, files_digest, read_source
from grunlp.utils.download import download_file
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)


def fetch_source(source: RepositorySource, path: Path | None) -> dict[str, bytes]:
    """The used files of a source, `{path inside the repository: content}`.

    Args:
        source: which files.
        path: a folder or archive; files of another commit are taken with a warning. None downloads.

    Raises:
        UserError: the path does not hold them; or the download failed, stopped early or brought other files.
    """
    if path is None:
        return download(source)
    files = read_source(source, path)
    if files_digest(files) != source.sha256:
        log.warning("%s: not the files of %s; results will differ from the published ones", path, source.url)
    return files


def download(source: RepositorySource) -> dict[str, bytes]:
    """The used files of a source from the network, checked. Raises UserError as `obtain` does."""
    advice = f"Get {source.name} by other means and give its path: see the scripts prepare_propbank_*.py --help"
    log.info("downloading %s (licence %s)", source.url, source.license_name)
    with tempfile.TemporaryDirectory(prefix="grunlp-") as folder:
        archive = Path(folder) / "archive.tar.gz"
        download_file(source.url, archive, source.name, advice)
        files = read_source(source, archive)
    if (found := files_digest(files)) != source.sha256:
        raise UserError(f"{source.url} has other files: SHA-256 {found}", f"Expected {source.sha256}.", advice)
    return files
