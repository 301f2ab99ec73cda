"""A tag for each word, or spans with labels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from grunlp.data.examples import SentenceFields, SRLExample
from grunlp.data.raw_text import examples_from_text
from grunlp.data.tag_schemes import detect_scheme, to_scheme
from grunlp.data.writers import tags_to_dict
from grunlp.tasks.predictor import BATCH_TOKENS, Predictor, Record, predict_batched, sanitize_sentences, sanitize_text
from grunlp.tasks.srl.checkpoint import TrainedTagger
from grunlp.tasks.tagging.inference import predict_tags


@dataclass(frozen=True, eq=False)
class TaggerPredictor(Predictor[str, list[Record]]):
    """A tagger: texts become a record of words, tags and spans for each of their sentences.

    Args:
        run: the network with what belongs to it.
        nbest: so many of the best tag sequences, with their probabilities.
        tag_scheme: in which tags of spans are written: "iob2", "iob1" or "bioes".
        batch_tokens: tokens a batch; fewer need less memory.
    """

    run: TrainedTagger
    nbest: int = 0
    tag_scheme: str = "iob2"
    batch_tokens: int = BATCH_TOKENS
    kind: ClassVar[str] = "tagger"

    @cached_property
    def has_span_tags(self) -> bool:
        """Whether its tags are those of spans."""
        return detect_scheme([self.run.model.tags]) is not None

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Of each text the records of its sentences, which never run over the end of a line."""
        return predict_batched(inputs, self.split_sentences, self.predict_examples)

    def split_sentences(self, text: str) -> list[SRLExample]:
        """A text in parts that are tagged one by one, as `predict_examples` takes them: one at least."""
        return list(examples_from_text(sanitize_text(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """The record of each sentence, tokenised already; without `text` and places in characters.

        Raises:
            TypeError: a sentence is a text.
        """
        return list(
            self.predict_examples(SentenceFields(id="", document="", words=w) for w in sanitize_sentences(words))
        )

    def predict_examples(self, sentences: Iterable[SentenceFields]) -> Iterator[Record]:
        """A record of each sentence, in the order given."""
        for found in predict_tags(self.run.model, self.run.collate, sentences, self.batch_tokens, self.nbest):
            record = tags_to_dict(found.sentence, found.tags, self.has_span_tags, found.nbest)
            for part in (record, *record.get("alternatives", ())) if self.has_span_tags else ():
                part["tags"] = to_scheme(part["tags"], self.tag_scheme)
            yield record
