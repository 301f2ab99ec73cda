"""Files of a public repository, from a local path or a download.

A downloaded archive is removed as soon as it has been read; only the files built from it, a tenth of its size, are
kept.
"""

import logging
import tempfile
from pathlib import Path

from grunlp.data.propbank.sources import RepositorySource, files_digest, read_source
from grunlp.utils.download import download_file
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)


def fetch_source(source: RepositorySource, path: Path | None) -> dict[str, bytes]:
    """Return the files of a source that the build needs, as `{path inside the repository: content}`.

    Args:
        source: the repository and its files.
        path: a folder or archive; files of another commit are accepted with a warning. None: download.

    Raises:
        UserError: the path does not contain them, or the download failed, stopped early or had unexpected contents.
    """
    if path is None:
        return download(source)
    files = read_source(source, path)
    if files_digest(files) != source.sha256:
        log.warning("%s: not the files of %s; results will differ from the published ones", path, source.url)
    return files


def download(source: RepositorySource) -> dict[str, bytes]:
    """Download and check the files of a source that the build needs. Raises UserError as `fetch_source` does."""
    advice = f"Get {source.name} by other means and give its path: see the scripts prepare_propbank_*.py --help"
    log.info("downloading %s (licence %s)", source.url, source.license_name)
    with tempfile.TemporaryDirectory(prefix="grunlp-") as folder:
        archive = Path(folder) / "archive.tar.gz"
        download_file(source.url, archive, source.name, advice)
        files = read_source(source, archive)
    if (digest := files_digest(files)) != source.sha256:
        raise UserError(f"{source.url} has other files: SHA-256 {digest}", f"Expected {source.sha256}.", advice)
    return files
