"""Drawings of records, the answers of predictors, whatever their kind; and a page of many."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.report.page import page
from grunlp.report.sentences import draw_frames, draw_tags
from grunlp.report.texts import attention_map, draw_classes, draw_continued, draw_written
from grunlp.streams import new_file

if TYPE_CHECKING:
    from grunlp.predictors.writer import Writer

Record = Mapping[str, Any]
_MOST = 1000  # drawings of a page, which a browser still shows at once

# By the kind of predictor. Forecasters answer with tables, which `forecasts` draws.
_DRAWINGS: Mapping[str, Callable[[Record], str]] = {
    "labeller": draw_frames,
    "tagger": draw_tags,
    "classifier": draw_classes,
    "writer": draw_written,
    "language-model": draw_continued,
}


def draw_record(kind: str, record: Record) -> str:
    """The HTML of a record of that kind of predictor."""
    return _DRAWINGS[kind](record)


def draw_with_attention(writer: "Writer", record: Record) -> str:
    """The HTML of what was written, with the attention map of the best text."""
    return draw_written(record, attention_map(*writer.attention(record["source"], record["texts"][0]["text"])))


def keep_page(
    path: Path, title: str, records: Iterator[dict[str, Any]], draw: Callable[[Record], str]
) -> Iterator[dict[str, Any]]:
    """Hand records on, and write a page of them when they are through, in a file of its own.

    The page has the first 1,000 and says how many there were.
    """
    drawings, count = [], 0
    for record in records:
        count += 1
        if count <= _MOST:
            drawings.append(draw(record))
        yield record
    if count > _MOST:
        drawings.insert(0, f'<p class="soft">The first {_MOST:,} of {count:,}.</p>')
    with new_file(path) as file:
        file.write(page(title, drawings, picking=True))
