"""Folders of known corpora: the user's own, else downloaded once."""

import gzip
import hashlib
import logging
import os
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grunlp.utils.cache import cache_folder
from grunlp.utils.download import fetch
from grunlp.utils.errors import GrunlpError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PublicFile:
    """A file that anyone may download.

    Args:
        name: what it is called.
        url: where it is.
        sha256: of its text, unpacked where the name ends in ".gz".
    """

    name: str
    url: str
    sha256: str


def data_folder(
    name: str, folder: str, inside: str, home: str, own: str, files: Sequence[PublicFile] = (), licence: str = ""
) -> Path:
    """A corpus: under `$GRUNLP_DATA`, else in the user's cache, else downloaded there.

    Args:
        name: of the data set.
        folder: what its folder is called.
        inside: what lies there, for the message.
        home: where to get it.
        own: what to type instead.
        files: what to download, as it is; none where it is not to be had so.
        licence: of these files, for the log.

    Raises:
        GrunlpError: it is not there and cannot be downloaded.
    """
    root = os.environ.get("GRUNLP_DATA")
    if root and (Path(root) / folder).is_dir():
        return Path(root) / folder
    there = f"it is looked for in $GRUNLP_DATA/{folder}: {inside}"
    advice = f"Get it from {home}, or type {own}"
    if not files:
        raise GrunlpError(f"data={name}: no such folder", there, advice)
    cached = cache_folder() / folder
    missing = [file for file in files if not (cached / file.name).is_file()]
    if missing:
        said = "data=%s: not in $GRUNLP_DATA/%s; downloading %d files (licence: %s) to %s"
        log.info(said, name, folder, len(missing), licence, cached)
    try:
        for file in missing:
            cached.mkdir(parents=True, exist_ok=True)
            _download(file, cached, f"{advice}. What lies in $GRUNLP_DATA/{folder}: {inside}")
    except OSError as error:
        raise GrunlpError(
            f"cannot write to {cached}: {error}", there, "Set XDG_CACHE_HOME to another folder"
        ) from error
    return cached


def _download(file: PublicFile, folder: Path, advice: str) -> None:
    """Get and check a file; nothing else is ever seen under its name."""
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as place:
        target = Path(place) / file.name
        fetch(file.url, target, file.name, advice)
        content = target.read_bytes()
        try:
            text = gzip.decompress(content) if file.name.endswith(".gz") else content
        except (OSError, EOFError, zlib.error) as error:
            raise GrunlpError(f"{file.url} is not what it was: {error}", "Expected a gzip file", advice) from error
        if (found := hashlib.sha256(text).hexdigest()) != file.sha256:
            raise GrunlpError(f"{file.url} is not what it was: SHA-256 {found}", f"Expected {file.sha256}", advice)
        target.replace(folder / file.name)
