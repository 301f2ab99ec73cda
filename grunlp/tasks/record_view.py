"""Drawings of records, the answers of predictors, whatever their kind; and a page of many."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from grunlp.utils.cli_io import atomic_new_file
from grunlp.visualization.frames_and_tags import render_frames, render_tags
from grunlp.visualization.html_page import render_page
from grunlp.visualization.svg_text import RecordMapping
from grunlp.visualization.text_view import (
    render_attention_map,
    render_classification,
    render_continuation,
    render_generation,
)

if TYPE_CHECKING:
    from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor

OutputT = TypeVar("OutputT")
_MAX_RECORDS = 1000  # drawings of a page, which a browser still shows at once

# By the kind of predictor. Forecasters answer with tables, which `forecasts` draws.
_RENDERERS: Mapping[str, Callable[[RecordMapping], str]] = {
    "labeller": render_frames,
    "tagger": render_tags,
    "classifier": render_classification,
    "writer": render_generation,
    "language-model": render_continuation,
}


def render_record(kind: str, record: RecordMapping) -> str:
    """The HTML of a record of that kind of predictor."""
    return _RENDERERS[kind](record)


def render_with_attention(predictor: "Seq2SeqPredictor", record: RecordMapping) -> str:
    """The HTML of what was written, with the attention map of the best text."""
    return render_generation(
        record, render_attention_map(*predictor.attention(record["source"], record["texts"][0]["text"]))
    )


@contextmanager
def html_page(
    path: str | None, run: str, render: Callable[[OutputT], str]
) -> Iterator[Callable[[Iterable[OutputT]], Iterator[OutputT]]]:
    """A function that hands answers on; at the end a page of their drawings is written, the first 1,000.

    It is written when all else is done, so that no answer is lost where a page cannot be written.

    Args:
        path: a new file; None: no page.
        run: that answers, for the title.
        render: HTML of an answer.
    """
    drawings: list[str] = []
    count = 0

    def keep(answers: Iterable[OutputT]) -> Iterator[OutputT]:
        nonlocal count
        for answer in answers:
            count += 1
            if path is not None and count <= _MAX_RECORDS:
                drawings.append(render(answer))
            yield answer

    yield keep
    if path is None:
        return
    if count > _MAX_RECORDS:
        drawings.insert(0, f'<p class="soft">The first {_MAX_RECORDS:,} of {count:,}.</p>')
    with atomic_new_file(Path(path)) as file:
        file.write(render_page(f"Answers of {run}", drawings, interactive=True))
