"""Checks of a data file before training on it: counts, labels, lengths, errors, duplicates across splits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import permutations
from pathlib import Path

from grunlp.data.deduplication import normalized_text
from grunlp.data.examples import SRLExample
from grunlp.data.readers import detect_format, read_srl_with_lines
from grunlp.data.readers.column_format import OverlapError
from grunlp.data.tags import invalid_transitions, tags_to_spans
from grunlp.utils.errors import DataError

MAX_SHOWN_ERRORS, MAX_SHOWN_DUPLICATES, MAX_SHOWN_TAGS = 10, 5, 20


@dataclass
class DataReport:
    """The findings of `inspect_file` about one file.

    Attributes:
        tags: the parts of speech with their numbers.
        remarks: oddities, in words.
        errors: the first few errors.
        text_digests: digest of each sentence → its number of occurrences and the line of the first one.
    """

    name: str
    path: Path
    format: str = "not recognised"
    num_sentences: int = 0
    num_without_predicate: int = 0
    num_predicates: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    length_counts: Counter[int] = field(default_factory=Counter)
    invalid_transitions: int = 0
    overlapping_spans: int = 0
    num_errors: int = 0
    remarks: list[str] = field(default_factory=list)
    errors: list[DataError] = field(default_factory=list)
    text_digests: dict[bytes, tuple[int, str]] = field(default_factory=dict)

    def add_error(self, error: DataError) -> None:
        """Count an error; the `on_error` function of the reader."""
        self.num_errors += 1
        self.overlapping_spans += isinstance(error, OverlapError)
        if len(self.errors) < MAX_SHOWN_ERRORS:
            self.errors.append(error)

    def add_sentence(self, line: int, example: SRLExample) -> None:
        """Count one sentence, which begins at `line`."""
        self.num_sentences += 1
        self.num_without_predicate += not example["frames"]
        self.num_predicates += len(example["frames"])
        self.length_counts[len(example["words"])] += 1
        self.tags.update(tag for tag in example["pos"] if tag)
        for frame in example["frames"]:
            self.labels.update(span.label for span in tags_to_spans(frame["tags"]))
            for i in invalid_transitions(frame["tags"]):
                self.invalid_transitions += 1
                message = f"illegal tag {frame['tags'][i]} at word {i}, predicate at word {frame['index']}"
                there_is = "I-X follows B-X or I-X of the same label"
                self.add_error(DataError(self.path, line, message, there_is, "begin the span with B-"))
        key = blake2b(normalized_text(example["words"]).encode(), digest_size=16).digest()
        count, location = self.text_digests.get(key, (0, example["id"] or f"line {line}"))
        self.text_digests[key] = count + 1, location


def inspect_file(name: str, path: Path, format: str | None = None, words: Path | None = None) -> DataReport:
    """Read a whole file, counting errors instead of stopping at them.

    Raises:
        UserError: the file does not exist, or the format is unknown.
    """
    report = _inspect(name, path, format, words, require_roles=True)
    if report.num_errors:
        unlabeled = _inspect(name, path, format, words, require_roles=False)
        if unlabeled.num_predicates and not unlabeled.num_errors:
            message = "predicates have no roles: `predict` labels them, and a training would need their roles"
            unlabeled.remarks.append(message)
            return unlabeled
    elif not report.num_predicates:
        report.remarks.append(_no_predicate_remark(report))
    return report


def _no_predicate_remark(report: DataReport) -> str:
    """Describe what can be learned from a file without predicates."""
    remark = "no predicate is marked: recipe=srl has nothing to learn"
    if not report.tags:
        return remark
    counts = ", ".join(f"{tag} ({count:,})" for tag, count in report.tags.most_common(MAX_SHOWN_TAGS))
    return f"{remark}; recipe=tag data=srl-files learns its parts of speech: {counts}"


def _inspect(name: str, path: Path, format: str | None, words: Path | None, require_roles: bool) -> DataReport:
    report = DataReport(name, path)
    sentences = read_srl_with_lines(path, format, words, on_error=report.add_error, require_roles=require_roles)
    with suppress(DataError):  # reading reports it
        report.format = format or detect_format(path)
    for line, example in sentences:
        report.add_sentence(line, example)
    return report


def count_duplicates_across_splits(first: DataReport, second: DataReport) -> tuple[int, list[str]]:
    """Count the sentences of one split that also occur in another, and list the lines of the first few."""
    shared = [first.text_digests[key] for key in first.text_digests if key in second.text_digests]
    return sum(count for count, _ in shared), [location for _, location in shared[:MAX_SHOWN_DUPLICATES]]


def format_report(reports: Sequence[DataReport]) -> Iterator[str]:
    """Yield the lines that `python -m grunlp.data check` prints."""
    for report in reports:
        yield f"{report.name}: {report.path} ({report.format})"
    yield ""
    yield from _format_table([["", *(report.name for report in reports)], *_count_rows(reports)])
    totals = sum((report.labels for report in reports), Counter[str]())
    if totals:
        yield ""
        rows = [[label, *(f"{report.labels[label]:,}" for report in reports)] for label, _ in totals.most_common()]
        yield from _format_table([["label", *(report.name for report in reports)], *rows])
    for report in reports:
        yield from (f"{report.name}: {remark}" for remark in report.remarks)
    for report in reports[1:]:
        unknown = [f"{label} ({count:,})" for label, count in report.labels.items() if label not in reports[0].labels]
        if unknown:
            yield f"labels of {report.name} that {reports[0].name} lacks: {', '.join(unknown)}"
    for report, other_report in permutations(reports, 2):
        count, locations = count_duplicates_across_splits(report, other_report)
        if count:
            yield ""
            examples = ", ".join(locations)
            yield f"{count:,} sentences of {report.name} also occur in {other_report.name}, first: {examples}"
    for report in reports:
        if report.errors:
            yield ""
            yield f"{report.name}: {report.num_errors:,} errors, the first {len(report.errors)}:"
            yield from (f"  {str(fault).splitlines()[0]} ({fault.details})" for fault in report.errors)


def _count_rows(reports: Sequence[DataReport]) -> Iterator[list[str]]:
    yield ["sentences", *(f"{report.num_sentences:,}" for report in reports)]
    yield ["without predicate", *(f"{report.num_without_predicate:,}" for report in reports)]
    yield ["tokens", *(f"{sum(n * k for n, k in report.length_counts.items()):,}" for report in reports)]
    yield ["predicates", *(f"{report.num_predicates:,}" for report in reports)]
    yield ["mean length", *(f"{_mean(report.length_counts):.1f}" for report in reports)]
    for name, share in (("median length", 0.5), ("95 % are at most", 0.95), ("longest", 1.0)):
        yield [name, *(f"{length_quantile(report.length_counts, share):,}" for report in reports)]
    yield ["illegal tags", *(f"{report.invalid_transitions:,}" for report in reports)]
    yield ["overlapping spans", *(f"{report.overlapping_spans:,}" for report in reports)]
    yield ["errors", *(f"{report.num_errors:,}" for report in reports)]


def length_quantile(counts: Counter[int], fraction: float) -> int:
    """Return the smallest length that is at least that of `fraction` of all sentences; 0 if there are no sentences."""
    seen, total = 0, counts.total()
    for length in sorted(counts):
        seen += counts[length]
        if seen >= fraction * total:
            return length
    return 0


def _mean(counts: Counter[int]) -> float:
    return sum(n * k for n, k in counts.items()) / max(counts.total(), 1)


def _format_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Format rows as lines, the first column left-aligned and the others right-aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
