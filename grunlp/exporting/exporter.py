"""What the export of a network of any kind needs to know of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from grunlp.exporting.trace import Graph
from grunlp.tasks.spec import Scored

Run = Callable[..., list[Any]]  # the name of a graph and its inputs as numpy arrays → its outputs


class Split(NamedTuple):
    """A development split scored. read: how many words, pieces or steps it has."""

    scored: Scored
    read: int


class Exportable(ABC):
    """A trained network with all that its export takes.

    Attributes:
        kind: what it is, in a word.
        recipe: that trained it.
        graphs: in the order in which they run.
        parts: modules of `grunlp.exporting.runtime`, or of `grunlp` where these hold for them, that the script is made
            of, besides graphs and main.
        model: what the script knows of the network, as JSON; `settings` among it are the numbers a user may type.
        files: what else the script reads: name → where it lies.
        least: steps that an example has at least.
        takes: a line of input, in words.
        settings: numbers that the script is proved with, where its own would take too long.
    """

    kind: str
    recipe: str
    graphs: Sequence[Graph]
    parts: Sequence[str]
    model: dict[str, Any]
    files: dict[str, Path]
    least: int = 1
    takes: str
    settings: dict[str, Any]

    @abstractmethod
    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Any]:
        """Random examples of so many steps each, with what the training never saw among them."""

    @abstractmethod
    def inputs(self, examples: Sequence[Any]) -> list[tuple[Tensor, ...] | None]:
        """Inputs of each graph for a batch of examples; None where a graph has nothing to do."""

    @abstractmethod
    def line(self, example: Any) -> str:
        """An example as a line of the script's input."""

    @abstractmethod
    def answers(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """What grunlp makes of examples, in the form of the script."""

    @abstractmethod
    def standing_in(self, run: Run) -> nn.Module:
        """A network that computes by way of the graphs, for what scores networks. Where there is nothing to compute,
        which graphs cannot do, it computes that itself."""

    @abstractmethod
    def score(self, model: nn.Module) -> Split:
        """How well a network does on the development split of the run. Raises GrunlpError where there is none."""


def lengths_of(rows: int, longest: int, least: int, random: np.random.Generator) -> list[int]:
    """Lengths of a batch, of which the longest is given."""
    return [longest, *random.integers(least, longest + 1, size=rows - 1).tolist()]
