"""Frames as a person reads them on a terminal."""

from typing import Any

from rich.console import Console
from rich.text import Text


def show(record: dict[str, Any], console: Console) -> None:
    """Print a record of the frames format: the sentence, then each frame with a line an argument.

    She gave him a book .
      gave  give.01 transfer
        ARG0  She     giver
        ARG2  him     entity given to
        ARG1  a book  thing given
    """
    console.print(Text(" ".join(record["words"]), style="bold"), soft_wrap=True)
    if record["words"] and not record["frames"]:
        console.print(Text("  no predicate", style="dim"))
    for frame in record["frames"]:
        line = Text("  ").append(frame["predicate"], style="bold green")
        console.print(line.append(f"  {frame['roleset']}", style="green").append(f" {frame['sense']}", style="dim"))
        roles = max((len(argument["role"]) for argument in frame["arguments"]), default=0)
        texts = max((len(argument["text"]) for argument in frame["arguments"]), default=0)
        for argument in frame["arguments"]:
            line = Text("    ").append(f"{argument['role']:{roles}}  ", style="cyan")
            line.append(f"{argument['text']:{min(texts, 60)}}  ").append(argument["gloss"], style="dim")
            line.rstrip()
            console.print(line, soft_wrap=True)
    console.print()
