"""HTML views of the records of role labellers and taggers."""

from grunlp.data.tags import Span
from grunlp.visualization.arc_diagram import ArcRow, render_arcs
from grunlp.visualization.svg_text import RecordMapping, escape_markup, label_color, text_direction

_NO_ARGUMENTS = '<li class="soft">no argument</li>'


def render_frames(record: RecordMapping) -> str:
    """Render a `<figure>`: the words with arcs, then each predicate with its sense, arguments and role descriptions.

    Its buttons select a predicate on pages with the script `picking.js`.

    Args:
        record: a record of the frames format, with role descriptions.
    """
    words, frames = record["words"], record["frames"]
    if not words:
        return _figure(words, '<p class="soft">an empty sentence</p>')
    rows = [
        ArcRow(_arguments(frame), frame["index"], frame["roleset"] or "V", name=str(i))
        for i, frame in enumerate(frames)
    ]
    if not frames:
        return _figure(words, _scroll(render_arcs(words, [], []), words), '<p class="soft">no predicate</p>')
    cards = "".join(_frame_card(i, frame) for i, frame in enumerate(frames))
    return _figure(words, _scroll(render_arcs(words, [], rows), words), f'<ul class="frames">{cards}</ul>')


def render_tags(record: RecordMapping) -> str:
    """Render a `<figure>`: the words with their spans or tags, then any alternative tag sequences."""
    words = record["words"]
    if not words:
        return _figure(words, '<p class="soft">an empty sentence</p>')
    if "spans" in record:
        spans = [Span(span["label"], span["start"], span["end"]) for span in record["spans"]]
        entries = "".join(_role_entry(span["label"], span["text"], "") for span in record["spans"])
        details = f'<ul class="roles">{entries}</ul>' if entries else '<p class="soft">no span</p>'
    else:
        spans, details = [Span(tag, i, i + 1) for i, tag in enumerate(record["tags"])], ""
    for alternative in record.get("alternatives", ()):
        tags = escape_markup(" ".join(alternative["tags"]))
        details += f'<p class="soft">{100 * alternative["probability"]:.1f} % {tags}</p>'
    return _figure(words, _scroll(render_arcs(words, [], [ArcRow(spans)]), words), details)


def _arguments(frame: RecordMapping) -> list[Span]:
    return [Span(argument["role"], argument["start"], argument["end"]) for argument in frame["arguments"]]


def _figure(words: list[str], *content: str) -> str:
    return f'<figure class="sentence" dir="{text_direction(words)}">{"".join(content)}</figure>'


def _scroll(drawing: str, words: list[str]) -> str:
    """Wrap a drawing that may be wider than the page in an element that the keyboard can scroll."""
    name = escape_markup(" ".join(words[:8]))
    return f'<div class="scroll" tabindex="0" role="group" aria-label="Drawing: {name}">{drawing}</div>'


def _frame_card(number: int, frame: RecordMapping) -> str:
    roles = "".join(
        _role_entry(argument["role"], argument["text"], argument.get("role_description", ""))
        for argument in frame["arguments"]
    )
    description = frame.get("sense_description")
    sense = f' <span class="soft">{escape_markup(description)}</span>' if description else ""
    predicate, roleset = escape_markup(frame["predicate"]), escape_markup(frame["roleset"])
    return (
        f'<li data-name="{number}"><button type="button" class="pick" aria-pressed="false">'
        f'<bdi>{predicate}</bdi></button> <span class="sense">{roleset}</span>{sense}'
        f'<ul class="roles">{roles or _NO_ARGUMENTS}</ul></li>'
    )


def _role_entry(label: str, text: str, description: str) -> str:
    """Render a label with its text and description."""
    suffix = f' <span class="soft">{escape_markup(description)}</span>' if description else ""
    return (
        f'<li><b class="{label_color(label)}">{escape_markup(label)}</b> <bdi>{escape_markup(text)}</bdi>{suffix}</li>'
    )
