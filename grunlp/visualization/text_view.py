"""Texts with their class, or with what was written for them, as HTML; `render_attention_map` as SVG."""

from collections.abc import Sequence

from grunlp.visualization.svg_text import (
    LABEL_FONT_SIZE,
    RecordMapping,
    escape_markup,
    is_right_to_left,
    text_direction,
    text_width,
    truncate,
)

_CELL = 20.0  # pixels
_LONGEST = 24  # characters of a piece
_MIN_WEIGHT = 0.02  # share of the attention from which on a cell is coloured
_SHADES = 9  # of words that counted, in the style sheet


def render_classification(record: RecordMapping) -> str:
    """A `<figure>`: the probability of each class as a bar, the likeliest first, and how much each word counted."""
    rows = []
    for name, share in sorted(record["probabilities"].items(), key=lambda item: -item[1]):
        bar = f'<svg class="bar" aria-hidden="true"><rect width="{100 * share:.1f}%" height="100%" rx="3"/></svg>'
        first = ' class="first"' if name == record["label"] else ""
        rows.append(
            f'<tr{first}><th scope="row">{escape_markup(name)}</th><td>{bar}</td><td>{100 * share:.1f} %</td></tr>'
        )
    table = f'<table class="classes"><caption class="soft">class</caption>{"".join(rows)}</table>'
    words = record.get("words", [])
    name = "" if words else f'<figcaption class="soft">{escape_markup(record["id"])}</figcaption>'
    return f'<figure class="text">{name}{table}{_highlighted(words, record.get("weights", []))}</figure>'


def _highlighted(words: Sequence[str], weights: Sequence[float]) -> str:
    """Words, darker where they counted more, in the share of the one that counted most."""
    if not words:
        return ""
    top = max(weights) or 1.0
    marked = [
        f'<span class="shade-{max(0, round(_SHADES * weight / top))}" title="{100 * weight:.1f} %">'
        f"{escape_markup(word)}</span>"
        for word, weight in zip(words, weights, strict=True)
    ]
    caption = '<figcaption class="soft">how much each word counted</figcaption>'
    return f'{caption}<p class="weighed" dir="{text_direction(words)}">{" ".join(marked)}</p>'


def render_generation(record: RecordMapping, attention: str = "") -> str:
    """A `<figure>`: what was written for a source, the best text first. attention: its `render_attention_map`, if
    known."""
    source = record["source"]
    texts = "".join(
        f'<li dir="{text_direction([one["text"]])}">'
        f"{escape_markup(one['text'])} {_format_log_prob(one['log_probability'])}</li>"
        for one in record["texts"]
    )
    more = ""
    if attention:
        more = f'<details open="open"><summary>what was read for each piece</summary>{attention}</details>'
    return (
        f'<figure class="text"><figcaption class="soft" dir="{text_direction([source])}">'
        f"{escape_markup(source)}</figcaption>"
        f'<ol class="written">{texts}</ol>{more}</figure>'
    )


def render_continuation(record: RecordMapping) -> str:
    """A `<figure>`: a prompt, and what a language model wrote on."""
    prompt, text = record["prompt"], record["text"]
    way = text_direction([prompt + text])
    content = f"<b>{escape_markup(prompt)}</b>{escape_markup(text)}"
    return f'<figure class="text"><p class="continued" dir="{way}">{content}</p></figure>'


def _format_log_prob(log_probability: float) -> str:
    return f'<span class="soft">log probability {log_probability:.2f}</span>'


def render_attention_map(
    read: Sequence[str], target_tokens: Sequence[str], attention: Sequence[Sequence[float]]
) -> str:
    """A grid: rows are pieces that were written, columns those that were read for them, the darker the more.

    Args:
        read: pieces of the source.
        target_tokens: pieces of the output.
        attention: for each written piece the share of each that was read.
    """
    columns, rows = (
        [truncate(piece, _LONGEST) for piece in read],
        [truncate(piece, _LONGEST) for piece in target_tokens],
    )
    left = max([text_width(piece, LABEL_FONT_SIZE) for piece in rows], default=0.0) + 12
    top = max([text_width(piece, LABEL_FONT_SIZE) for piece in columns], default=0.0) + 12
    across, down = left + _CELL * len(columns), top + _CELL * len(rows)
    order = range(len(columns))[::-1] if is_right_to_left(read) else range(len(columns))
    places = {column: left + _CELL * i for i, column in enumerate(order)}
    parts = [
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" role="img" width="{across + 4:.0f}" '
        f'height="{down + 4:.0f}" viewBox="0 0 {across + 4:.0f} {down + 4:.0f}"><title>Attention map</title>'
    ]
    for column, piece in enumerate(columns):
        x, y = places[column] + _CELL / 2 + 4, top - 6
        parts.append(
            f'<text class="read" transform="translate({x:.1f} {y:.1f}) rotate(-90)">{escape_markup(piece)}</text>'
        )
    for row, (piece, shares) in enumerate(zip(rows, attention, strict=True)):
        y = top + _CELL * row
        parts.append(f'<text class="written" x="{left - 6:.1f}" y="{y + 14:.1f}">{escape_markup(piece)}</text>')
        parts += [_cell(places[column], y, share) for column, share in enumerate(shares)]
    frame = '<div class="scroll" tabindex="0" role="group" aria-label="Attention map">'
    return "".join([frame, *parts, "</svg></div>"])


def _cell(x: float, y: float, weight: float) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{_CELL:.0f}" height="{_CELL:.0f}"'
    if weight < _MIN_WEIGHT:
        return f'<rect class="cell" {box}/>'
    return f'<rect class="cell read" {box} fill-opacity="{weight:.2f}"><title>{100 * weight:.0f} %</title></rect>'
