"""Training of a labeller: what is logged on dev is what evaluation finds."""

import pytest

from grunlp.tasks.srl.inference import evaluate_srl, label
from grunlp.tasks.srl.lightning import SRLTask
from grunlp.training.options import OptimizerOptions
from tests.tasks.srl.test_inference import COLLATE, CORPUS, MODEL
from tests.training.validation_loop import record_logs, validate

# Half of the sentences have the labels that the network predicts.
MIXED = [
    one.predicted_example if i % 2 else one.example
    for i, one in enumerate(label(MODEL, COLLATE, CORPUS, 1000, detect_predicates=False))
]


def test_scores_of_dev_are_those_of_the_evaluation() -> None:
    scores = evaluate_srl(MODEL, COLLATE, MIXED, 1000)
    task = SRLTask(MODEL, OptimizerOptions(), total_steps=10)
    for _ in range(2):  # each epoch starts counting from zero
        logged = validate(task, [COLLATE(MIXED[:7]), COLLATE(MIXED[7:8]), COLLATE(MIXED[8:])])
        assert logged["dev/f1"] == pytest.approx(scores.total("srl-eval").overall.f1)
        assert logged["dev/predicate_f1"] == pytest.approx(scores.total("predicates").overall.f1)
        assert logged["dev/sense_accuracy"] == pytest.approx(scores.total("senses").overall.f1)
    assert 0 < logged["dev/f1"] < 100 and 0 < logged["dev/predicate_f1"] < 100


def test_the_loss_of_dev_is_a_mean_over_predicates() -> None:
    task = SRLTask(MODEL, OptimizerOptions(), total_steps=10)
    parts = [CORPUS[:3], CORPUS[3:20]]
    counts = [max(1, sum(len(one["frames"]) for one in part)) for part in parts]
    losses = [float(MODEL.loss(MODEL(COLLATE(part)), COLLATE(part)).detach()) for part in parts]
    expected = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    assert validate(task, map(COLLATE, parts))["dev/loss"] == pytest.approx(expected, rel=1e-5)


def test_the_training_loss_is_that_of_the_network() -> None:
    task, batch = SRLTask(MODEL, OptimizerOptions(), total_steps=10), COLLATE(CORPUS[:5])
    record_logs(task)
    task.on_train_epoch_start()
    assert float(task.training_step(batch, 0).detach()) == pytest.approx(
        float(MODEL.loss(MODEL(batch), batch).detach())
    )
    assert task.units == len(batch.predicate_index)
