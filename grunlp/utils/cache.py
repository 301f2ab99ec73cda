"""Where files that were built once are kept."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """`$XDG_CACHE_HOME/grunlp`, else `~/.cache/grunlp`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "grunlp"
