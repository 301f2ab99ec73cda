"""The three public repositories that PropBank data are built from, and reading of their files from disk.

A repository may be a checkout, an unpacked archive, or a .tar.gz, .tar.xz or .zip archive of either. Only the files
that the build uses are read, so an archive of just those is enough.
"""

import hashlib
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from grunlp.utils.errors import UserError


@dataclass(frozen=True)
class RepositorySource:
    """The files of one repository at one commit.

    Args:
        name: the repository, for messages and file names.
        url: the archive of the commit.
        pattern: regular expression that ends the path of a used file; its first group is the path inside the
            repository.
        license_name: the license of the data.
        sha256: checksum of the used files, as computed by `files_digest`. (The bytes of a commit archive may change;
            its files do not.)
    """

    name: str
    url: str
    pattern: str
    license_name: str
    sha256: str


UD_EWT = RepositorySource(
    name="UD_English-EWT",
    url="https://github.com/UniversalDependencies/UD_English-EWT/archive/15d613d8.tar.gz",
    pattern=r"(?:^|/)(not-to-release/sources/[^/]+/[^/]+\.xml\.conllu)$",
    license_name="CC BY-SA 4.0",
    sha256="0a5462d1985d0f1de73c390faec87b62d3bdfe6bbbad3d6b58fa2a8a2c9cf916",
)
PROPBANK_EWT = RepositorySource(
    name="propbank-release",
    url="https://github.com/propbank/propbank-release/archive/4abade0b.tar.gz",
    pattern=r"(?:^|/)(data/google/ewt/.+\.gold_skel|docs/evaluation/ewt\.(?:train|dev|test)\.txt)$",
    license_name="CC BY-SA 4.0",
    sha256="8bb69a2c4ac6b334e04385788bf8f3df2b491b9afc3e12379c9e56d95844273a",
)
PROPBANK_FRAMES = RepositorySource(
    name="propbank-frames",
    url="https://github.com/propbank/propbank-frames/archive/c66e0ccf.tar.gz",
    pattern=r"(?:^|/)(frames/[^/]+\.xml)$",
    license_name="CC BY-SA 4.0",
    sha256="f50d9ab9af0e642548c4f116837807cb16333277f1dd400af636177154fb1015",
)


def files_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of the files sorted by path: of each its path, a zero byte, and the SHA-256 of its content."""
    whole = hashlib.sha256()
    for path in sorted(files):
        whole.update(path.encode() + b"\0" + hashlib.sha256(files[path]).digest())
    return whole.hexdigest()


def read_source(source: RepositorySource, path: Path) -> dict[str, bytes]:
    """Read the used files of a source from a folder or an archive, as `{path inside the repository: content}`.

    Raises:
        UserError: the path does not exist, cannot be read as an archive, or has none of the files.
    """
    if not path.exists():
        raise UserError(f"{path} does not exist", f"Expected {source.name} as a folder or an archive.")
    try:
        used = re.compile(source.pattern)
        files = {match[1]: content for name, content in _walk(path, used) if (match := used.search(name))}
    except (tarfile.TarError, zipfile.BadZipFile, lzma.LZMAError, zlib.error, EOFError, OSError) as error:
        raise UserError(
            f"cannot read {path}: {error}", "Expected a folder or a .tar.gz, .tar.xz or .zip archive."
        ) from error
    if not files:
        raise UserError(
            f"{path} has no file of {source.name}",
            f"Expected paths that end like {source.pattern}",
            f"Download {source.url} and give that file.",
        )
    return files


def _walk(path: Path, is_used: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of every used file."""
    if path.is_dir():
        for file in path.resolve().rglob("*"):
            if is_used.search(file.as_posix()) and file.is_file():
                yield file.as_posix(), file.read_bytes()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if is_used.search(name):
                    yield name, archive.read(name)
    else:
        with tarfile.open(path) as archive:
            for member in archive:
                if is_used.search(member.name) and (content := archive.extractfile(member)):
                    yield member.name, content.read()
