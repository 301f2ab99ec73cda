"""Recognition of files whose lines are not running text."""

import logging
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path

from grunlp.data.readers.json_records import json_format
from grunlp.data.readers.table import has_table_suffix
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.tag_schemes import detect_spelling

log = logging.getLogger(__name__)

NUM_PROBED_LINES = 200
_MIN_ROWS = 4  # fewer rows are alike by chance


def has_tagged_words(lines: Sequence[str]) -> bool:
    """Return whether rows have equally many cells, words without blanks and a few tags."""
    rows = [line.split("\t") if "\t" in line else line.split() for line in lines if not line.startswith(("#", "-DOC"))]
    if len(rows) < 2 or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return False
    cells, tags = list(chain.from_iterable(rows)), {row[-1] for row in rows}
    has_few_tags = len(tags) <= max(2, 0.7 * len(rows)) or detect_spelling(tags) is not None
    return has_few_tags and sum(" " not in cell for cell in cells) >= 0.9 * len(cells)


def detect_markup(path: str | Path, encoding: str | None = None) -> str | None:
    """Describe what a file seems to have instead of running text; None: nothing else than text is recognised."""
    if json_format(path, encoding) is not None:
        return "JSON objects"
    filled = (line.text for line in open_lines(Path(path), encoding=encoding) if line.text.strip())
    lines = list(islice(filled, NUM_PROBED_LINES))
    if len(lines) >= _MIN_ROWS and has_tagged_words(lines):
        return "rows of a word and its tags"
    if has_table_suffix(path) and len(lines) >= _MIN_ROWS:
        return "the rows of a table"
    return None


def warn_of_markup(path: str | Path, encoding: str | None = None) -> None:
    """Log a warning for a file that is read as running text and seems to have something else."""
    markup = detect_markup(path, encoding)
    if markup is not None:
        log.warning(
            "%s looks like %s, and is read as text with everything in it; python -m grunlp.data check names the recipe "
            "that reads such a file",
            path, markup,
        )  # fmt: skip
