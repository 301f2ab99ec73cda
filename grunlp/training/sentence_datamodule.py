"""Batches of whole sentences, with all their predicates if they have any."""

from typing import Any

from grunlp.data.sampler import TokenBudgetSampler
from grunlp.training.token_budget_datamodule import BatchPlan


def plan_sentence_batches(
    examples: Any, max_tokens: int, *, training: bool, seed: int = 0, split_name: str | None = None
) -> BatchPlan:
    """Divide sentences into batches; a sentence counts once for each predicate, in batch size and in loss.

    Arguments as for `BatchPlanner`.
    """
    lengths = [len(words) for words in examples["words"]]
    has_frames = "frames" in examples.column_names
    num_rows = [len(frames) for frames in examples["frames"]] if has_frames else [1] * len(lengths)
    sampler = TokenBudgetSampler(lengths, num_rows, max_tokens, training, seed)
    return BatchPlan(examples, sampler, sampler.lengths * sampler.multiplicity)
