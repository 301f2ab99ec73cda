"""Folders of public corpora: copies that the user has, or downloads."""

import gzip
import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grunlp.utils.cache import cache_dir
from grunlp.utils.download import download_file
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublicFile:
    """A file that can be downloaded without registration.

    Args:
        name: its file name.
        url: its address.
        sha256: checksum of its text, decompressed if the name ends in ".gz".
    """

    name: str
    url: str
    sha256: str


def locate_dataset(
    name: str,
    folder: str,
    expected_files: str,
    homepage: str,
    user_data_example: str,
    files: Sequence[PublicFile] = (),
    license_name: str = "",
) -> Path:
    """Find the folder of a corpus in `$GRUNLP_DATA` or in the user's cache, or download the corpus to the cache.

    Args:
        name: the data set.
        folder: the name of its folder.
        expected_files: description of the files in it, for messages.
        homepage: the web page that offers it.
        user_data_example: an example command that uses other files instead.
        files: the files to download; none if they cannot be downloaded directly.
        license_name: the license of these files, for the log.

    Raises:
        UserError: the corpus is not there and cannot be downloaded.
    """
    root = os.environ.get("GRUNLP_DATA")
    if root and (Path(root) / folder).is_dir():
        return Path(root) / folder
    details = f"it is looked for in $GRUNLP_DATA/{folder}: {expected_files}"
    advice = f"Get it from {homepage}, or type {user_data_example}"
    if not files:
        raise UserError(f"data={name}: no such folder", details, advice)
    cached = cache_dir() / folder
    missing = [file for file in files if not (cached / file.name).is_file()]
    if missing:
        message = "data=%s: not in $GRUNLP_DATA/%s; downloading %d files (licence: %s) to %s"
        log.info(message, name, folder, len(missing), license_name, cached)
    try:
        for file in missing:
            cached.mkdir(parents=True, exist_ok=True)
            _download(file, cached, f"{advice}. Contents of $GRUNLP_DATA/{folder}: {expected_files}")
    except OSError as error:
        raise UserError(
            f"cannot write to {cached}: {error}", details, "Set XDG_CACHE_HOME to another folder"
        ) from error
    return cached


def _download(file: PublicFile, folder: Path, hint: str) -> None:
    """Download and check a file. It gets its final name only when it is complete and its checksum is right."""
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as temp_dir:
        target = Path(temp_dir) / file.name
        download_file(file.url, target, file.name, hint)
        content = target.read_bytes()
        try:
            text = gzip.decompress(content) if file.name.endswith(".gz") else content
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(f"{file.url} has changed: {error}", "Expected a gzip file", hint) from error
        if (digest := hashlib.sha256(text).hexdigest()) != file.sha256:
            raise UserError(f"{file.url} has changed: its SHA-256 is {digest}", f"Expected {file.sha256}", hint)
        target.replace(folder / file.name)
