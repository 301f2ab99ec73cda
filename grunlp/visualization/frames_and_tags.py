"""Sentences with their frames or tags, as HTML: records of labellers and taggers as people look at them."""

from grunlp.data.tags import Span
from grunlp.visualization.arc_diagram import ArcRow, render_arcs
from grunlp.visualization.svg_text import RecordMapping, escape_markup, label_color, text_direction

_NO_ARGUMENTS = '<li class="soft">no argument</li>'


def render_frames(record: RecordMapping) -> str:
    """A `<figure>`: the words with arcs of every predicate, then each predicate with its sense, arguments and glosses.

    Its buttons pick a predicate where the script of these pages, `picking.js`, runs.

    Args:
        record: of the frames format, with glosses (`grunlp.data.propbank.glosses`).
    """
    words, frames = record["words"], record["frames"]
    if not words:
        return _figure(words, '<p class="soft">an empty sentence</p>')
    lanes = [
        ArcRow(_arguments(frame), frame["index"], frame["roleset"] or "V", name=str(i))
        for i, frame in enumerate(frames)
    ]
    if not frames:
        return _figure(words, _scroll(render_arcs(words, [], []), words), '<p class="soft">no predicate</p>')
    cards = "".join(_frame_card(i, frame) for i, frame in enumerate(frames))
    return _figure(words, _scroll(render_arcs(words, [], lanes), words), f'<ul class="frames">{cards}</ul>')


def render_tags(record: RecordMapping) -> str:
    """A `<figure>`: the words with their spans, or each with its tag; then other tag sequences, if there are some."""
    words = record["words"]
    if not words:
        return _figure(words, '<p class="soft">an empty sentence</p>')
    if "spans" in record:
        spans = [Span(span["label"], span["start"], span["end"]) for span in record["spans"]]
        listed = "".join(_role_entry(span["label"], span["text"], "") for span in record["spans"])
        after = f'<ul class="roles">{listed}</ul>' if listed else '<p class="soft">no span</p>'
    else:
        spans, after = [Span(tag, i, i + 1) for i, tag in enumerate(record["tags"])], ""
    for other in record.get("alternatives", ()):
        after += f'<p class="soft">{100 * other["probability"]:.1f} % {escape_markup(" ".join(other["tags"]))}</p>'
    return _figure(words, _scroll(render_arcs(words, [], [ArcRow(spans)]), words), after)


def _arguments(frame: RecordMapping) -> list[Span]:
    return [Span(one["role"], one["start"], one["end"]) for one in frame["arguments"]]


def _figure(words: list[str], *content: str) -> str:
    return f'<figure class="sentence" dir="{text_direction(words)}">{"".join(content)}</figure>'


def _scroll(drawing: str, words: list[str]) -> str:
    """What is wider than the page is reached by the keyboard, too."""
    name = escape_markup(" ".join(words[:8]))
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Drawing: {name}">{drawing}</div>'


def _frame_card(number: int, frame: RecordMapping) -> str:
    roles = "".join(_role_entry(one["role"], one["text"], one.get("gloss", "")) for one in frame["arguments"])
    sense = f' <span class="soft">{escape_markup(frame["sense"])}</span>' if frame.get("sense") else ""
    return (
        f'<li data-name="{number}"><button type="button" class="pick" aria-pressed="false">'
        f"<bdi>{escape_markup(frame['predicate'])}</bdi></button> "
        f'<span class="sense">{escape_markup(frame["roleset"])}</span>{sense}'
        f'<ul class="roles">{roles or _NO_ARGUMENTS}</ul></li>'
    )


def _role_entry(label: str, text: str, gloss: str) -> str:
    """A label with its text and what it means."""
    meaning = f' <span class="soft">{escape_markup(gloss)}</span>' if gloss else ""
    return (
        f'<li><b class="{label_color(label)}">{escape_markup(label)}</b> <bdi>{escape_markup(text)}</bdi>{meaning}</li>'
    )
