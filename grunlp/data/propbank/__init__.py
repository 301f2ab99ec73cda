"""PropBank data from public repositories: roles on the English Web Treebank, and the examples of the frame files."""

from grunlp.data.propbank.build import (
    EWT_FILES,
    FRAMES_FILE,
    build_ewt,
    build_frames,
    find_ewt,
    find_frames,
    require_absent,
)

__all__ = [
    "EWT_FILES",
    "FRAMES_FILE",
    "build_ewt",
    "build_frames",
    "find_ewt",
    "find_frames",
    "require_absent",
]
