"""A tag for each word, or spans with labels."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from grunlp.data.examples import Example, Sentence
from grunlp.data.raw_text import text_examples
from grunlp.data.tag_schemes import detect_scheme, from_iob2
from grunlp.data.writers import tag_record
from grunlp.tasks.predictor import BATCH_TOKENS, Predictor, Record, answer_each, clean, clean_sentences
from grunlp.tasks.srl.checkpoint import TagRun
from grunlp.tasks.tagging.inference import tag


@dataclass(frozen=True, eq=False)
class Tagger(Predictor[str, list[Record]]):
    """A tagger: texts become a record of words, tags and spans for each of their sentences.

    Args:
        run: the network with what belongs to it.
        alternatives: so many of the best tag sequences, with their probabilities.
        scheme: in which tags of spans are written: "iob2", "iob1" or "bioes".
        batch_tokens: tokens a batch; fewer need less memory.
    """

    run: TagRun
    alternatives: int = 0
    scheme: str = "iob2"
    batch_tokens: int = BATCH_TOKENS
    kind: ClassVar[str] = "tagger"

    @cached_property
    def spans(self) -> bool:
        """Whether its tags are those of spans."""
        return detect_scheme([self.run.model.tags]) is not None

    def stream(self, many: Iterable[str]) -> Iterator[list[Record]]:
        """Of each text the records of its sentences, which never run over the end of a line."""
        return answer_each(many, self.sentences, self.records)

    def sentences(self, text: str) -> list[Example]:
        """A text in parts that are tagged one by one, as `records` takes them: one at least."""
        return list(text_examples(clean(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """The record of each sentence, tokenised already; without `text` and places in characters.

        Raises:
            TypeError: a sentence is a text.
        """
        return list(self.records(Sentence(id="", document="", words=w) for w in clean_sentences(words)))

    def records(self, sentences: Iterable[Sentence]) -> Iterator[Record]:
        """A record of each sentence, in the order given."""
        for found in tag(self.run.model, self.run.collate, sentences, self.batch_tokens, self.alternatives):
            record = tag_record(found.sentence, found.tags, self.spans, found.alternatives)
            for part in (record, *record.get("alternatives", ())) if self.spans else ():
                part["tags"] = from_iob2(part["tags"], self.scheme)
            yield record
