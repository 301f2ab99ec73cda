"""Training of a classifier: what is logged on dev is what evaluation finds."""

import pytest

from grunlp.data.examples import LabeledText
from grunlp.tasks.classification.inference import evaluate_classifier
from grunlp.tasks.classification.lightning import ClassifierTask
from grunlp.training.options import OptimizerOptions
from tests.tasks.classification.test_model import EXAMPLES, text_model
from tests.training.validation_loop import record_logs, validate

CLASSES = ["no", "perhaps", "yes"]


def test_accuracy_and_loss_of_dev_are_those_of_the_evaluation() -> None:
    model, collate = text_model(CLASSES, "model.label_smoothing=0.0")
    task = ClassifierTask(model, OptimizerOptions(), total_steps=10)
    expected = evaluate_classifier(model, collate, EXAMPLES, 100).metrics
    for _ in range(2):  # each epoch starts counting from zero
        logged = validate(task, [collate(EXAMPLES[:1]), collate(EXAMPLES[1:])])
        assert logged["dev/accuracy"] == pytest.approx(expected["accuracy"].value)
        assert logged["dev/loss"] == pytest.approx(expected["loss"].value, rel=1e-5)


def test_a_class_that_training_never_saw_counts_as_wrong() -> None:
    model, collate = text_model(CLASSES)
    unseen = LabeledText(id="", document="", words=["fine"], label="unseen")
    task = ClassifierTask(model, OptimizerOptions(), total_steps=10)
    alone = validate(task, [collate(EXAMPLES)])["dev/accuracy"]
    assert validate(task, [collate([*EXAMPLES, unseen])])["dev/accuracy"] == pytest.approx(alone * 5 / 6)


def test_the_training_loss_is_that_of_the_network() -> None:
    model, collate = text_model(CLASSES)
    task, batch = ClassifierTask(model, OptimizerOptions(), total_steps=10), collate(EXAMPLES)
    logged = record_logs(task)
    task.on_train_epoch_start()
    loss = task.training_step(batch, 0)
    assert loss.requires_grad and float(loss.detach()) == pytest.approx(
        float(model.loss(model(batch)[0], batch).detach())
    )
    assert task.units == int(batch.lengths.sum()) and logged["train/tokens_per_second"] > 0
