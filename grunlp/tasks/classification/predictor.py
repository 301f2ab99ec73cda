"""The class of a text, or of a sequence of measurements."""

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
    """A classifier: a text, or numbers (T, C), become one record with the class and the probability of each.

    Args:
        run: the network with what belongs to it.
        batch_tokens: words, or steps, a batch; fewer need less memory.
    """

    run: TrainedClassifier
    batch_tokens: int = 8000
    task: ClassVar[str] = "classification"

    @property
    def num_features(self) -> int | None:
        """C, measurements a step; None where it classifies texts."""
        return self.run.collate.num_features if isinstance(self.run.collate, TimeSeriesCollator) else None

    @property
    def input_type(self) -> InputType:
        """The type of an input: a text, or measurements (steps, features)."""
        return "text" if self.num_features is None else "measurements"

    def warm_up(self) -> None:
        """Classify a small input."""
        self("She gave him a book." if self.num_features is None else [[0.0] * self.num_features] * 3)

    def predict_iter(self, inputs: Iterable[str | ArrayLike]) -> Iterator[list[Record]]:
        """Of each input a list of its one record. Raises UserError for one of the other kind or size."""
        return predict_batched(inputs, lambda given: [self._example(given)], self.predict_examples)

    def predict_examples(self, examples: Iterable[Any]) -> Iterator[Record]:
        """A record of each example, in the order given; of texts it tells how much each word counted."""
        for one in classify(self.run.model, self.run.collate, examples, self.batch_tokens):
            yield self._record(one)

    def _example(self, item: str | ArrayLike) -> LabeledText | LabeledSeries:
        if self.num_features is None:
            if not isinstance(item, str):
                raise UserError("measurements, or what is no text", f"{self.path} classifies texts", "Give a str.")
            return text_example("1", item)
        there = f"{self.path} classifies numbers (steps, {self.num_features})"
        try:
            with np.errstate(over="ignore"):  # they become infinite, which is told below
                values = np.asarray(item, dtype=np.float32)
        except (TypeError, ValueError):
            raise UserError("a text, or what is no array", there, "Give an array.") from None
        if values.ndim != 2 or values.shape[1] != self.num_features:
            raise UserError(f"an array of the shape {values.shape}", there, "Give an array of such a shape.")
        if not np.isfinite(values).all():
            raise UserError("an array that holds what is no number", there, "Fill or leave out such steps.")
        return LabeledSeries(id="1", label="", steps=len(values), values=values.ravel().tolist())

    def _record(self, one: ClassPrediction) -> Record:
        shares = {name: exp(value) for name, value in zip(self.run.model.classes, one.log_probs, strict=True)}
        record: Record = {"id": one.example["id"], "label": max(shares, key=lambda name: shares[name])}
        record["probabilities"] = {name: round(share, 6) for name, share in shares.items()}
        if "words" in one.example:
            words = one.example["words"][: len(one.weights)]
            record["words"], record["weights"] = words, [round(weight, 4) for weight in one.weights]
        return record


def text_example(id: str, text: str) -> LabeledText:
    """A text as classifiers of texts read it."""
    return LabeledText(id=id, document="", words=[token.word for token in tokenize(sanitize_text(text))], label="")
