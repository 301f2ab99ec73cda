"""The class of a text, or of a sequence of measurements."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from grunlp.data.examples import Classified, Measured
from grunlp.data.word_tokenizer import tokenize
from grunlp.tasks.classification.checkpoint import ClassRun, load_class_run
from grunlp.tasks.classification.collate import MeasuredCollator
from grunlp.tasks.classification.inference import Decision, classify
from grunlp.tasks.predictor import Predictor, Record, answer_each, clean
from grunlp.utils.errors import GrunlpError


@dataclass(frozen=True, eq=False)
class Classifier(Predictor[str | ArrayLike, list[Record]]):
    """A classifier: a text, or numbers (T, C), become one record with the class and the probability of each.

    Args:
        run: the network with what belongs to it.
        batch_tokens: words, or steps, a batch; fewer need less memory.
    """

    run: ClassRun
    batch_tokens: int = 8000
    kind: ClassVar[str] = "classifier"

    @property
    def features(self) -> int | None:
        """C, measurements a step; None where it classifies texts."""
        return self.run.collate.features if isinstance(self.run.collate, MeasuredCollator) else None

    def stream(self, many: Iterable[str | ArrayLike]) -> Iterator[list[Record]]:
        """Of each input a list of its one record. Raises GrunlpError for one of the other kind or size."""
        return answer_each(many, lambda given: [self._example(given)], self.records)

    def records(self, examples: Iterable[Any]) -> Iterator[Record]:
        """A record of each example, in the order given; of texts it tells how much each word counted."""
        for one in classify(self.run.model, self.run.collate, examples, self.batch_tokens):
            yield self._record(one)

    def _example(self, given: str | ArrayLike) -> Classified | Measured:
        if self.features is None:
            if not isinstance(given, str):
                raise GrunlpError("measurements, or what is no text", f"{self.path} classifies texts", "Give a str.")
            return text_example("1", given)
        there = f"{self.path} classifies numbers (steps, {self.features})"
        try:
            with np.errstate(over="ignore"):  # they become infinite, which is told below
                values = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError):
            raise GrunlpError("a text, or what is no array", there, "Give an array.") from None
        if values.ndim != 2 or values.shape[1] != self.features:
            raise GrunlpError(f"an array of the shape {values.shape}", there, "Give an array of such a shape.")
        if not np.isfinite(values).all():
            raise GrunlpError("an array that holds what is no number", there, "Fill or leave out such steps.")
        return Measured(id="1", label="", steps=len(values), values=values.ravel().tolist())

    def _record(self, one: Decision) -> Record:
        shares = {name: exp(value) for name, value in zip(self.run.model.classes, one.log_probs, strict=True)}
        record: Record = {"id": one.example["id"], "label": max(shares, key=lambda name: shares[name])}
        record["probabilities"] = {name: round(share, 6) for name, share in shares.items()}
        if "words" in one.example:
            words = one.example["words"][: len(one.weights)]
            record["words"], record["weights"] = words, [round(weight, 4) for weight in one.weights]
        return record


def text_example(id: str, text: str) -> Classified:
    """A text as classifiers of texts read it."""
    return Classified(id=id, document="", words=[token.word for token in tokenize(clean(text))], label="")


def load_classifier(run: str | Path) -> Classifier:
    """The classifier of a run folder."""
    return Classifier(load_class_run(run))
