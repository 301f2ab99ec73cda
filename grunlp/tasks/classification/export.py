"""Exporting classifiers: a graph from a sequence of words or measurements to log probabilities of its classes."""

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from grunlp.data.examples import Classified, Measured
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import Exportable, Run, Split
from grunlp.exporting.trace import Graph
from grunlp.tasks.classification import commands
from grunlp.tasks.classification.checkpoint import ClassRun
from grunlp.tasks.classification.collate import ClassBatch, MeasuredBatch, MeasuredCollator
from grunlp.tasks.classification.data import open_class_split
from grunlp.tasks.classification.inference import classify
from grunlp.tasks.classification.model import Classifier, TextEncoder
from grunlp.tasks.classification.predictor import Classifier as Predictor

_TOKENS = 8000  # a batch


class _Texts(nn.Module):
    """Inputs of words → log probabilities (B, K) and how much each word counts (B, T)."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.model(word_inputs.tokens_of(*inputs))
        return found


class _Measurements(nn.Module):
    """Values (B, T, C) and lengths (B,) → the same."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.model(MeasuredBatch(inputs[0], inputs[1], classes=inputs[1]))
        return found


class ClassifierExport(Exportable):
    """Of a classifier of texts or of measurements."""

    recipe = "classify"

    def __init__(self, run: ClassRun) -> None:
        self.run, self.collate = run, run.collate
        self.files, self.settings = {}, {}
        self.model = {"classes": run.model.classes, "settings": {}}
        outputs = ("log_probs", "weights")
        if isinstance(run.collate, MeasuredCollator):
            self.kind, self.parts = "classifier of measurements", ("grunlp.tasks.classification.onnx_runtime_series",)
            self.takes = f"a JSON array of steps, each an array of {run.collate.features} numbers"
            inputs: dict[str, Sequence[str | int]] = {"values": ("B", "T", run.collate.features), "lengths": ("B",)}
            self.graphs = (Graph("classes", _Measurements(run.model), inputs, outputs),)
            self.model["features"] = run.collate.features
        else:
            assert isinstance(run.model.encoder, TextEncoder)
            word_inputs.require_no_encoder(run.model.encoder.sentences)
            self.kind, self.takes = "classifier of texts", word_inputs.LINE
            self.parts = (
                *word_inputs.PARTS,
                "grunlp.data.word_tokenizer",
                "grunlp.tasks.classification.onnx_runtime_text",
            )
            self.graphs = (Graph("classes", _Texts(run.model), word_inputs.INPUTS, outputs),)
            self.model |= {**word_inputs.tables_of(run.collate.vocabulary), "longest": run.collate.longest}
        (nothing,) = classify(run.model, run.collate, [self._example([])], _TOKENS)
        self.model["empty"] = nothing.log_probs

    def _example(self, read: Any) -> Any:
        if isinstance(self.collate, MeasuredCollator):
            return Measured(id="", label="", steps=len(read), values=[number for step in read for number in step])
        return Classified(id="", document="", words=read, label="")

    def draw(self, lengths: Sequence[int], random: np.random.Generator) -> list[Any]:
        """See `Exportable`."""
        if not isinstance(self.collate, MeasuredCollator):
            return [self._example(one) for one in word_inputs.draw_words(self.collate.vocabulary, lengths, random)]
        encoder: Any = self.run.model.encoder
        mean, deviation = encoder.mean.numpy(), encoder.deviation.numpy()
        sizes = ((length, len(mean)) for length in lengths)
        return [self._example((mean + 2 * deviation * random.normal(size=size)).tolist()) for size in sizes]

    def inputs(self, examples: Sequence[Any]) -> list[tuple[Tensor, ...] | None]:
        """See `Exportable`."""
        return [self._arrays(self.collate(examples))]

    @staticmethod
    def _arrays(batch: ClassBatch | MeasuredBatch) -> tuple[Tensor, ...]:
        return (batch.values, batch.lengths) if isinstance(batch, MeasuredBatch) else word_inputs.arrays_of(batch)

    def line(self, example: Any) -> str:
        """See `Exportable`."""
        if "words" in example:
            return json.dumps({"words": example["words"]}, ensure_ascii=False)
        return json.dumps(np.reshape(example["values"], (example["steps"], -1)).tolist())

    def answers(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """See `Exportable`."""
        return list(Predictor(self.run).records({**one, "id": str(i)} for i, one in enumerate(examples, start=1)))

    def standing_in(self, run: Run) -> nn.Module:
        """See `Exportable`."""
        model = copy.copy(self.run.model)

        def forward(batch: ClassBatch | MeasuredBatch) -> tuple[Tensor, Tensor]:
            if not batch.lengths.any():
                return self.run.model.forward(batch)
            log_probs, weights = word_inputs.to_tensors(run("classes", *word_inputs.to_numpy(self._arrays(batch))))
            return log_probs, weights

        model.forward = forward  # type: ignore[method-assign]
        return model

    def score(self, model: nn.Module) -> Split:
        """See `Exportable`."""
        examples: Any = open_class_split(self.run.config.data, "dev")
        scored = commands.score_examples(self.run._replace(model=model), examples)  # type: ignore[arg-type]
        measured = "steps" in examples.column_names
        return Split(scored, sum(examples["steps"]) if measured else sum(map(len, examples["words"])))
