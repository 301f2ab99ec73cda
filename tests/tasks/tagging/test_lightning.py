"""Training of a tagger: what is logged on dev is what evaluation finds."""

import pytest

from grunlp.data.examples import TaggedSentence
from grunlp.tasks.tagging.inference import evaluate_tagger
from grunlp.tasks.tagging.lightning import TaggerTask
from grunlp.training.options import OptimizerOptions
from tests.tasks.tagging.test_model import CORPUS, PLAIN, make
from tests.training.validation_loop import record_logs, validate


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
@pytest.mark.parametrize(("corpus", "scheme"), [(CORPUS, "conlleval"), (PLAIN, "accuracy")], ids=["spans", "plain"])
def test_the_score_of_dev_is_that_of_the_evaluation(corpus: list[TaggedSentence], scheme: str, decoder: str) -> None:
    model, collate, _ = make(corpus, decoder=decoder)
    model.eval()
    model.scores.weight.data.mul_(5)
    many = [*corpus, *corpus[:2]]
    expected = evaluate_tagger(model, collate, many, 100).total(scheme).overall.f1
    task = TaggerTask(model, OptimizerOptions(), total_steps=10)
    for _ in range(2):  # each epoch starts counting from zero
        logged = validate(task, [collate(many[:1]), collate(many[1:])])
        assert logged["dev/f1"] == pytest.approx(expected)


def test_a_tag_that_training_never_saw_counts_as_outside() -> None:
    model, collate, _ = make()
    unseen = TaggedSentence(id="", document="", words=["Rome"], tags=["B-NEW"])
    model.crf.end.data.zero_()
    model.scores.bias.data[model.tags.index("O")] += 1000  # everything is outside
    task = TaggerTask(model, OptimizerOptions(), total_steps=10)
    assert validate(task, [collate([unseen])])["dev/f1"] == 0.0 and task.counts.overall.fn == 0


def test_the_training_loss_is_that_of_the_network() -> None:
    model, _, batch = make(word_dropout=0.0, input_dropout=0.0, dropout=0.0)
    task = TaggerTask(model, OptimizerOptions(), total_steps=10)
    record_logs(task)
    task.on_train_epoch_start()
    loss = task.training_step(batch, 0)
    assert float(loss.detach()) == pytest.approx(float(model.loss(model(batch), batch).detach()))
    assert task.units == int(batch.lengths.sum())
