"""Base class of exporters: the interface between a trained model and its export."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from grunlp.exporting.runtime.main import Runtime
from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import EvaluationResult

GraphRunner = Callable[..., list[Any]]  # name of a graph and its inputs as numpy arrays → its outputs


class SplitEvaluation(NamedTuple):
    """Evaluation of a development split.

    Attributes:
        result: scores and time.
        num_steps: number of words, tokens or time steps of the split.
    """

    result: EvaluationResult
    num_steps: int


class ModelExporter(ABC):
    """A trained model with everything its export needs.

    Attributes:
        kind: type of model, for display.
        recipe: recipe that trained it.
        graphs: graphs in the order in which they run.
        runtime_class: class of the script that answers lines of input with the graphs.
        model: data of the script, as JSON; its `settings` are the numbers that a user may set on the command line.
        files: further files the script reads, by name.
        min_length: minimum number of steps of an example.
        input_description: description of a line of input.
        settings: settings of the script during verification, where its defaults would take too long.
    """

    kind: str
    recipe: str
    graphs: Sequence[Graph]
    runtime_class: type[Runtime]
    model: dict[str, Any]
    files: dict[str, Path]
    min_length: int = 1
    input_description: str
    settings: dict[str, Any]

    @abstractmethod
    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[Any]:
        """Make random examples of the given lengths, including content that training never saw."""

    @abstractmethod
    def inputs(self, examples: Sequence[Any]) -> list[tuple[Tensor, ...] | None]:
        """Make the inputs of each graph for a batch of examples; None for a graph that has nothing to compute."""

    @abstractmethod
    def to_input_line(self, example: Any) -> str:
        """Format an example as a line of the script's input."""

    @abstractmethod
    def reference_answers(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """Predict examples with grunlp itself, in the output format of the script."""

    @abstractmethod
    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """Make a model that computes with the exported graphs, for evaluation.

        The original model computes empty input, which graphs do not support.
        """

    @abstractmethod
    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """Evaluate a model on the development split of the run.

        Raises:
            UserError: the run has no development split.
        """


def batch_lengths(rows: int, max_length: int, min_length: int, rng: np.random.Generator) -> list[int]:
    """Draw the lengths of a batch whose longest row has `max_length` steps."""
    return [max_length, *rng.integers(min_length, max_length + 1, size=rows - 1).tolist()]
