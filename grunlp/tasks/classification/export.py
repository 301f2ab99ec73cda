"""Export of classifiers: a graph from words or a time series to log probabilities of the classes."""

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
from grunlp.exporting.random_inputs import random_words
from grunlp.exporting.trace import Graph
from grunlp.metrics.evaluation import time_evaluation
from grunlp.tasks.classification.checkpoint import TrainedClassifier
from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch, TimeSeriesCollator
from grunlp.tasks.classification.data import open_class_split
from grunlp.tasks.classification.inference import classify, evaluate_classifier
from grunlp.tasks.classification.model import Classifier, TextEncoder
from grunlp.tasks.classification.onnx_runtime_series import TimeSeriesClassifierRuntime
from grunlp.tasks.classification.onnx_runtime_text import TextClassifierRuntime
from grunlp.tasks.classification.predictor import ClassifierPredictor

_BATCH_TOKENS = 8000


class _TextGraph(nn.Module):
    """Graph from the inputs of words to log probabilities (B, K) and word weights (B, T)."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs: tuple[Tensor, Tensor] = self.model(word_inputs.from_arrays(*inputs))
        return outputs


class _TimeSeriesGraph(nn.Module):
    """Graph from values (B, T, C) and lengths (B,) to log probabilities (B, K) and step weights (B, T)."""

    def __init__(self, model: Classifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        outputs: tuple[Tensor, Tensor] = self.model(TimeSeriesBatch(inputs[0], inputs[1], labels=inputs[1]))
        return outputs


class ClassifierExporter(ModelExporter):
    """Exporter of classifiers of texts or of time series."""

    recipe = "classify"

    def __init__(self, run: TrainedClassifier) -> None:
        self.run, self.collate = run, run.collate
        self.files, self.settings = {}, {}
        self.model = {"classes": run.model.classes, "settings": {}}
        outputs = ("log_probs", "weights")
        if isinstance(run.collate, TimeSeriesCollator):
            num_features = run.collate.num_features
            self.kind, self.runtime_class = "time-series classifier", TimeSeriesClassifierRuntime
            self.input_description = f"a JSON array of time steps, each an array of {num_features} numbers"
            inputs: dict[str, Sequence[str | int]] = {"values": ("B", "T", num_features), "lengths": ("B",)}
            self.graphs = (Graph("classes", _TimeSeriesGraph(run.model), inputs, outputs),)
            self.model["num_features"] = num_features
        else:
            assert isinstance(run.model.encoder, TextEncoder)
            word_inputs.reject_pretrained_encoder(run.model.encoder.sentences)
            self.kind, self.runtime_class = "text classifier", TextClassifierRuntime
            self.input_description = word_inputs.INPUT_LINE_DESCRIPTION
            self.graphs = (Graph("classes", _TextGraph(run.model), word_inputs.WORD_INPUT_AXES, outputs),)
            self.model |= word_inputs.vocabulary_tables(run.collate.vocabulary)
            self.model["max_length"] = run.collate.max_length
        (empty,) = classify(run.model, run.collate, [self._example([])], _BATCH_TOKENS)
        self.model["empty"] = empty.log_probs

    def _example(self, content: Any) -> Any:
        """Make an example of words or time steps."""
        if isinstance(self.collate, TimeSeriesCollator):
            values = [value for step in content for value in step]
            return LabeledSeries(id="", label="", steps=len(content), values=values)
        return LabeledText(id="", document="", words=content, label="")

    def random_examples(self, lengths: Sequence[int], rng: np.random.Generator) -> list[Any]:
        """See `ModelExporter`."""
        if not isinstance(self.collate, TimeSeriesCollator):
            return [self._example(words) for words in random_words(self.collate.vocabulary, lengths, rng)]
        encoder: Any = self.run.model.encoder
        mean, std = encoder.mean.numpy(), encoder.deviation.numpy()
        shapes = ((length, len(mean)) for length in lengths)
        return [self._example((mean + 2 * std * rng.normal(size=shape)).tolist()) for shape in shapes]

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
        numbered = ({**example, "id": str(i)} for i, example in enumerate(examples, start=1))
        return list(ClassifierPredictor(self.run).predict_examples(numbered))

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
        evaluate = partial(evaluate_classifier, model, self.collate, examples, batch_tokens)  # type: ignore[arg-type]
        is_series = "steps" in examples.column_names
        num_steps = sum(examples["steps"]) if is_series else sum(map(len, examples["words"]))
        return SplitEvaluation(time_evaluation(evaluate, len(examples)), num_steps)
