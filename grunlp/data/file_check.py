"""Check of files without predicates: tagged words, texts with classes, pairs of texts, series and running text."""

import codecs
import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations, islice
from pathlib import Path
from typing import Any

from grunlp.data.deduplication import normalized_text
from grunlp.data.file_layout import SEPARATORS, FileLayout
from grunlp.data.readers import detect_format
from grunlp.data.readers.json_records import json_format, read_records
from grunlp.data.readers.labeled import (
    CLASS_COLUMNS,
    are_probably_swapped,
    detect_layout,
    has_class_fields,
    has_class_names,
    read_labeled_texts,
)
from grunlp.data.readers.markup import NUM_PROBED_LINES, has_tagged_words
from grunlp.data.readers.parallel import (
    PAIR_COLUMNS,
    detect_pair_layout,
    has_pair_names,
    language_fields,
    read_parallel,
    read_sources,
)
from grunlp.data.readers.table import HeadRows, has_table_suffix, is_csv, read_head
from grunlp.data.readers.tagged import detect_tag_layout, is_word_table, read_tagged
from grunlp.data.readers.text_lines import open_lines, require_file
from grunlp.data.tags import PREDICATE_LABEL
from grunlp.data.timeseries.layout import DETECT_ALL, TableLayout
from grunlp.data.timeseries.number_columns import NumberReader
from grunlp.data.timeseries.number_format import is_missing
from grunlp.data.timeseries.reader import SeriesColumns, read_time_series
from grunlp.data.timeseries.table_file import TableFile, make_text_table, open_table
from grunlp.data.timeseries.time_columns import find_time_column, find_time_parts
from grunlp.data.timeseries.time_format import is_time_name
from grunlp.data.word_tokenizer import UNSPACED_SCRIPTS
from grunlp.utils.errors import DataError

_MAX_ERRORS, _MAX_LABELS = 10, 30
_KNOWN_COLUMNS = CLASS_COLUMNS | PAIR_COLUMNS
_NOTHING_REQUESTED = FileLayout()
_UNSPACED_LETTER = re.compile(f"[{UNSPACED_SCRIPTS}]")
_FASTTEXT = (
    r"Convert it: sed -E 's/^__label__([^ ]+) +/\1\t/' {path} > NEW.tsv, then recipe=classify reads it; lines with "
    "several classes are not read"
)
_SPANS = (
    "recipe=tag reads words with tags; convert the spans, for example with spacy.training.offsets_to_biluo_tags, to "
    '{"words": [...], "tags": [...]} in each line'
)
_TRANSLATION = "Convert it: jq -c .translation {path} > NEW.jsonl, then type recipe=translate data.train=NEW.jsonl"
_OTHER_FIELDS = (
    "Name those to read: recipe=classify data.source=FIELD data.label=FIELD, recipe=translate data.source=FIELD "
    "data.target=FIELD, or recipe=lm data.field=FIELD"
)
_OPTIONS = {"text": "source"}  # the options of roles that have another name
_DATE = re.compile(r"(?=.*\d)\S{1,20}( \S{1,20}){0,3}")  # in a column with a name of times
_NUMBER_WITH_WORD = re.compile(r"(\w{1,3} ?)?[+-]?\d[\d.,]*( ?\S{1,8})?")  # such as 100.5 kWh
_LONG_SENTENCE = 50  # words; a file of columns with one longer sentence may lack its blank lines


@dataclass
class FileReport:
    """Findings in one file.

    Attributes:
        kind: what the file has, for the title.
        recipe: the recipe that reads it.
        requested: the parts of its layout that a training must be given.
        layout: how it is read.
        counts: numbers of examples and of other things.
        labels: the tags or classes with their numbers.
        examples: the inputs of the examples, normalized, by which files are compared.
        remarks: oddities, in words.
        errors: malformed lines, the first few.
        num_errors: number of malformed lines.
    """

    name: str
    path: Path
    kind: str = "not recognised"
    recipe: str = ""
    requested: FileLayout = field(default_factory=FileLayout)
    layout: FileLayout | TableLayout | None = None
    counts: dict[str, int] = field(default_factory=dict)
    labels: Counter[str] = field(default_factory=Counter)
    examples: set[str] = field(default_factory=set)
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
    return report


def format_file_reports(reports: Sequence[FileReport]) -> Iterator[str]:
    """Yield the lines that describe the findings in files, and what they share or lack."""
    for report in reports:
        yield from _format_report(report)
        yield ""
    for first, other in combinations(reports, 2):
        shared = len(first.examples & other.examples) if first.kind == other.kind else 0
        if shared:
            yield f"{shared:,} examples of {first.name} also occur in {other.name}; training removes them"
    train, *others = reports
    for other in others:
        unknown = [label for label in other.labels if label not in train.labels] if other.kind == train.kind else []
        counts = ", ".join(f"{label} ({other.labels[label]:,})" for label in unknown[:_MAX_LABELS])
        if unknown:
            yield f"labels of {other.name} that {train.name} lacks: {counts}"


def _format_report(report: FileReport) -> Iterator[str]:
    yield f"{report.name}: {report.path} ({report.kind})"
    if report.layout is not None:
        yield f"read as: {report.layout.describe()}"
    if report.recipe:
        yield f"training: python -m grunlp.train {' '.join(_training_options(report))} ..."
    yield from (f"{what}: {count:,}" for what, count in report.counts.items())
    yield from (f"  {label}: {count:,}" for label, count in report.labels.most_common(_MAX_LABELS))
    if len(report.labels) > _MAX_LABELS:
        yield f"  and {len(report.labels) - _MAX_LABELS:,} others"
    yield from (f"note: {remark}" for remark in report.remarks)
    if report.errors:
        yield "1 error:" if report.num_errors == 1 else f"{report.num_errors:,} errors, the first {len(report.errors)}:"
        yield from (f"  {_format_error(error)}" for error in report.errors)


def _training_options(report: FileReport) -> list[str]:
    """Return the options of a training on a file, quoted for the shell."""
    options = {"data.train": report.path, "data.separator": report.requested.separator}
    options |= {f"data.{_OPTIONS.get(role, role)}": column for role, column in report.requested.columns.items()}
    given = [f"{key}={value}" for key, value in options.items() if value is not None]
    return [f"recipe={report.recipe}", *map(shlex.quote, given)]


def _format_error(error: DataError) -> str:
    """Return an error as one line."""
    text = "; ".join(filter(None, (error.message, error.details)))
    return f"{text}. {error.hint[0].upper()}{error.hint[1:]}" if error.hint else text


def _detect_kind(path: Path) -> Callable[[FileReport], None]:
    """Return the function that checks a file of this kind."""
    require_file(path)
    if is_word_table(path):
        return _check_tags
    if path.suffix.lower() in (".parquet", ".pq") or (_is_utf16(path) and _has_series(path)):
        return _check_series
    format = json_format(path)
    if format is not None:
        return _detect_json_kind(next(read_records(path, format, on_error=lambda error: None), (0, {}))[1])
    lines = list(islice((line for line in open_lines(path) if line.text.strip()), NUM_PROBED_LINES))
    for line in lines:
        line.require_text(path)
    texts = [line.text for line in lines]
    if texts and sum(text.startswith("__label__") for text in texts) > len(texts) / 2:
        return partial(_report_unread, looks="lines of fastText, __label__CLASS before each text", advice=_FASTTEXT)
    separator = _shown_separator(path, texts)
    if separator is None and not is_csv(path) and has_tagged_words(texts):
        return _check_tags
    if separator is None and not (has_table_suffix(path) or (texts and all("\t" in text for text in texts))):
        return _check_text
    if _has_series(path):
        return _check_series
    requested = FileLayout(separator=separator or None)
    head = read_head(str(path), requested, _KNOWN_COLUMNS)
    if has_class_names(head) and ("target" not in head.names or _has_classes(head, head.names.index("target"))):
        return partial(_check_classes, requested=requested)
    if has_pair_names(head):
        return partial(_check_pairs, requested=requested)
    pair = _find_pair(head.rows)
    if not pair:
        return partial(_check_classes, requested=requested)
    if len(head.rows[0]) > 2:
        requested = replace(requested, columns=dict(zip(("source", "target"), map(str, pair), strict=True)))
    return partial(_check_pairs, requested=requested)


def _detect_json_kind(record: Mapping[str, Any]) -> Callable[[FileReport], None]:
    """Return the function that checks a file of JSON objects like the first one."""
    words = next((record[name] for name in ("words", "tokens") if name in record), None)
    spans = next((record[name] for name in ("spans", "entities", "label", "labels") if name in record), None)
    if isinstance(spans, list) and all(isinstance(span, list | dict) for span in spans) and "text" in record:
        return partial(_report_unread, looks="texts with spans between characters", advice=_SPANS)
    if words is not None:
        return _check_tags
    if isinstance(record.get("translation"), dict):
        names = [f"data.{side}={name}" for side, name in zip(("source", "target"), record["translation"], strict=False)]
        advice = f"{_TRANSLATION} {' '.join(names)}"
        return partial(_report_unread, looks="pairs of texts inside a field `translation`", advice=advice)
    languages = language_fields(record)
    if {"target", "summary"} & set(record):
        return _check_pairs
    if len(languages) == 2:
        columns = dict(zip(("source", "target"), languages, strict=True))
        return partial(_check_pairs, requested=FileLayout(columns=columns))
    if has_class_fields(record, "text"):
        return _check_classes if has_class_fields(record, "label") else _check_text
    numbers = [name for name, value in record.items() if isinstance(value, int | float)]
    if numbers and not any(isinstance(value, str) and len(value.split()) > 2 for value in record.values()):
        return _check_series
    fields = f"its fields are {', '.join(record) or 'none'}. {_OTHER_FIELDS}"
    return partial(_report_unread, looks="JSON objects", advice=fields)


def _shown_separator(path: Path, texts: Sequence[str]) -> str | None:
    """Return the separator of a table whose file name and tabs do not show it; "": it is detected by its header."""
    if has_table_suffix(path) or not texts or "\t" in texts[0]:
        return None
    header = read_head(str(path), FileLayout(), _KNOWN_COLUMNS)
    if len(header.rows[0]) > 1:
        return ""
    for name in ("semicolon", "pipe"):
        counts = {text.count(SEPARATORS[name]) for text in texts}
        if len(texts) > 1 and len(counts) == 1 and counts != {0}:
            return name
    return None


def _find_pair(rows: Sequence[list[str]]) -> list[int]:
    """Return the first two columns of texts, if there are two and no further one has recurring values."""
    columns = list(zip(*(row for row in rows if len(row) == len(rows[0])), strict=True))
    texts = [number for number, column in enumerate(columns) if _has_texts(column)]
    has_classes = len(columns) > 2 and any(map(_recurs, columns))
    return texts[:2] if len(texts) > 1 and not has_classes else []


def _has_classes(head: HeadRows, column: int) -> bool:
    """Return whether the values of a column below a header recur."""
    return _recurs([row[column] for row in head.rows[1:] if column < len(row)])


def _recurs(column: Sequence[str]) -> bool:
    return 2 * len(set(column)) <= len(column)


def _has_texts(column: Sequence[str]) -> bool:
    """Return whether most filled cells of a column differ, and one has several words, or a script without blanks."""
    cells = [cell for cell in column if cell.strip()]
    return 2 * len(set(cells)) > max(2, len(cells)) and any(
        len(cell.split()) > 1 or (len(cell) > 1 and _UNSPACED_LETTER.search(cell)) for cell in cells
    )


def _has_series(path: Path) -> bool:
    """Return whether a table has times and numbers, or numbers alone, and no texts; also if both cannot be read.

    Only its first rows are read, but the whole table if it is JSON or has a byte order mark of UTF-16.
    """
    try:
        table = _read_series_head(path)
    except DataError:
        return False
    if table is None:
        return False
    time: str | None
    try:
        time = find_time_column(table, set())
    except DataError:
        time = next((str(name) for name in table.frame if is_time_name(name) and _all_match(_DATE, table, name)), None)
    try:
        numeric = NumberReader(table).find_numeric_columns({time})
    except DataError:
        numeric = []
    texts = [str(name) for name in table.frame if name not in (time, *numeric)]
    if time is None:
        return bool(numeric) and not texts
    has_numbers = bool(numeric) or any(_all_match(_NUMBER_WITH_WORD, table, name) for name in texts)
    return has_numbers and not any(len(cell.split()) > 3 for name in texts for cell in table.texts(name))


def _read_series_head(path: Path) -> TableFile | None:
    """Return the first rows of a table; None if there are no rows after its header."""
    if _is_utf16(path) or json_format(path):
        return open_table(path, DETECT_ALL)
    rows = [row for row in read_head(str(path), FileLayout(), ()).rows if row]
    return make_text_table(path, rows, range(len(rows)), DETECT_ALL) if len(rows) > 1 else None


def _is_utf16(path: Path) -> bool:
    """Return whether a file has a byte order mark of UTF-16, an encoding that is read in tables of series only."""
    with path.open("rb") as file:
        return file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _all_match(pattern: re.Pattern[str], table: TableFile, name: str) -> bool:
    """Return whether all cells of a column that are not missing match a pattern."""
    cells = [cell for cell in table.texts(name) if not is_missing(cell)]
    return bool(cells) and all(map(pattern.fullmatch, cells))


def _report_unread(report: FileReport, looks: str, advice: str) -> None:
    report.kind = f"not read as it is: it looks like {looks}"
    report.remarks.append(advice.replace("{path}", shlex.quote(str(report.path))))


def _check_tags(report: FileReport) -> None:
    report.kind, report.recipe = "tagged words", "tag"
    layout = report.layout = detect_tag_layout(report.path, FileLayout())
    sentences = read_tagged(report.path, layout)
    num_words = sum(len(sentence["words"]) for sentence in sentences)
    report.counts = {"sentences": len(sentences), "words": num_words}
    report.labels = Counter(tag for sentence in sentences for tag in sentence["tags"])
    report.examples = {normalized_text(sentence["words"]) for sentence in sentences}
    if len(report.labels) == 1:
        report.remarks.append(f"every tag is {next(iter(report.labels))!r}: there is nothing to learn")
    if len(sentences) == 1 and num_words > _LONG_SENTENCE:
        advice = "Insert a blank line after each sentence; running text is read by recipe=lm"
        report.remarks.append(f"all {num_words:,} rows are one sentence, because there is no blank line. {advice}")


def _check_classes(report: FileReport, requested: FileLayout = _NOTHING_REQUESTED) -> None:
    report.kind, report.recipe, report.requested = "texts with classes", "classify", requested
    _add_guessed_separator(report)
    layout = report.layout = detect_layout(str(report.path), requested)
    texts = list(read_labeled_texts(str(report.path), layout, report.add_error))
    report.counts, report.labels = {"texts": len(texts)}, Counter(text["label"] for text in texts)
    report.examples = {normalized_text(text["words"]) for text in texts}
    if not texts:
        report.remarks.append("it has no usable example")
    elif len(report.labels) == 1:
        report.remarks.append("all texts have one class: there is nothing to learn")
    elif are_probably_swapped([text["label"] for text in texts]):
        report.remarks.append(f"{len(report.labels)} classes for {len(texts)} rows: are the columns swapped?")
    spellings: dict[str, list[str]] = {}
    for label in report.labels:
        spellings.setdefault(label.casefold(), []).append(label)
    for labels in spellings.values():
        if len(labels) > 1:
            report.remarks.append(f"classes that differ only in capitals: {', '.join(labels)}")


def _add_guessed_separator(report: FileReport) -> None:
    if report.requested.separator:
        guess = f"guessed: cells between {report.requested.separator}s, because each line has equally many"
        report.remarks.append(f"{guess}; running text is for recipe=lm")


def _check_pairs(report: FileReport, requested: FileLayout = _NOTHING_REQUESTED) -> None:
    report.kind, report.recipe, report.requested = "pairs of texts", "translate", requested
    if requested.columns:
        report.remarks.append("guessed: which columns are the source and the target")
    _add_guessed_separator(report)
    layout = report.layout = detect_pair_layout(str(report.path), None, requested)
    pairs = list(read_parallel(str(report.path), None, layout, report.add_error))
    empty = sum(not (pair["source"].strip() and pair["target"].strip()) for pair in pairs)
    report.counts = {"pairs": len(pairs)}
    report.examples = {normalized_text([pair["source"]]) for pair in pairs}
    if empty:
        report.remarks.append(f"{empty:,} pairs have an empty side; training leaves them out")
    if 2 * sum(_UNSPACED_LETTER.search(pair["target"]) is not None for pair in pairs) > len(pairs):
        note = "targets have no blanks between words: BLEU and ROUGE split them into characters"
        report.remarks.append(f"{note} (metric_tokenize= chooses otherwise)")


def _check_series(report: FileReport) -> None:
    report.kind, report.recipe = "time series", "forecast"
    table = open_table(report.path, DETECT_ALL)
    series_id = _find_series_column(table)
    if series_id is not None:
        report.remarks.append(f"guessed: data.series_id={series_id}, because times occur in several rows")
    series = read_time_series(report.path, SeriesColumns(None, series_id, (), (), False), DETECT_ALL, None, None)
    report.layout = series.layout
    missing = int((~series.observed_mask).sum())
    report.counts = {"series": len(series.series_names), "steps": len(series.times), "missing values": missing}
    times = series.clock_times
    report.remarks += [f"guessed: {guess}" for guess in series.guesses]
    first, last = (str(time).removesuffix(" 00:00:00") for time in (times.min(), times.max()))
    report.remarks.append(f"times from {first} to {last}, frequency {series.frequency}")
    report.remarks.append(f"columns to forecast: {', '.join(series.target_names)}")
    read = {series.layout.time_column, series_id, *series.target_names}
    unread = [str(name) for name in table.frame if name not in read]
    report.remarks += [f"column {name!r} is empty" for name in unread if all(map(is_missing, table.texts(name)))]
    if unread:
        report.remarks.append(f"columns left out unless an option names them: {', '.join(unread)}")


def _find_series_column(table: TableFile) -> str | None:
    """Return the column that names the series of each row where times repeat; None: there is one series.

    A column of numbers does so only if each time occurs in two rows on average; by chance, a few rows with equal times
    have different numbers.
    """
    column = find_time_column(table, set())
    parts = find_time_parts(table, column)
    time = list(zip(*map(table.texts, (column, *parts)), strict=True))
    num_times, num_rows = len(set(time)), len(time)
    if num_times == num_rows:
        return None
    for name in table.frame:
        if name in (column, *parts):
            continue
        cells = table.texts(name)
        is_number = all(cell.replace(".", "", 1).isdecimal() for cell in cells)
        if (
            len(set(zip(cells, time, strict=True))) == num_rows
            and len(set(cells)) < num_rows
            and (not is_number or 2 * num_times <= num_rows)
        ):
            return str(name)
    return None


def _check_text(report: FileReport) -> None:
    report.kind, report.recipe = "running text", "lm"
    format = json_format(report.path)
    report.layout = FileLayout(format=format or "lines", encoding="utf-8")
    texts = [pair["source"] for pair in read_sources(str(report.path), None, report.add_error)]
    words = sum(len(text.split()) for text in texts)
    report.counts = {"lines": len(texts), "words": words}
    if not words:
        report.remarks.append("every line is empty")
