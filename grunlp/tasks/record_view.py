"""The HTML page of predictions that the command `predict` writes."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from grunlp.utils.cli_io import atomic_new_file
from grunlp.visualization.html_page import render_page

OutputT = TypeVar("OutputT")
_MAX_RECORDS = 1000  # rendered records on a page, which a browser can display without delay


@contextmanager
def html_page(
    path: str | None, run: str, render: Callable[[OutputT], str]
) -> Iterator[Callable[[Iterable[OutputT]], Iterator[OutputT]]]:
    """Provide a function that passes predictions through and renders the first 1,000 of them for a page.

    The page is written at the end, so that no prediction is lost if it cannot be written.

    Args:
        path: the path of a new file; None: no page.
        run: the run folder, for the title.
        render: renders a prediction as HTML.
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
