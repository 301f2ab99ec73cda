"""Exporting classifiers: a graph from a sequence of words or measurements to log probabilities of its classes."""

import copy
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor, nn

from grunlp.data.examples import LabeledSeries, LabeledText
from grunlp.exporting import word_inputs
from grunlp.exporting.exporter import GraphRunner, ModelExporter, SplitEvaluation
from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.classification.checkpoint import TrainedClassifier
from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch, TimeSeriesCollator
from grunlp.tasks.classification.data import open_class_split
from grunlp.tasks.classification.inference import classify, evaluate_classifier
from grunlp.tasks.classification.model import Classifier, TextEncoder
from grunlp.tasks.classification.predictor import ClassifierPredictor as Predictor

_BATCH_TOKENS = 8000  # a batch


class _TextGraph(nn.Module):
    """Inputs of words → log probabilities (B, K) and how much each word counts (B, T)."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.model(word_inputs.from_arrays(*inputs))
        return found


class _TimeSeriesGraph(nn.Module):
    """Values (B, T, C) and lengths (B,) → the same."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = self.model(TimeSeriesBatch(inputs[0], inputs[1], labels=inputs[1]))
        return found


class ClassifierExporter(ModelExporter):
    """Of a classifier of texts or of measurements."""

    recipe = "classify"

    def __init__(self, run: TrainedClassifier) -> None:
        self.run, self.collate = run, run.collate
        self.files, self.settings = {}, {}
        self.model = {"classes": run.model.classes, "settings": {}}
        outputs = ("log_probs", "weights")
        if isinstance(run.collate, TimeSeriesCollator):
            self.kind, self.script_modules = (
                "classifier of measurements",
                ("grunlp.tasks.classification.onnx_runtime_series",),
            )
            self.input_description = f"a JSON array of steps, each an array of {run.collate.num_features} numbers"
            inputs: dict[str, Sequence[str | int]] = {"values": ("B", "T", run.collate.num_features), "lengths": ("B",)}
            self.graphs = (Graph("classes", _TimeSeriesGraph(run.model), inputs, outputs),)
            self.model["features"] = run.collate.num_features
        else:
            assert isinstance(run.model.encoder, TextEncoder)
            word_inputs.reject_pretrained_encoder(run.model.encoder.sentences)
            self.kind, self.input_description = "classifier of texts", word_inputs.INPUT_LINE_DESCRIPTION
            self.script_modules = (
                *word_inputs.WORD_MODULES,
                "grunlp.data.word_tokenizer",
                "grunlp.tasks.classification.onnx_runtime_text",
            )
            self.graphs = (Graph("classes", _TextGraph(run.model), word_inputs.WORD_INPUT_AXES, outputs),)
            self.model |= {**word_inputs.vocabulary_tables(run.collate.vocabulary), "longest": run.collate.max_length}
        (nothing,) = classify(run.model, run.collate, [self._example([])], _BATCH_TOKENS)
        self.model["empty"] = nothing.log_probs

    def _example(self, read: Any) -> Any:
        if isinstance(self.collate, TimeSeriesCollator):
            return LabeledSeries(id="", label="", steps=len(read), values=[number for step in read for number in step])
        return LabeledText(id="", document="", words=read, label="")

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[Any]:
        """See `ModelExporter`."""
        if not isinstance(self.collate, TimeSeriesCollator):
            return [self._example(one) for one in word_inputs.random_words(self.collate.vocabulary, lengths, rng)]
        encoder: Any = self.run.model.encoder
        mean, deviation = encoder.mean.numpy(), encoder.deviation.numpy()
        sizes = ((length, len(mean)) for length in lengths)
        return [self._example((mean + 2 * deviation * rng.normal(size=size)).tolist()) for size in sizes]

    def inputs(self, examples: Sequence[Any]) -> list[tuple[Tensor, ...] | None]:
        """See `ModelExporter`."""
        return [self._arrays(self.collate(examples))]

    @staticmethod
    def _arrays(batch: TextClassificationBatch | TimeSeriesBatch) -> tuple[Tensor, ...]:
        return (batch.values, batch.lengths) if isinstance(batch, TimeSeriesBatch) else word_inputs.to_arrays(batch)

    def to_input_line(self, example: Any) -> str:
        """See `ModelExporter`."""
        if "words" in example:
            return json.dumps({"words": example["words"]}, ensure_ascii=False)
        return json.dumps(np.reshape(example["values"], (example["steps"], -1)).tolist())

    def reference_answers(self, examples: Sequence[Any]) -> list[dict[str, Any]]:
        """See `ModelExporter`."""
        return list(
            Predictor(self.run).predict_examples({**one, "id": str(i)} for i, one in enumerate(examples, start=1))
        )

    def graph_adapter(self, run: GraphRunner) -> nn.Module:
        """See `ModelExporter`."""
        model = copy.copy(self.run.model)

        def forward(batch: TextClassificationBatch | TimeSeriesBatch) -> tuple[Tensor, Tensor]:
            if not batch.lengths.any():
                return self.run.model.forward(batch)
            log_probs, weights = word_inputs.to_tensors(run("classes", *word_inputs.to_numpy(self._arrays(batch))))
            return log_probs, weights

        model.forward = forward  # type: ignore[method-assign]
        return model

    def evaluate(self, model: nn.Module) -> SplitEvaluation:
        """See `ModelExporter`."""
        examples: Any = open_class_split(self.run.config.data, "dev")
        batch_tokens = self.run.config.loader.batch_tokens
        evaluate = partial(evaluate_classifier, model, self.run.collate, examples, batch_tokens)  # type: ignore[arg-type]
        measured = "steps" in examples.column_names
        num_tokens = sum(examples["steps"]) if measured else sum(map(len, examples["words"]))
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), num_tokens)
