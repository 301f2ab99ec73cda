"""The shape in which readers yield two texts that belong together.

    {"id": "7", "source": "Zwei Männer.", "target": "Two men.", "references": []}

`references` are further targets that are as good, for scoring. What a format does not give is empty.
"""

from typing import TypedDict


class ParallelExample(TypedDict):
    """A text and what is to be made of it."""

    id: str
    source: str
    target: str
    references: list[str]
