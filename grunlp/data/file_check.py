"""Check of files without predicates: tagged words, texts with classes, pairs of texts, series and running text."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from grunlp.data.file_layout import FileLayout
from grunlp.data.readers import detect_format
from grunlp.data.readers.json_records import json_format, read_records
from grunlp.data.readers.labeled import detect_layout, read_labeled_texts
from grunlp.data.readers.parallel import detect_pair_layout, read_parallel
from grunlp.data.readers.table import has_table_suffix, read_head
from grunlp.data.readers.tagged import detect_tag_layout, read_tagged
from grunlp.data.readers.text_lines import open_lines, require_file
from grunlp.data.tag_schemes import detect_spelling
from grunlp.data.tags import PREDICATE_LABEL
from grunlp.utils.errors import DataError

_MAX_ERRORS, _MAX_LABELS, _NUM_PROBED = 10, 30, 200
_NUMBER_CELL = re.compile(r"\s*(NA|NaN|[-+]?[\d.,\s]*\d\s*%?)?\s*", re.IGNORECASE)


@dataclass
class FileReport:
    """Findings in one file.

    Attributes:
        kind: what the file has, for the title.
        recipe: the recipe that reads it.
        layout: how it is read.
        counts: numbers of examples and of other things.
        labels: the tags or classes with their numbers.
        remarks: oddities, in words.
        errors: malformed lines, the first few.
        num_errors: number of malformed lines.
    """

    name: str
    path: Path
    kind: str = "not recognised"
    recipe: str = ""
    layout: FileLayout | None = None
    counts: dict[str, int] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)
    num_errors: int = 0

    def add_error(self, error: DataError) -> None:
        """Count an error; used as `on_error` of the readers."""
        self.num_errors += 1
        if len(self.errors) < _MAX_ERRORS:
            self.errors.append(error)


def has_frames(path: Path) -> bool:
    """Return whether a file has predicates and roles in a known format. Raises DataError where there is no file."""
    require_file(path)
    try:
        format = detect_format(path)
    except DataError:
        return False
    if not format.startswith("json"):
        return True
    record = next(read_records(path, "json-lines", on_error=lambda error: None), (0, {}))[1]
    if format == "json-flat":
        is_marked = any(key in record for key in ("predicate_index", "verb_index", "index"))
        return is_marked or f"B-{PREDICATE_LABEL}" in record["tags"]
    return not record or "frames" in record


def check_file(name: str, path: Path) -> FileReport:
    """Read a whole file of any task but role labelling, counting errors instead of stopping at them."""
    report = FileReport(name, path)
    try:
        _detect_kind(path)(report)
    except DataError as error:
        report.add_error(error)
    if report.layout is not None:
        report.remarks[:0] = report.layout.guesses
    return report


def format_file_report(report: FileReport) -> Iterator[str]:
    """Return the lines that describe the findings in a file."""
    yield f"{report.name}: {report.path} ({report.kind})"
    if report.layout is not None:
        yield f"read as: {report.layout.describe()}"
    if report.recipe:
        yield f"training: python -m grunlp.train recipe={report.recipe} data.train={report.path} ..."
    yield from (f"{what}: {count:,}" for what, count in report.counts.items())
    yield from (f"  {label}: {count:,}" for label, count in report.labels.most_common(_MAX_LABELS))
    if len(report.labels) > _MAX_LABELS:
        yield f"  and {len(report.labels) - _MAX_LABELS:,} others"
    yield from (f"note: {remark}" for remark in report.remarks)
    if report.errors:
        yield f"{report.num_errors:,} errors, the first {len(report.errors)}:"
        yield from (f"  {'; '.join(filter(None, str(error).splitlines()))}" for error in report.errors)


def _detect_kind(path: Path) -> Callable[[FileReport], None]:
    require_file(path)
    format = json_format(path)
    if format is not None:
        keys = set(next(read_records(path, format, on_error=lambda error: None), (0, {}))[1])
        if keys & {"words", "tokens"}:
            return _check_tags
        return _check_pairs if keys & {"target", "summary"} else _check_classes
    lines = list(islice((line for line in open_lines(path) if line.text.strip()), _NUM_PROBED))
    for line in lines:
        line.require_text(path)
    is_csv = ".csv" in path.name.lower()
    if not is_csv and _has_tagged_words([line.text for line in lines]):
        return _check_tags
    if not (has_table_suffix(path) or (lines and all("\t" in line.text for line in lines))):
        return _check_text
    if has_table_suffix(path) and _has_numbers(path):
        return _check_series
    if detect_pair_layout(str(path), None, FileLayout()).header:
        return _check_pairs
    return _check_classes


def _has_tagged_words(lines: Sequence[str]) -> bool:
    """Return whether rows have equally many cells, words without blanks and a few tags."""
    rows = [line.split("\t") if "\t" in line else line.split() for line in lines if not line.startswith(("#", "-DOC"))]
    if not rows or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        return False
    cells, tags = list(chain.from_iterable(rows)), {row[-1] for row in rows}
    has_few_tags = len(tags) <= max(2, 0.7 * len(rows)) or detect_spelling(tags) is not None
    return has_few_tags and sum(" " not in cell for cell in cells) >= 0.9 * len(cells)


def _has_numbers(path: Path) -> bool:
    """Return whether a table has a column of numbers besides at most one of words a row."""
    rows = [row for row in read_head(str(path), FileLayout(), ()).rows[1:] if row]
    columns = list(zip(*rows, strict=False))
    numeric = sum(all(map(_is_number, column)) for column in columns)
    words = sum(any(len(cell.split()) > 3 for cell in column) for column in columns)
    return numeric > 0 and not words


def _is_number(cell: str) -> bool:
    try:
        return bool(_NUMBER_CELL.fullmatch(cell)) or float(cell) is not None
    except ValueError:
        return False


def _check_tags(report: FileReport) -> None:
    report.kind, report.recipe = "tagged words", "tag"
    report.layout = detect_tag_layout(report.path, FileLayout())
    sentences = read_tagged(report.path, report.layout)
    report.counts = {"sentences": len(sentences), "words": sum(len(sentence["words"]) for sentence in sentences)}
    report.labels = Counter(tag for sentence in sentences for tag in sentence["tags"])
    if len(report.labels) == 1:
        report.remarks.append(f"every tag is {next(iter(report.labels))!r}: there is nothing to learn")


def _check_classes(report: FileReport) -> None:
    report.kind, report.recipe = "texts with classes", "classify"
    report.layout = detect_layout(str(report.path), FileLayout())
    labels = [text["label"] for text in read_labeled_texts(str(report.path), report.layout, report.add_error)]
    report.counts, report.labels = {"texts": len(labels)}, Counter(labels)
    if not labels:
        report.remarks.append("it has no usable example")
    elif len(report.labels) == 1:
        report.remarks.append("all texts have one class: there is nothing to learn")
    elif len(labels) >= _MAX_ERRORS and 2 * len(report.labels) > len(labels):
        report.remarks.append(f"{len(report.labels)} classes for {len(labels)} rows: are the columns swapped?")


def _check_pairs(report: FileReport) -> None:
    report.kind, report.recipe = "pairs of texts", "translate"
    report.layout = detect_pair_layout(str(report.path), None, FileLayout())
    pairs = list(read_parallel(str(report.path), None, report.layout, report.add_error))
    empty = sum(not (pair["source"].strip() and pair["target"].strip()) for pair in pairs)
    report.counts = {"pairs": len(pairs)}
    if empty:
        report.remarks.append(f"{empty} pairs have an empty side; training leaves them out")


def _check_series(report: FileReport) -> None:
    report.kind, report.recipe = "a table of numbers, such as series", "forecast"
    head = read_head(str(report.path), FileLayout(), ())
    report.layout = head.layout
    report.remarks.append(f"columns: {', '.join(head.rows[0])}; the training names those that it reads")


def _check_text(report: FileReport) -> None:
    report.kind, report.recipe = "running text", "lm"
    lines = words = 0
    for line in open_lines(report.path):
        if line.error:
            report.add_error(DataError(report.path, line.number, line.error, "", line.hint.format(path=report.path)))
        lines, words = lines + 1, words + len(line.text.split())
    report.layout = FileLayout(format="lines", encoding="utf-8")
    report.counts = {"lines": lines, "words": words}
    if not words:
        report.remarks.append("every line is empty")
