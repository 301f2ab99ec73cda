"""Scoring any trained model on gold sentences."""

from collections.abc import Iterable
from typing import Any

from grunlp.metrics.span_scores import SpanScores
from grunlp.tasks.srl.checkpoint import TrainedSRL, TrainedTagger
from grunlp.tasks.srl.inference import evaluate_srl as score_labeller
from grunlp.tasks.tagging.inference import evaluate_tagger as score_tagger


def evaluate_run(run: TrainedSRL | TrainedTagger, examples: Iterable[Any], batch_tokens: int) -> SpanScores:
    """Scores of a run.

    Args:
        run: its model in evaluation mode.
        examples: with frames for a labeller, with tags for a tagger.
        batch_tokens: most tokens a batch.
    """
    if isinstance(run, TrainedTagger):
        return score_tagger(run.model, run.collate, examples, batch_tokens)
    return score_labeller(run.model, run.collate, examples, batch_tokens)
