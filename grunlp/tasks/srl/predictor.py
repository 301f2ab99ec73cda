"""Who did what to whom: frames of sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from grunlp.data.examples import Example, Frame
from grunlp.data.propbank.frame_index import Index, index_path, read_index
from grunlp.data.propbank.glosses import add_glosses
from grunlp.data.raw_text import text_examples
from grunlp.data.writers import sentence_record
from grunlp.tasks.predictor import BATCH_TOKENS, Predictor, Record, answer_each, clean, clean_sentences
from grunlp.tasks.srl.checkpoint import Run
from grunlp.tasks.srl.inference import Labelled, label


@dataclass(frozen=True, eq=False)
class Labeller(Predictor[str, list[Record]]):
    """A semantic role labeller: texts become a record of the frames format for each of their sentences.

    Args:
        run: the network with what belongs to it.
        index: of the frame files, for senses and glosses; empty without them.
        find: whether predicates are found; otherwise those of the examples are labelled.
        batch_tokens: tokens a batch; fewer need less memory.
    """

    run: Run
    index: Index
    find: bool = True
    batch_tokens: int = BATCH_TOKENS
    kind: ClassVar[str] = "labeller"

    def stream(self, many: Iterable[str]) -> Iterator[list[Record]]:
        """Of each text the records of its sentences, which never run over the end of a line."""
        return answer_each(many, self.sentences, self.records)

    def sentences(self, text: str) -> list[Example]:
        """A text in parts that are labelled one by one, as `records` takes them: one at least."""
        return list(text_examples(clean(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """The record of each sentence, tokenised already; without `text` and places in characters.

        Raises:
            TypeError: a sentence is a text.
        """
        sentences = clean_sentences(words)
        return list(self.records(Example(id="", document="", words=w, pos=[], frames=[]) for w in sentences))

    def records(self, examples: Iterable[Example]) -> Iterator[Record]:
        """A record of each example, in the order given."""
        return (record for record, _ in self.begun(examples, None))

    def begun(self, examples: Iterable[Example], work: int | None) -> Iterator[tuple[Record, list[int]]]:
        """As `records`, with a sentence's first frames, see `label`; and where its other predicates are, for `at`."""
        for labelled in label(self.run.model, self.run.collate, examples, self.batch_tokens, self.find, work):
            yield self._record(labelled), labelled.left

    def at(self, example: Example, places: Sequence[int]) -> Record:
        """The record of an example with the words at some places as its predicates."""
        given = example.copy()
        given["frames"] = [Frame(index=place, lemma="", roleset="", tags=[]) for place in places]
        (labelled,) = label(self.run.model, self.run.collate, [given], self.batch_tokens, find=False)
        return self._record(labelled)

    def _record(self, labelled: Labelled) -> Record:
        record = sentence_record(labelled.prediction)
        add_glosses(record, self.run.collate.vocabulary.rolesets, self.index)
        return record


def labeller_of(run: Run) -> Labeller:
    """A labeller with the index of the frame files where it lies in the user's cache."""
    return Labeller(run, read_index(index_path()) if index_path().is_file() else {})
