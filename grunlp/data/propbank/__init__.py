"""PropBank data from public repositories: roles in the English Web Treebank, and examples from the frame files."""

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
