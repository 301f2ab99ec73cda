"""Find the prepared PropBank files, or build them once into the user's cache."""

import gzip
import io
import logging
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from grunlp.data.examples import Example
from grunlp.data.propbank.download import obtain
from grunlp.data.propbank.ewt import SPLITS, join_ewt
from grunlp.data.propbank.frame_index import INDEX_FILE, index_frames, index_path, pack_index
from grunlp.data.propbank.frames import convert_frames
from grunlp.data.propbank.sources import PROPBANK_EWT, PROPBANK_FRAMES, UD_EWT
from grunlp.data.writers import write_columns
from grunlp.utils.atomic_io import replacing_files
from grunlp.utils.cache import cache_folder
from grunlp.utils.errors import GrunlpError

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
    build_ewt(cached, raw_archive("UD_English-EWT-sources"), raw_archive("propbank-release-ewt"))
    return cached


def find_frames() -> Path:
    """The folder with frames.conll.gz and rolesets.json.gz: the one in the user's cache, else built there from the
    archive in `$GRUNLP_DATA/raw` or downloaded. Raises GrunlpError as `find_ewt` does."""
    cached = index_path().parent
    if not all((cached / name).is_file() for name in (FRAMES_FILE, INDEX_FILE)):
        build_frames(cached, raw_archive("propbank-frames"))
    return cached


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
    _write(out, {f"{split}.conll.gz": _pack_columns(examples) for split, examples in joined.splits.items()})
    for what, count in joined.dropped.items():
        counts[f"{what} dropped: not aligned"] = count
    return counts


def build_frames(out: Path, frames: Path | None) -> Counter[str]:
    """Write `frames.conll.gz` and `rolesets.json.gz` to the folder `out`; arguments and result as for `build_ewt`."""
    log.info("building the examples and the index of the PropBank frame files in %s", out)
    files = obtain(PROPBANK_FRAMES, frames)
    converted, index = convert_frames(files), index_frames(files)
    _write(out, {FRAMES_FILE: _pack_columns(converted.examples), INDEX_FILE: pack_index(index)})
    return Counter({**converted.counts, "rolesets": len(index)})


def refuse_existing(out: Path, names: Iterable[str]) -> None:
    """Raises GrunlpError when one of the files is in `out` already."""
    if there := [name for name in names if (out / name).exists()]:
        raise GrunlpError(
            f"{out} already has {', '.join(there)}", to_type="Add --force to replace, or choose another --out."
        )


def _data() -> Path:
    """The folder of corpora; one that does not exist when the user named none."""
    return Path(os.environ.get("GRUNLP_DATA") or os.devnull)


def raw_archive(name: str) -> Path | None:
    """`$GRUNLP_DATA/raw/<name>.tar.xz`, where it is there."""
    archive = _data() / "raw" / f"{name}.tar.xz"
    return archive if archive.is_file() else None


def _write(out: Path, files: Mapping[str, bytes]) -> None:
    """Write all files before any of them is moved in: an interrupted build leaves nothing that looks whole."""
    try:
        with replacing_files(out) as folder:
            for name, content in files.items():
                (folder / name).write_bytes(content)
    except GrunlpError as error:
        way = "Choose another place: --out of the scripts, or XDG_CACHE_HOME for the cache."
        raise GrunlpError(error.wrong, error.there_is, way) from error


def _pack_columns(examples: Iterable[Example]) -> bytes:
    text = io.StringIO()
    write_columns(examples, text)
    return gzip.compress(text.getvalue().encode(), mtime=0)  # no name, no time: the same bytes each time
