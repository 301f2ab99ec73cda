"""HTML views of classified and generated texts, and attention maps as SVG."""

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

MAX_ATTENTION_CELLS = 40_000  # of a map that is drawn: about 5 MB of SVG

_CELL = 20.0  # pixels
_MAX_CHARACTERS = 24  # of a token
_MIN_WEIGHT = 0.02  # attention weight from which a cell is colored
_SHADES = 9  # shades of word weights in the style sheet


def render_classification(record: RecordMapping) -> str:
    """Render a `<figure>`: class probabilities as bars, the most probable first, and the weight of each word."""
    rows = []
    for name, probability in sorted(record["probabilities"].items(), key=lambda item: -item[1]):
        percent = 100 * probability
        bar = f'<svg class="bar" aria-hidden="true"><rect width="{percent:.1f}%" height="100%" rx="3"/></svg>'
        first = ' class="first"' if name == record["label"] else ""
        label = f'<th scope="row">{escape_markup(name)}</th>'
        rows.append(f"<tr{first}>{label}<td>{bar}</td><td>{percent:.1f} %</td></tr>")
    table = f'<table class="classes"><caption class="soft">class</caption>{"".join(rows)}</table>'
    words = record.get("words", [])
    name = "" if words else f'<figcaption class="soft">{escape_markup(record["id"])}</figcaption>'
    return f'<figure class="text">{name}{table}{_highlighted(words, record.get("weights", []))}</figure>'


def _highlighted(words: Sequence[str], weights: Sequence[float]) -> str:
    """Render words; the greater the weight relative to the largest, the darker the word."""
    if not words:
        return ""
    top = max(weights) or 1.0
    spans = []
    for word, weight in zip(words, weights, strict=True):
        shade = max(0, round(_SHADES * weight / top))
        spans.append(f'<span class="shade-{shade}" title="{100 * weight:.1f} %">{escape_markup(word)}</span>')
    caption = '<figcaption class="soft">weight of each word</figcaption>'
    return f'{caption}<p class="weighed" dir="{text_direction(words)}">{" ".join(spans)}</p>'


def render_generation(record: RecordMapping, attention: str = "") -> str:
    """Render a `<figure>`: the source and its generated texts, the best first.

    Args:
        record: record of a sequence-to-sequence model.
        attention: attention map of the best text, as HTML.
    """
    source = record["source"]
    texts = "".join(
        f'<li dir="{text_direction([text["text"]])}">{escape_markup(text["text"])} '
        f"{_format_log_prob(text['log_probability'])}</li>"
        for text in record["texts"]
    )
    details = ""
    if attention:
        details = f'<details open="open"><summary>attention to the source</summary>{attention}</details>'
    caption = f'<figcaption class="soft" dir="{text_direction([source])}">{escape_markup(source)}</figcaption>'
    return f'<figure class="text">{caption}<ol class="written">{texts}</ol>{details}</figure>'


def render_continuation(record: RecordMapping) -> str:
    """Render a `<figure>`: a prompt and its continuation by a language model."""
    prompt, text = record["prompt"], record["text"]
    content = f"<b>{escape_markup(prompt)}</b>{escape_markup(text)}"
    return f'<figure class="text"><p class="continued" dir="{text_direction([prompt + text])}">{content}</p></figure>'


def render_omitted_map(size: int) -> str:
    """Render a note in place of an attention map of too many cells."""
    return (
        f'<p class="soft">The attention map would have {size:,} cells and is not drawn: maps have at most '
        f"{MAX_ATTENTION_CELLS:,}. Shorter texts have smaller maps.</p>"
    )


def _format_log_prob(log_prob: float) -> str:
    return f'<span class="soft">log probability {log_prob:.2f}</span>'


def render_attention_map(
    source_tokens: Sequence[str], target_tokens: Sequence[str], attention: Sequence[Sequence[float]]
) -> str:
    """Render a grid of target tokens (rows) by source tokens (columns); greater attention is darker.

    A grid of more than `MAX_ATTENTION_CELLS` cells is replaced by a note.

    Args:
        source_tokens: tokens of the source.
        target_tokens: tokens of the output.
        attention: weight of each source token for each target token.
    """
    if (size := len(source_tokens) * len(target_tokens)) > MAX_ATTENTION_CELLS:
        return render_omitted_map(size)
    columns = [truncate(token, _MAX_CHARACTERS) for token in source_tokens]
    rows = [truncate(token, _MAX_CHARACTERS) for token in target_tokens]
    left = max([text_width(token, LABEL_FONT_SIZE) for token in rows], default=0.0) + 12
    top = max([text_width(token, LABEL_FONT_SIZE) for token in columns], default=0.0) + 12
    width, height = left + _CELL * len(columns) + 4, top + _CELL * len(rows) + 4
    order = range(len(columns))[::-1] if is_right_to_left(source_tokens) else range(len(columns))
    xs = {column: left + _CELL * i for i, column in enumerate(order)}
    parts = [
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" role="img" width="{width:.0f}" '
        f'height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"><title>Attention map</title>'
    ]
    for column, token in enumerate(columns):
        transform = f"translate({xs[column] + _CELL / 2 + 4:.1f} {top - 6:.1f}) rotate(-90)"
        parts.append(f'<text class="read" transform="{transform}">{escape_markup(token)}</text>')
    for row, (token, weights) in enumerate(zip(rows, attention, strict=True)):
        y = top + _CELL * row
        parts.append(f'<text class="written" x="{left - 6:.1f}" y="{y + 14:.1f}">{escape_markup(token)}</text>')
        parts += [_cell(xs[column], y, weight) for column, weight in enumerate(weights)]
    frame = '<div class="scroll" tabindex="0" role="group" aria-label="Attention map">'
    return "".join([frame, *parts, "</svg></div>"])


def _cell(x: float, y: float, weight: float) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{_CELL:.0f}" height="{_CELL:.0f}"'
    if weight < _MIN_WEIGHT:
        return f'<rect class="cell" {box}/>'
    return f'<rect class="cell read" {box} fill-opacity="{weight:.2f}"><title>{100 * weight:.0f} %</title></rect>'
