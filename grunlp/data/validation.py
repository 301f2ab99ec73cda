"""Look a data file over before training on it: counts, labels, lengths, faults, sentences shared between splits."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import permutations
from pathlib import Path

from grunlp.data.deduplication import text_key
from grunlp.data.examples import Example
from grunlp.data.readers import detect, read_numbered
from grunlp.data.readers.column_format import OverlapError
from grunlp.data.tags import illegal_positions, tags_to_spans
from grunlp.utils.errors import DataError

SHOWN_FAULTS, SHOWN_SHARED = 10, 5


@dataclass
class Survey:
    """What was found in one file. `faults` keeps the first few; `texts` maps the digest of a sentence to how often it
    occurs and where first."""

    name: str
    path: Path
    format: str = "not recognised"
    sentences: int = 0
    without_predicate: int = 0
    predicates: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    illegal_tags: int = 0
    overlaps: int = 0
    fault_count: int = 0
    faults: list[DataError] = field(default_factory=list)
    texts: dict[bytes, tuple[int, str]] = field(default_factory=dict)

    def add_fault(self, error: DataError) -> None:
        """Count a fault; also the `on_error` of reading."""
        self.fault_count += 1
        self.overlaps += isinstance(error, OverlapError)
        if len(self.faults) < SHOWN_FAULTS:
            self.faults.append(error)

    def add(self, line: int, example: Example) -> None:
        """Count one sentence that begins at `line`."""
        self.sentences += 1
        self.without_predicate += not example["frames"]
        self.predicates += len(example["frames"])
        self.lengths[len(example["words"])] += 1
        for frame in example["frames"]:
            self.labels.update(span.label for span in tags_to_spans(frame["tags"]))
            for i in illegal_positions(frame["tags"]):
                self.illegal_tags += 1
                wrong = f"illegal tag {frame['tags'][i]} at word {i}, predicate at word {frame['index']}"
                there_is = "I-X follows B-X or I-X of the same label"
                self.add_fault(DataError(self.path, line, wrong, there_is, "begin the span with B-"))
        key = blake2b(text_key(example["words"]).encode(), digest_size=16).digest()
        count, place = self.texts.get(key, (0, example["id"] or f"line {line}"))
        self.texts[key] = count + 1, place


def survey(name: str, path: Path, format: str | None = None, words: Path | None = None) -> Survey:
    """Read a whole file, counting faults instead of stopping at them.

    Raises:
        GrunlpError: the file does not exist, or the format is unknown.
    """
    found = Survey(name, path)
    sentences = read_numbered(path, format, words, on_error=found.add_fault)
    with suppress(DataError):  # reading reports it
        found.format = format or detect(path)
    for line, example in sentences:
        found.add(line, example)
    return found


def shared(one: Survey, other: Survey) -> tuple[int, list[str]]:
    """How many sentences of `one` also occur in `other` (by `text_key`), and where the first few stand in `one`."""
    both = [one.texts[key] for key in one.texts if key in other.texts]
    return sum(count for count, _ in both), [place for _, place in both[:SHOWN_SHARED]]


def report(surveys: Sequence[Survey]) -> Iterator[str]:
    """The lines `python -m grunlp.data check` prints."""
    for found in surveys:
        yield f"{found.name}: {found.path} ({found.format})"
    yield ""
    yield from _table([["", *(found.name for found in surveys)], *_counts(surveys)])
    totals = sum((found.labels for found in surveys), Counter[str]())
    if totals:
        yield ""
        rows = [[label, *(f"{found.labels[label]:,}" for found in surveys)] for label, _ in totals.most_common()]
        yield from _table([["label", *(found.name for found in surveys)], *rows])
    for one, other in permutations(surveys, 2):
        count, places = shared(one, other)
        if count:
            yield ""
            yield f"{count:,} sentences of {one.name} also occur in {other.name}, first: {', '.join(places)}"
    for found in surveys:
        if found.faults:
            yield ""
            yield f"{found.name}: {found.fault_count:,} faults, the first {len(found.faults)}:"
            yield from (f"  {str(fault).splitlines()[0]} ({fault.there_is})" for fault in found.faults)


def _counts(surveys: Sequence[Survey]) -> Iterator[list[str]]:
    yield ["sentences", *(f"{found.sentences:,}" for found in surveys)]
    yield ["without predicate", *(f"{found.without_predicate:,}" for found in surveys)]
    yield ["tokens", *(f"{sum(n * k for n, k in found.lengths.items()):,}" for found in surveys)]
    yield ["predicates", *(f"{found.predicates:,}" for found in surveys)]
    yield ["mean length", *(f"{_mean(found.lengths):.1f}" for found in surveys)]
    for name, share in (("median length", 0.5), ("95 % are at most", 0.95), ("longest", 1.0)):
        yield [name, *(f"{quantile(found.lengths, share):,}" for found in surveys)]
    yield ["illegal tags", *(f"{found.illegal_tags:,}" for found in surveys)]
    yield ["overlapping spans", *(f"{found.overlaps:,}" for found in surveys)]
    yield ["faults in all", *(f"{found.fault_count:,}" for found in surveys)]


def quantile(counts: Counter[int], share: float) -> int:
    """The smallest length that at least `share` of all sentences do not exceed; 0 when there are none."""
    seen, total = 0, counts.total()
    for length in sorted(counts):
        seen += counts[length]
        if seen >= share * total:
            return length
    return 0


def _mean(counts: Counter[int]) -> float:
    return sum(n * k for n, k in counts.items()) / max(counts.total(), 1)


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Plain lines, the first column to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
