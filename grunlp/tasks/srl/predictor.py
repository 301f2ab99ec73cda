"""Who did what to whom: frames of sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.propbank.frame_index import RolesetIndex, index_path, read_index
from grunlp.data.propbank.glosses import add_role_descriptions
from grunlp.data.raw_text import examples_from_text
from grunlp.data.writers import srl_to_dict
from grunlp.tasks.predictor import BATCH_TOKENS, Predictor, Record, predict_batched, sanitize_sentences, sanitize_text
from grunlp.tasks.srl.checkpoint import TrainedSRL
from grunlp.tasks.srl.inference import SRLPrediction, label


@dataclass(frozen=True, eq=False)
class SRLPredictor(Predictor[str, list[Record]]):
    """A semantic role labeller: texts become a record of the frames format for each of their sentences.

    Args:
        run: the network with what belongs to it.
        index: of the frame files, for senses and glosses; empty without them.
        detect_predicates: whether predicates are found; otherwise those of the examples are labelled.
        batch_tokens: tokens a batch; fewer need less memory.
    """

    run: TrainedSRL
    index: RolesetIndex
    detect_predicates: bool = True
    batch_tokens: int = BATCH_TOKENS
    kind: ClassVar[str] = "labeller"

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Of each text the records of its sentences, which never run over the end of a line."""
        return predict_batched(inputs, self.split_sentences, self.predict_examples)

    def split_sentences(self, text: str) -> list[SRLExample]:
        """A text in parts that are labelled one by one, as `predict_examples` takes them: one at least."""
        return list(examples_from_text(sanitize_text(text)))

    def label(self, words: Sequence[Sequence[str]]) -> list[Record]:
        """The record of each sentence, tokenised already; without `text` and places in characters.

        Raises:
            TypeError: a sentence is a text.
        """
        sentences = sanitize_sentences(words)
        return list(
            self.predict_examples(SRLExample(id="", document="", words=w, pos=[], frames=[]) for w in sentences)
        )

    def predict_examples(self, examples: Iterable[SRLExample]) -> Iterator[Record]:
        """A record of each example, in the order given."""
        return (record for record, _ in self.predict_partial(examples, None))

    def predict_partial(
        self, examples: Iterable[SRLExample], max_work: int | None
    ) -> Iterator[tuple[Record, list[int]]]:
        """As `predict_examples`, with a sentence's first frames, see `label`; and where its other predicates are, for
        `at`."""
        for labelled in label(
            self.run.model, self.run.collate, examples, self.batch_tokens, self.detect_predicates, max_work
        ):
            yield self._record(labelled), labelled.unlabelled

    def at(self, example: SRLExample, positions: Sequence[int]) -> Record:
        """The record of an example with the words at some places as its predicates."""
        given = example.copy()
        given["frames"] = [Frame(index=place, lemma="", roleset="", tags=[]) for place in positions]
        (labelled,) = label(self.run.model, self.run.collate, [given], self.batch_tokens, detect_predicates=False)
        return self._record(labelled)

    def _record(self, prediction: SRLPrediction) -> Record:
        record = srl_to_dict(prediction.predicted_example)
        add_role_descriptions(record, self.run.collate.vocabulary.rolesets, self.index)
        return record


def srl_predictor_from_run(run: TrainedSRL) -> SRLPredictor:
    """A labeller with the index of the frame files where it lies in the user's cache."""
    return SRLPredictor(run, read_index(index_path()) if index_path().is_file() else {})
