"""Drawings of records, the answers of predictors, whatever their kind; and a page of many."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grunlp.report.page import page
from grunlp.report.sentences import draw_frames, draw_tags
from grunlp.report.texts import attention_map, draw_classes, draw_continued, draw_written
from grunlp.streams import new_file

if TYPE_CHECKING:
    from grunlp.predictors.writer import Writer

Record = Mapping[str, Any]
Answer = TypeVar("Answer")
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


def keep_page(path: str | None, run: str, answers: Iterator[Answer], draw: Callable[[Answer], str]) -> Iterator[Answer]:
    """Hand answers on, and write a page of their drawings when they are through, the first 1,000.

    Args:
        path: a new file; None: no page.
        run: that answers, for the title.
        answers: records, or what else `draw` takes.
        draw: HTML of one.
    """
    if path is None:
        yield from answers
        return
    drawings, count = [], 0
    for count, answer in enumerate(answers, start=1):
        if count <= _MOST:
            drawings.append(draw(answer))
        yield answer
    if count > _MOST:
        drawings.insert(0, f'<p class="soft">The first {_MOST:,} of {count:,}.</p>')
    with new_file(Path(path)) as file:
        file.write(page(f"Answers of {run}", drawings, picking=True))
