"""Training of a sequence-to-sequence model: greedy texts are scored against the targets."""

import math

import pytest

from grunlp.data.examples import ParallelExample
from grunlp.decoding.beam_search import BeamSearch
from grunlp.tasks.seq2seq.inference import generate
from grunlp.tasks.seq2seq.lightning import Seq2SeqTask
from grunlp.tasks.seq2seq.metrics import TextMetric, TextScores
from grunlp.training.options import OptimizerOptions
from tests.tasks.seq2seq.test_inference import COLLATE, LIMITS, MODEL, SOURCES, WORDS
from tests.training.validation_loop import record_logs, validate

GREEDY = BeamSearch(
    beam=1, nbest=1, length_penalty=0.0, normalization="length", coverage_penalty=0.0, no_repeat_ngram_size=0
)


def greedy_text(source: str) -> str:
    pair = ParallelExample(id="", source=source, target="", references=[])
    (found,) = generate(MODEL, COLLATE, [pair], LIMITS, GREEDY, 100)
    return found.texts[0]


# Half of the targets are the texts that greedy search finds.
PAIRS = [
    ParallelExample(id="", source=text, target=greedy_text(text) if i % 2 else "e a b", references=[])
    for i, text in enumerate(text for text in SOURCES[:12] if text.strip())
]


@pytest.mark.parametrize("metric", ["bleu", "rouge"])
def test_the_score_of_dev_is_that_of_greedy_texts(metric: TextMetric) -> None:
    task = Seq2SeqTask(MODEL, OptimizerOptions(), 10, WORDS, LIMITS, metric)
    outputs = [greedy_text(pair["source"]) for pair in PAIRS]
    expected = TextScores(metric, outputs, [[pair["target"]] for pair in PAIRS]).monitored_score()
    for _ in range(2):  # an epoch starts with no texts
        logged = validate(task, [COLLATE(PAIRS[:3]), COLLATE(PAIRS[3:])])
        assert logged[f"dev/{metric}"] == pytest.approx(expected) and 0 < expected < 100


def test_the_loss_of_dev_is_a_mean_over_target_tokens() -> None:
    task = Seq2SeqTask(MODEL, OptimizerOptions(), 10, WORDS, LIMITS, "bleu")
    logged = validate(task, [COLLATE(PAIRS[:1]), COLLATE(PAIRS[1:])])
    whole = COLLATE(PAIRS)
    assert logged["dev/loss"] == pytest.approx(float(MODEL.loss(whole)[1].detach()), rel=1e-4)
    assert logged["dev/perplexity"] == pytest.approx(math.exp(logged["dev/loss"]))


def test_the_training_loss_is_that_of_the_network() -> None:
    task, batch = Seq2SeqTask(MODEL, OptimizerOptions(), 10, WORDS, LIMITS, "bleu"), COLLATE(PAIRS)
    record_logs(task)
    task.on_train_epoch_start()
    assert float(task.training_step(batch, 0).detach()) == pytest.approx(float(MODEL.loss(batch)[0].detach()))
    assert task.units == int(batch.target_lengths.sum())
