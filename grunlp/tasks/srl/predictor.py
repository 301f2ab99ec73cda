"""Prediction of semantic roles."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.propbank.frame_index import RolesetIndex, index_path, read_index
from grunlp.data.propbank.rolesets import add_role_descriptions
from grunlp.data.writers import srl_to_dict
from grunlp.tasks.predictor import BATCH_TOKENS, Record, SentencePredictor
from grunlp.tasks.srl.checkpoint import TrainedSRL
from grunlp.tasks.srl.inference import SRLPrediction, label


@dataclass(frozen=True, eq=False)
class SRLPredictor(SentencePredictor):
    """A semantic role labeller: it predicts for each sentence of a text a record of the frames format.

    Args:
        run: the trained model.
        index: index of the PropBank frame files, for descriptions of senses and roles; empty if there are none.
        detect_predicates: whether predicates are detected; otherwise those of the examples are labelled.
        batch_tokens: maximum number of tokens in a batch.
    """

    run: TrainedSRL
    index: RolesetIndex
    detect_predicates: bool = True
    batch_tokens: int = BATCH_TOKENS
    task: ClassVar[str] = "srl"

    def predict_examples(self, examples: Iterable[SRLExample]) -> Iterator[Record]:
        """Predict a record for each example, in order."""
        return (record for record, _ in self.predict_partial(examples, None))

    def predict_partial(
        self, examples: Iterable[SRLExample], max_work: int | None
    ) -> Iterator[tuple[Record, list[int]]]:
        """Predict the first frames of each example; the positions of its other predicates remain for `predict_at`."""
        model, collate = self.run.model, self.run.collate
        for prediction in label(model, collate, examples, self.batch_tokens, self.detect_predicates, max_work):
            yield self._record(prediction), prediction.unlabelled

    def predict_at(self, example: SRLExample, positions: Sequence[int]) -> Record:
        """Predict the record of an example, with the words at the given positions as its predicates."""
        requested = example.copy()
        requested["frames"] = [Frame(index=position, lemma="", roleset="", tags=[]) for position in positions]
        (prediction,) = label(self.run.model, self.run.collate, [requested], self.batch_tokens, detect_predicates=False)
        return self._record(prediction)

    def _record(self, prediction: SRLPrediction) -> Record:
        record = srl_to_dict(prediction.predicted_example)
        add_role_descriptions(record, self.run.collate.vocabulary.rolesets, self.index)
        return record


def srl_predictor_from_run(run: TrainedSRL) -> SRLPredictor:
    """Make the predictor of a trained model, with the index of the frame files if it exists in the user's cache."""
    return SRLPredictor(run, read_index(index_path()) if index_path().is_file() else {})
