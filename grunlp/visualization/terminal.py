"""Frames and tags on a terminal."""

import re
from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MAX_WIDTH = 60  # columns of the arguments; after a wider argument its role description follows directly


def print_record(record: Mapping[str, Any], console: Console) -> None:
    """Print a sentence with one line for each argument of its frames, or for each of its spans.

    She gave him a book.
      gave  give.01 transfer
        ARG0  She     giver
        ARG2  him     entity given to
        ARG1  a book  thing given

    Predicates are green, also in the sentence; arguments are cyan, adjuncts (ARGM) magenta.
    """
    lines = _tag_lines(record) if "tags" in record else _frame_lines(record)
    for line in [*lines, Text()]:
        line.plain = _CONTROL_CHARACTERS.sub("�", re.sub(r"\s", " ", line.plain))
        line.rstrip()
        console.print(line, soft_wrap=True)


def _span_text(record: Mapping[str, Any], span: dict[str, Any]) -> str:
    """Return the text of an argument or span, with the original white space if it is known."""
    text: str = record["text"][span["start_char"] : span["end_char"]] if "text" in record else span["text"]
    return text


def _tag_lines(record: Mapping[str, Any]) -> list[Text]:
    """Format a sentence with one line for each span; for plain tags, format each word with its tag."""
    if "spans" not in record:
        line = Text()
        for word, tag in zip(record["words"], record["tags"], strict=True):
            line.append(f"{word}", style="bold").append(f"/{tag} ", style="cyan")
        return [line, *_alternatives(record)]
    lines = [Text(record["text"] if "text" in record else " ".join(record["words"]), style="bold")]
    width = max((len(span["label"]) for span in record["spans"]), default=0)
    for span in record["spans"]:
        lines.append(Text("  ").append(f"{span['label']:{width}}  ", style="cyan").append(_span_text(record, span)))
    return lines + _alternatives(record)


def _alternatives(record: Mapping[str, Any]) -> list[Text]:
    """Format one line for each alternative tag sequence, with its probability and tags."""
    return [
        Text(f"  {100 * alternative['probability']:5.1f} %  {' '.join(alternative['tags'])}", style="dim")
        for alternative in record.get("alternatives", ())
    ]


def _frame_lines(record: Mapping[str, Any]) -> list[Text]:
    """Format a sentence, then each frame with one line for each argument."""
    lines = [_sentence(record)]
    if record["words"] and not record["frames"]:
        lines.append(Text("  no predicate", style="dim"))
    for frame in record["frames"]:
        line = Text("  ").append(frame["predicate"], style="bold green").append(f"  {frame['roleset']}", style="green")
        lines.append(line.append(f" {frame['sense_description']}", style="dim"))
        role_width = max((len(argument["role"]) for argument in frame["arguments"]), default=0)
        arguments = [(argument, _span_text(record, argument)) for argument in frame["arguments"]]
        width = min(_MAX_WIDTH, max((cell_len(text) for _, text in arguments), default=0))
        for argument, text in arguments:
            style = "magenta" if "ARGM" in argument["role"] else "cyan"
            line = Text("    ").append(f"{argument['role']:{role_width}}  ", style=style).append(text)
            line.append(" " * (width - cell_len(text)) + "  ")
            lines.append(line.append(argument["role_description"], style="dim"))
    return lines


def _sentence(record: Mapping[str, Any]) -> Text:
    """Format the text of a sentence, or its words, with the predicates highlighted."""
    if "text" in record:
        line, offsets = Text(record["text"], style="bold"), record["offsets"]
    else:
        line, offsets = Text(style="bold"), []
        for word in record["words"]:
            offsets.append((len(line), len(line) + len(word)))
            line.append(f"{word} ")
    for frame in record["frames"]:
        line.stylize("green", *offsets[frame["index"]])
    return line
