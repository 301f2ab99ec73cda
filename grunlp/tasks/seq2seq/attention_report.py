"""A page on what a network wrote: scores, and examples with what it read at each step."""

from collections.abc import Sequence
from typing import NamedTuple

from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.visualization.html_page import render_page, section, table
from grunlp.visualization.svg_text import escape_markup
from grunlp.visualization.text_view import render_attention_map

_WORST, _SPREAD = 10, 20  # texts shown


class AttentionExample(NamedTuple):
    """A text with what was read for it.

    Args:
        source, output: as texts.
        references: that it is scored against.
        score: of this text alone, in percent.
        read: pieces of the source, its end included.
        target_tokens: pieces of the output, its end included.
        attention: for each written piece the share of each that was read.
    """

    source: str
    output: str
    references: Sequence[str]
    score: float
    read: Sequence[str]
    target_tokens: Sequence[str]
    attention: Sequence[Sequence[float]]


def select_examples(scores: Sequence[float]) -> list[int]:
    """Which texts a page shows: the worst, and as many from the worst to the best as give an idea of all."""
    ranked = sorted(range(len(scores)), key=scores.__getitem__)
    step = max(1, len(ranked) // _SPREAD)
    return list(dict.fromkeys([*ranked[:_WORST], *ranked[::step], *ranked[-1:]]))


def text_report(title: str, scores: TextScores, examples: Sequence[AttentionExample]) -> str:
    """A page. examples: from the worst to the best."""
    rows = [
        (name, measure.value, "{:.2f} to {:.2f}".format(*measure.interval), measure.description)
        for name, measure in scores.metrics.items()
    ]
    explanation = f"{len(scores.outputs):,} texts; intervals by bootstrap over them."
    parts = [section("Scores", explanation, table(["", "score", "95 % interval", "counted by"], rows))]
    figures = [_figure(one) for one in examples]
    explanation = (
        "From the worst to the best. Rows: what was written; columns: what was read for it, the darker the more; of "
        "several heads of attention the mean. Point at a cell for its share."
    )
    return render_page(title, [*parts, section("Examples", explanation, *figures)])


def _figure(one: AttentionExample) -> str:
    lines = [f"<b>{one.score:.1f}</b>", f"source: {escape_markup(one.source)}", f"written: {escape_markup(one.output)}"]
    lines += [f"reference: {escape_markup(text)}" for text in one.references]
    caption = f"<figcaption>{'<br/>'.join(lines)}</figcaption>"
    drawing = render_attention_map(one.read, one.target_tokens, one.attention)
    return f'<figure>{caption}<details open="open"><summary>attention</summary>{drawing}</details></figure>'
