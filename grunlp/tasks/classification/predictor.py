"""Prediction of the class of a text or time series."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import exp
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from grunlp.data.examples import LabeledSeries, LabeledText
from grunlp.data.word_tokenizer import tokenize
from grunlp.tasks.classification.checkpoint import TrainedClassifier
from grunlp.tasks.classification.collate import TimeSeriesCollator
from grunlp.tasks.classification.inference import ClassPrediction, classify
from grunlp.tasks.predictor import InputType, Predictor, Record, predict_batched, sanitize_text
from grunlp.utils.errors import UserError


@dataclass(frozen=True, eq=False)
class ClassifierPredictor(Predictor[str | ArrayLike, list[Record]]):
    """A classifier: it predicts for a text, or a time series (T, C), one record with the probability of each class.

    Args:
        run: the trained model.
        batch_tokens: maximum number of words or time steps in a batch.
    """

    run: TrainedClassifier
    batch_tokens: int = 8000
    task: ClassVar[str] = "classification"

    @property
    def num_features(self) -> int | None:
        """C, the number of values of a time step; None for a classifier of texts."""
        return self.run.collate.num_features if isinstance(self.run.collate, TimeSeriesCollator) else None

    @property
    def input_type(self) -> InputType:
        """The type of an input: a text, or measurements (steps, features)."""
        return "text" if self.num_features is None else "measurements"

    def warm_up(self) -> None:
        """Classify a small input."""
        self("She gave him a book." if self.num_features is None else [[0.0] * self.num_features] * 3)

    def predict_iter(self, inputs: Iterable[str | ArrayLike]) -> Iterator[list[Record]]:
        """Predict a list of one record for each input.

        Raises:
            UserError: an input has the wrong type or shape.
        """
        return predict_batched(inputs, lambda item: [self._example(item)], self.predict_examples)

    def predict_examples(self, examples: Iterable[Any]) -> Iterator[Record]:
        """Predict a record for each example, in order. Records of texts have the weight of each word."""
        for prediction in classify(self.run.model, self.run.collate, examples, self.batch_tokens):
            yield self._record(prediction)

    def _example(self, item: str | ArrayLike) -> LabeledText | LabeledSeries:
        if self.num_features is None:
            if not isinstance(item, str):
                raise UserError(
                    f"expected a text, got {type(item).__name__}", f"{self.path} classifies texts", "Pass a str."
                )
            return text_example("1", item)
        details = f"{self.path} classifies arrays of shape (steps, {self.num_features})"
        try:
            with np.errstate(over="ignore"):  # overflow gives infinity, which is rejected below
                values = np.asarray(item, dtype=np.float32)
        except (TypeError, ValueError):
            raise UserError("the input is not an array of numbers", details, "Pass an array.") from None
        if values.ndim != 2 or values.shape[1] != self.num_features:
            raise UserError(f"an array of shape {values.shape}", details, "Pass an array of this shape.")
        if not np.isfinite(values).all():
            raise UserError("the array has NaN or infinite values", details, "Fill in or drop these steps.")
        return LabeledSeries(id="1", label="", steps=len(values), values=values.ravel().tolist())

    def _record(self, prediction: ClassPrediction) -> Record:
        example, classes = prediction.example, self.run.model.classes
        probabilities = {name: exp(value) for name, value in zip(classes, prediction.log_probs, strict=True)}
        record: Record = {"id": example["id"], "label": max(probabilities, key=lambda name: probabilities[name])}
        record["probabilities"] = {name: round(value, 6) for name, value in probabilities.items()}
        if "words" in example:
            record["words"] = example["words"][: len(prediction.weights)]
            record["weights"] = [round(weight, 4) for weight in prediction.weights]
        return record


def text_example(id: str, text: str) -> LabeledText:
    """Tokenize a text for a classifier."""
    return LabeledText(id=id, document="", words=[token.word for token in tokenize(sanitize_text(text))], label="")
