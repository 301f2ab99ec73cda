"""Frames and tags as a person reads them on a terminal."""

import re
from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # which a terminal would obey
_MAX_WIDTH = 60  # columns of an argument beyond which its gloss stands where it ends


def print_record(record: Mapping[str, Any], console: Console) -> None:
    """Print a record of the frames format, the sentence, then each frame with a line an argument; or one of tags.

    She gave him a book.
      gave  give.01 transfer
        ARG0  She     giver
        ARG2  him     entity given to
        ARG1  a book  thing given

    Predicates are green, in the sentence too; arguments that belong to them cyan, and adjuncts (ARGM) magenta.
    """
    lines = _tag_lines(record) if "tags" in record else _frame_lines(record)
    for line in [*lines, Text()]:
        line.plain = _CONTROL_CHARACTERS.sub("�", re.sub(r"\s", " ", line.plain))
        line.rstrip()
        console.print(line, soft_wrap=True)


def _span_text(record: Mapping[str, Any], span: dict[str, Any]) -> str:
    """An argument or span, as it was typed where that is known."""
    text: str = record["text"][span["start_char"] : span["end_char"]] if "text" in record else span["text"]
    return text


def _tag_lines(record: Mapping[str, Any]) -> list[Text]:
    """The sentence with a line a span; of plain tags each word with its tag."""
    if "spans" not in record:
        line = Text()
        for word, tag in zip(record["words"], record["tags"], strict=True):
            line.append(f"{word}", style="bold").append(f"/{tag} ", style="cyan")
        return [line, *_alternatives(record)]
    lines = [Text(record["text"] if "text" in record else " ".join(record["words"]), style="bold")]
    labels = max((len(span["label"]) for span in record["spans"]), default=0)
    for span in record["spans"]:
        lines.append(Text("  ").append(f"{span['label']:{labels}}  ", style="cyan").append(_span_text(record, span)))
    return lines + _alternatives(record)


def _alternatives(record: Mapping[str, Any]) -> list[Text]:
    """A line for each tag sequence: how likely it is, and its tags."""
    return [
        Text(f"  {100 * other['probability']:5.1f} %  {' '.join(other['tags'])}", style="dim")
        for other in record.get("alternatives", ())
    ]


def _frame_lines(record: Mapping[str, Any]) -> list[Text]:
    """The sentence, then each frame with a line an argument."""
    lines = [_sentence(record)]
    if record["words"] and not record["frames"]:
        lines.append(Text("  no predicate", style="dim"))
    for frame in record["frames"]:
        line = Text("  ").append(frame["predicate"], style="bold green").append(f"  {frame['roleset']}", style="green")
        lines.append(line.append(f" {frame['sense']}", style="dim"))
        roles = max((len(argument["role"]) for argument in frame["arguments"]), default=0)
        shown = [(argument, _span_text(record, argument)) for argument in frame["arguments"]]
        width = min(_MAX_WIDTH, max((cell_len(text) for _, text in shown), default=0))
        for argument, text in shown:
            style = "magenta" if "ARGM" in argument["role"] else "cyan"
            line = Text("    ").append(f"{argument['role']:{roles}}  ", style=style).append(text)
            lines.append(line.append(" " * (width - cell_len(text)) + "  ").append(argument["gloss"], style="dim"))
    return lines


def _sentence(record: Mapping[str, Any]) -> Text:
    """Its text, or its words, with the predicates marked."""
    if "text" in record:
        line, places = Text(record["text"], style="bold"), record["offsets"]
    else:
        line, places = Text(style="bold"), []
        for word in record["words"]:
            places.append((len(line), len(line) + len(word)))
            line.append(f"{word} ")
    for frame in record["frames"]:
        line.stylize("green", *places[frame["index"]])
    return line
