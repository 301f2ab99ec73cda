"""Prediction of tags."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from grunlp.data.examples import SentenceFields
from grunlp.data.tag_schemes import detect_scheme, to_scheme
from grunlp.data.writers import tags_to_dict
from grunlp.tasks.predictor import BATCH_TOKENS, Record, SentencePredictor
from grunlp.tasks.tagging.checkpoint import TrainedTagger
from grunlp.tasks.tagging.inference import predict_tags


@dataclass(frozen=True, eq=False)
class TaggerPredictor(SentencePredictor):
    """A tagger: it predicts for each sentence of a text a record of words, tags and spans.

    Args:
        run: the trained model.
        nbest: number of most probable tag sequences to return, with their probabilities.
        tag_scheme: scheme of the span tags in records: "iob2", "iob1" or "bioes".
        batch_tokens: maximum number of tokens in a batch.
    """

    run: TrainedTagger
    nbest: int = 0
    tag_scheme: str = "iob2"
    batch_tokens: int = BATCH_TOKENS
    task: ClassVar[str] = "tagging"

    @cached_property
    def has_span_tags(self) -> bool:
        """Whether its tags mark spans."""
        return detect_scheme([self.run.model.tags]) is not None

    def predict_examples(self, examples: Iterable[SentenceFields]) -> Iterator[Record]:
        """Predict a record for each sentence, in order."""
        for prediction in predict_tags(self.run.model, self.run.collate, examples, self.batch_tokens, self.nbest):
            record = tags_to_dict(prediction.sentence, prediction.tags, self.has_span_tags, prediction.nbest)
            if self.has_span_tags:
                for sequence in (record, *record.get("alternatives", ())):
                    sequence["tags"] = to_scheme(sequence["tags"], self.tag_scheme)
            yield record
