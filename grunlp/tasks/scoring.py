"""Scoring any trained model on gold sentences."""

from collections.abc import Iterable
from typing import Any

from grunlp.metrics.scores import Scores
from grunlp.run import Run, TagRun
from grunlp.tasks import labelling, tagging


def score_run(run: Run | TagRun, examples: Iterable[Any], batch_tokens: int) -> Scores:
    """Scores of a run.

    Args:
        run: its model in evaluation mode.
        examples: with frames for a labeller, with tags for a tagger.
        batch_tokens: most tokens a batch.
    """
    if isinstance(run, TagRun):
        return tagging.score(run.model, run.collate, examples, batch_tokens)
    return labelling.score(run.model, run.collate, examples, batch_tokens)
