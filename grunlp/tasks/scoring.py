"""Scoring any trained model on gold sentences."""

from collections.abc import Iterable
from typing import Any

from grunlp.metrics.span_scores import Scores
from grunlp.tasks.srl.checkpoint import Run, TagRun
from grunlp.tasks.srl.inference import score as score_labeller
from grunlp.tasks.tagging.inference import score as score_tagger


def score_run(run: Run | TagRun, examples: Iterable[Any], batch_tokens: int) -> Scores:
    """Scores of a run.

    Args:
        run: its model in evaluation mode.
        examples: with frames for a labeller, with tags for a tagger.
        batch_tokens: most tokens a batch.
    """
    if isinstance(run, TagRun):
        return score_tagger(run.model, run.collate, examples, batch_tokens)
    return score_labeller(run.model, run.collate, examples, batch_tokens)
