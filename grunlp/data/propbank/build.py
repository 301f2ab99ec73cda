"""Location of the prepared PropBank files, which are built in the user's cache when first needed."""

import gzip
import io
import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from grunlp.data.examples import SRLExample
from grunlp.data.propbank.download import fetch_source
from grunlp.data.propbank.ewt import SPLITS, join_ewt
from grunlp.data.propbank.frame_index import INDEX_FILE, build_index, encode_index, index_path
from grunlp.data.propbank.frames import convert_frames
from grunlp.data.propbank.sources import PROPBANK_EWT, PROPBANK_FRAMES, UD_EWT
from grunlp.data.writers import write_columns
from grunlp.utils.atomic_io import atomic_dir
from grunlp.utils.cache import cache_dir
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

EWT_FILES = tuple(f"{split}.conll.gz" for split in SPLITS)
FRAMES_FILE = "frames.conll.gz"


def find_ewt() -> Path:
    """Return the folder with train.conll.gz, dev.conll.gz and test.conll.gz.

    It is `$GRUNLP_DATA/propbank-ewt` or a folder in the user's cache. If neither exists, it is built in the cache from
    the archives in `$GRUNLP_DATA/raw` or from downloads.

    Raises:
        UserError: the archives cannot be downloaded.
    """
    cached = cache_dir() / "propbank-ewt"
    for folder in (_datasets_dir() / "propbank-ewt", cached):
        if all((folder / name).is_file() for name in EWT_FILES):
            return folder
    build_ewt(cached, raw_archive("UD_English-EWT-sources"), raw_archive("propbank-release-ewt"))
    return cached


def find_frames() -> Path:
    """Return the folder with frames.conll.gz and rolesets.json.gz.

    It is in the user's cache. If it does not exist, it is built there from the archive in `$GRUNLP_DATA/raw` or from a
    download. Raises UserError as `find_ewt` does.
    """
    cached = index_path().parent
    if not all((cached / name).is_file() for name in (FRAMES_FILE, INDEX_FILE)):
        build_frames(cached, raw_archive("propbank-frames"))
    return cached


def build_ewt(out: Path, ud: Path | None, propbank: Path | None) -> Counter[str]:
    """Write the three splits to the folder `out`.

    Args:
        out: created if it does not exist; files in it are replaced.
        ud: UD_English-EWT as a folder or archive; None: download it.
        propbank: propbank-release as a folder or archive; None: download it.

    Returns:
        counts for display: sentences and predicates of each split, and those that were dropped.
    """
    log.info("building PropBank on the English Web Treebank in %s", out)
    joined = join_ewt(fetch_source(UD_EWT, ud), fetch_source(PROPBANK_EWT, propbank))
    counts: Counter[str] = Counter()
    for split, examples in joined.splits.items():
        counts[f"{split} sentences"] = len(examples)
        counts[f"{split} predicates"] = sum(len(example["frames"]) for example in examples)
    _write(out, {f"{split}.conll.gz": _gzip_columns(examples) for split, examples in joined.splits.items()})
    for unit, count in joined.drop_counts.items():
        counts[f"{unit} dropped: not aligned"] = count
    return counts


def build_frames(out: Path, frames: Path | None) -> Counter[str]:
    """Write `frames.conll.gz` and `rolesets.json.gz` to the folder `out`; arguments and result as for `build_ewt`."""
    log.info("building the examples and the index of the PropBank frame files in %s", out)
    files = fetch_source(PROPBANK_FRAMES, frames)
    converted, index = convert_frames(files), build_index(files)
    _write(out, {FRAMES_FILE: _gzip_columns(converted.examples), INDEX_FILE: encode_index(index)})
    return Counter({**converted.counts, "rolesets": len(index)})


def require_absent(out: Path, names: Iterable[str]) -> None:
    """Raise UserError if one of the files already exists in `out`."""
    if details := [name for name in names if (out / name).exists()]:
        raise UserError(
            f"{out} already has {', '.join(details)}", hint="Add --force to replace them, or choose another --out."
        )


def _datasets_dir() -> Path:
    """Return the folder of corpora, or a folder that does not exist if the user did not set one."""
    return Path(os.environ.get("GRUNLP_DATA") or os.devnull)


def raw_archive(name: str) -> Path | None:
    """Return `$GRUNLP_DATA/raw/<name>.tar.xz` if it exists."""
    archive = _datasets_dir() / "raw" / f"{name}.tar.xz"
    return archive if archive.is_file() else None


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files before moving any into place, so that an interrupted build leaves nothing that looks complete."""
    try:
        with atomic_dir(out) as folder:
            for name, content in files.items():
                (folder / name).write_bytes(content)
    except UserError as error:
        hint = "Choose another place: --out of the scripts, or XDG_CACHE_HOME for the cache."
        raise UserError(error.message, error.details, hint) from error


def _gzip_columns(examples: Iterable[SRLExample]) -> bytes:
    text = io.StringIO()
    write_columns(examples, text)
    return gzip.compress(text.getvalue().encode(), mtime=0)  # no name, no time: the same bytes each time
