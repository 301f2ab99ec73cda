"""Find the prepared PropBank files, or build them once into the user's cache."""

import gzip
import io
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from grunlp.data.example import Example
from grunlp.data.propbank.download import cache_folder, obtain
from grunlp.data.propbank.ewt import SPLITS, join_ewt
from grunlp.data.propbank.frames import convert_frames
from grunlp.data.propbank.sources import PROPBANK_EWT, PROPBANK_FRAMES, UD_EWT
from grunlp.data.writers import write_columns
from grunlp.errors import GrunlpError

log = logging.getLogger(__name__)

EWT_FILES = tuple(f"{split}.conll.gz" for split in SPLITS)
FRAMES_FILE = "frames.conll.gz"


def find_ewt() -> Path:
    """The folder with train.conll.gz, dev.conll.gz and test.conll.gz: `$GRUNLP_DATA/propbank-ewt`, else the one in the
    user's cache, else built there from the archives in `$GRUNLP_DATA/raw` or downloaded.

    Raises:
        GrunlpError: they must be downloaded and cannot be.
    """
    cached = cache_folder() / "propbank-ewt"
    for folder in (_data() / "propbank-ewt", cached):
        if all((folder / name).is_file() for name in EWT_FILES):
            return folder
    build_ewt(cached, _raw("UD_English-EWT-sources"), _raw("propbank-release-ewt"))
    return cached


def find_frames() -> Path:
    """`frames.conll.gz`: the one in the user's cache, else built there from the archive in `$GRUNLP_DATA/raw` or
    downloaded. Raises GrunlpError as `find_ewt` does."""
    cached = cache_folder() / "propbank-frames"
    if not (cached / FRAMES_FILE).is_file():
        build_frames(cached, _raw("propbank-frames"))
    return cached / FRAMES_FILE


def build_ewt(out: Path, ud: Path | None, propbank: Path | None) -> Counter[str]:
    """Write the three splits to the folder `out`.

    Args:
        out: made if it is not there; files in it are replaced.
        ud, propbank: UD_English-EWT and propbank-release as folders or archives; None downloads.

    Returns:
        Counts for people to read: sentences and predicates of each split, and what was dropped.
    """
    log.info("building PropBank on the English Web Treebank in %s", out)
    joined = join_ewt(obtain(UD_EWT, ud), obtain(PROPBANK_EWT, propbank))
    counts: Counter[str] = Counter()
    for split, examples in joined.splits.items():
        counts[f"{split} sentences"] = len(examples)
        counts[f"{split} predicates"] = sum(len(example["frames"]) for example in examples)
    _write(out, {f"{split}.conll.gz": examples for split, examples in joined.splits.items()})
    for what, count in joined.dropped.items():
        counts[f"{what} dropped: not aligned"] = count
    return counts


def build_frames(out: Path, frames: Path | None) -> Counter[str]:
    """Write `frames.conll.gz` to the folder `out`; arguments and result as for `build_ewt`."""
    log.info("building the examples of the PropBank frame files in %s", out)
    converted = convert_frames(obtain(PROPBANK_FRAMES, frames))
    _write(out, {FRAMES_FILE: converted.examples})
    return converted.counts


def refuse_existing(out: Path, names: Iterable[str]) -> None:
    """Raises GrunlpError when one of the files is in `out` already."""
    if there := [name for name in names if (out / name).exists()]:
        raise GrunlpError(
            f"{out} already has {', '.join(there)}", to_type="Add --force to replace, or choose another --out."
        )


def _data() -> Path:
    """The folder of corpora; one that does not exist when the user named none."""
    return Path(os.environ.get("GRUNLP_DATA") or os.devnull)


def _raw(name: str) -> Path | None:
    archive = _data() / "raw" / f"{name}.tar.xz"
    return archive if archive.is_file() else None


def _write(out: Path, files: Mapping[str, Iterable[Example]]) -> None:
    """Write all files beside `out` first, then move them in: an interrupted build leaves nothing that looks whole."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as folder:
            for name, examples in files.items():
                _write_packed(Path(folder) / name, examples)
            for name in files:
                os.replace(Path(folder) / name, out / name)
    except OSError as error:
        raise GrunlpError(
            f"cannot write to {out}: {error}",
            to_type="Choose another place: --out of the scripts, or XDG_CACHE_HOME for the cache.",
        ) from error


def _write_packed(path: Path, examples: Iterable[Example]) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed,  # no name, no time: the same bytes each time
        io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as text,
    ):
        write_columns(examples, text)
