"""Prediction of tags."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from grunlp.data.examples import SentenceFields, SRLExample
from grunlp.data.raw_text import examples_from_text
from grunlp.data.tag_schemes import detect_scheme, to_scheme
from grunlp.data.writers import tags_to_dict
from grunlp.tasks.predictor import BATCH_TOKENS, Record, SentencePredictor, sanitize_sentences, sanitize_text
from grunlp.tasks.tagging.checkpoint import TrainedTagger
from grunlp.tasks.tagging.inference import predict_tags


@dataclass(frozen=True, eq=False)
class TaggerPredictor(SentencePredictor):
    """A tagger: it predicts for each sentence of a text a record of words, tags and spans.

    Args:
        run: the trained model.
        nbest: number of most probable tag sequences to return, with their probabilities.
        tag_scheme: scheme in which tags of spans are written: "iob2", "iob1" or "bioes".
        batch_tokens: tokens in a batch; fewer need less memory.
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

    def split_sentences(self, text: str) -> list[SRLExample]:
        """Split a text into examples of one sentence, one at least."""
        return list(examples_from_text(sanitize_text(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """Predict tokenised sentences; their records have no `text` and no character offsets.

        Raises:
            TypeError: a sentence is a string.
        """
        return list(
            self.predict_examples(SentenceFields(id="", document="", words=w) for w in sanitize_sentences(words))
        )

    def predict_examples(self, examples: Iterable[SentenceFields]) -> Iterator[Record]:
        """Predict a record for each sentence, in order."""
        for found in predict_tags(self.run.model, self.run.collate, examples, self.batch_tokens, self.nbest):
            record = tags_to_dict(found.sentence, found.tags, self.has_span_tags, found.nbest)
            for part in (record, *record.get("alternatives", ())) if self.has_span_tags else ():
                part["tags"] = to_scheme(part["tags"], self.tag_scheme)
            yield record
