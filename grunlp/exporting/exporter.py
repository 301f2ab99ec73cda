"""What the export of a network of any kind needs to know of it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import EvaluationResult

GraphRunner = Callable[..., list[Any]]  # the name of a graph and its inputs as numpy arrays → its outputs


class SplitEvaluation(NamedTuple):
    """A development split scored. read: how many words, pieces or steps it has."""

    result: EvaluationResult
    read: int


class ModelExporter(ABC):
    """A trained network with all that its export takes.

    Attributes:
        kind: what it is, in a word.
        recipe: that trained it.
        graphs: in the order in which they run.
        script_modules: modules of `grunlp.exporting.runtime`, or of `grunlp` where these hold for them, that the script
            is made
            of, besides graphs and main.
        model: what the script knows of the network, as JSON; `settings` among it are the numbers a user may type.
        files: what else the script reads: name → where it lies.
        min_length: steps that an example has at least.
        input_description: a line of input, in words.
        settings: numbers that the script is proved with, where its own would take too long.
    """

    kind: str
    recipe: str
    graphs: Sequence[Graph]
    script_modules: Sequence[str]
    model: dict[str, Any]
    files: dict[str, Path]
    min_length: int = 1
    input_description: str
    settings: dict[str, Any]

    @abstractmethod
    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[Any]:
        """Random examples of so many steps each, with what the training never saw among them."""

    @abstractmethod
    def inputs(self, examples: Sequence[Any]) -> list[tuple[Tensor, ...] | None]:
        """Inputs of each graph for a batch of examples; None where a graph has nothing to do."""

    @abstractmethod
    def to_input_line(self, example: Any) -> str:
        """An example as a line of the script's input."""

    @abstractmethod
    def reference_answers(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """What grunlp makes of examples, in the form of the script."""

    @abstractmethod
    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """A network that computes by way of the graphs, for what scores networks. Where there is nothing to compute,
        which graphs cannot do, it computes that itself."""

    @abstractmethod
    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """How well a network does on the development split of the run. Raises GrunlpError where there is none."""


def batch_lengths(rows: int, longest: int, min_length: int, rng: np.random.Generator) -> list[int]:
    """Lengths of a batch, of which the longest is given."""
    return [longest, *rng.integers(min_length, longest + 1, size=rows - 1).tolist()]
