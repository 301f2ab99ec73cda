"""PropBank data from public repositories: roles on the English Web Treebank, and the examples of the frame files."""

from grunlp.data.frame_files import read_index
from grunlp.data.propbank.build import (
    EWT_FILES,
    FRAMES_FILE,
    INDEX_FILE,
    build_ewt,
    build_frames,
    cached_index,
    find_ewt,
    find_frames,
    refuse_existing,
)
from grunlp.data.propbank.download import cache_folder

__all__ = [
    "EWT_FILES",
    "FRAMES_FILE",
    "INDEX_FILE",
    "build_ewt",
    "build_frames",
    "cache_folder",
    "cached_index",
    "find_ewt",
    "find_frames",
    "read_index",
    "refuse_existing",
]
