"""The data module of a corpus, in memory or streamed."""

from collections.abc import Callable
from functools import partial
from typing import Any

from datasets import concatenate_datasets

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.options import StreamingLoaderOptions
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.shuffle_buffer import ShardReader
from grunlp.training.streaming_datamodule import StreamingDataModule
from grunlp.training.token_budget_datamodule import BatchPlanner, TokenBudgetDataModule, ValidatedDataModule

_EVAL_BATCH_FACTOR = 4  # without gradients a batch needs less memory, and larger products are faster


def make_datamodule(
    corpus: Corpus,
    plan_batches: BatchPlanner,
    collate: Callable[..., Any],
    loader: StreamingLoaderOptions,
    trainer: StreamingTrainerOptions,
    seed: int,
    *,
    val_collate: Callable[..., Any] | None = None,
    extra_data_epochs: int = 0,
) -> ValidatedDataModule:
    """Make the data module of a corpus.

    Args:
        corpus: the corpus.
        plan_batches: the planner that divides examples into batches.
        collate: makes a batch from training examples.
        loader: the group `loader` of the configuration.
        trainer: the group `trainer` of the configuration.
        seed: the random seed of the shuffling.
        val_collate: makes a batch from examples of the development split; None: `collate`.
        extra_data_epochs: number of epochs, from the first, in which the extra data of the corpus are used.
    """
    val_collate = val_collate or collate
    max_eval_tokens = loader.batch_tokens * _EVAL_BATCH_FACTOR
    plan_train = partial(plan_batches, max_tokens=loader.batch_tokens, training=True, seed=seed)
    if isinstance(corpus.train, StreamingDataset):
        val = plan_batches(corpus.dev, max_eval_tokens, training=False, split_name=f"{corpus.name}: dev")
        reader = ShardReader(corpus.train, loader.stream_buffer_size, plan_train, collate, seed)
        return StreamingDataModule(
            reader,
            val,
            val_collate,
            trainer.batches_per_epoch,
            trainer.accumulate_grad_batches,
            loader.num_workers,
            seed,
        )
    train = plan_train(corpus.train, split_name=f"{corpus.name}: train")
    with_extra = plan_train(concatenate_datasets([corpus.train, corpus.extra])) if corpus.extra is not None else None
    val = plan_batches(corpus.dev, max_eval_tokens, training=False, split_name=f"{corpus.name}: dev")
    return TokenBudgetDataModule(
        train,
        val,
        collate,
        val_collate,
        loader.num_workers,
        loader.shuffle_each_epoch,
        seed,
        with_extra,
        extra_data_epochs,
    )
