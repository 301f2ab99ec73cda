"""Drawings of records, the answers of predictors, whatever their kind; and a page of many."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grunlp.utils.cli_io import new_file
from grunlp.visualization.frames_and_tags import draw_frames, draw_tags
from grunlp.visualization.html_page import page
from grunlp.visualization.svg_text import Record
from grunlp.visualization.text_view import attention_map, draw_classes, draw_continued, draw_written

if TYPE_CHECKING:
    from grunlp.tasks.seq2seq.predictor import Writer

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


@contextmanager
def new_page(
    path: str | None, run: str, draw: Callable[[Answer], str]
) -> Iterator[Callable[[Iterable[Answer]], Iterator[Answer]]]:
    """A function that hands answers on; at the end a page of their drawings is written, the first 1,000.

    It is written when all else is done, so that no answer is lost where a page cannot be written.

    Args:
        path: a new file; None: no page.
        run: that answers, for the title.
        draw: HTML of an answer.
    """
    drawings: list[str] = []
    count = 0

    def keep(answers: Iterable[Answer]) -> Iterator[Answer]:
        nonlocal count
        for answer in answers:
            count += 1
            if path is not None and count <= _MOST:
                drawings.append(draw(answer))
            yield answer

    yield keep
    if path is None:
        return
    if count > _MOST:
        drawings.insert(0, f'<p class="soft">The first {_MOST:,} of {count:,}.</p>')
    with new_file(Path(path)) as file:
        file.write(page(f"Answers of {run}", drawings, picking=True))
