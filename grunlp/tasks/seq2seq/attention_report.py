"""HTML report of generated texts: scores, and examples with attention maps."""

from collections.abc import Sequence
from typing import NamedTuple

from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.visualization.html_page import render_page, section, table
from grunlp.visualization.svg_text import escape_markup
from grunlp.visualization.text_view import render_attention_map

_NUM_WORST, _NUM_SPREAD = 10, 20  # examples


class AttentionExample(NamedTuple):
    """A generated text with its attention.

    Attributes:
        source: source text.
        output: generated text.
        references: reference texts.
        score: score of this text, in percent.
        source_tokens: tokens of the source, end token included.
        target_tokens: tokens of the output, end token included.
        attention: weight of each source token for each target token.
    """

    source: str
    output: str
    references: Sequence[str]
    score: float
    source_tokens: Sequence[str]
    target_tokens: Sequence[str]
    attention: Sequence[Sequence[float]]


def select_examples(scores: Sequence[float]) -> list[int]:
    """Select the indices of the worst texts and of texts spread evenly from the worst to the best."""
    ranked = sorted(range(len(scores)), key=scores.__getitem__)
    step = max(1, len(ranked) // _NUM_SPREAD)
    return list(dict.fromkeys([*ranked[:_NUM_WORST], *ranked[::step], *ranked[-1:]]))


def text_report(title: str, scores: TextScores, examples: Sequence[AttentionExample]) -> str:
    """Render a page with scores and examples, which are ordered from the worst to the best."""
    rows = [
        (name, metric.value, "{:.2f} to {:.2f}".format(*metric.interval), metric.description)
        for name, metric in scores.metrics.items()
    ]
    explanation = f"{len(scores.outputs):,} texts; intervals by bootstrap over them."
    parts = [section("Scores", explanation, table(["", "score", "95 % interval", "computed by"], rows))]
    explanation = (
        "From the worst to the best. Rows: tokens of the output; columns: tokens of the source, darker with greater "
        "attention (the mean of several heads). Point at a cell to see its weight."
    )
    return render_page(title, [*parts, section("Examples", explanation, *map(_figure, examples))])


def _figure(example: AttentionExample) -> str:
    lines = [
        f"<b>{example.score:.1f}</b>",
        f"source: {escape_markup(example.source)}",
        f"output: {escape_markup(example.output)}",
        *(f"reference: {escape_markup(text)}" for text in example.references),
    ]
    caption = f"<figcaption>{'<br/>'.join(lines)}</figcaption>"
    drawing = render_attention_map(example.source_tokens, example.target_tokens, example.attention)
    return f'<figure>{caption}<details open="open"><summary>attention</summary>{drawing}</details></figure>'
