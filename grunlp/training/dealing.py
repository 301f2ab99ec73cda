"""The data of a training, by kind of example: from a corpus in memory, or one whose training split is a stream.

What is said of a batch of each kind is the same for both: `grunlp.training.datamodules`.
"""

from functools import partial

import numpy as np

from grunlp.data.collate import SRLCollator, TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.training.datamodules import (
    ClassificationDataModule,
    ParallelDataModule,
    SRLDataModule,
    ValidatedDataModule,
    classification_eval_split,
    parallel_eval_split,
    sentence_eval_split,
    within_limits,
)
from grunlp.training.shuffle_buffer import BufferPlan, ExampleBuffer, ShardReader
from grunlp.training.streaming_datamodule import StreamingDataModule


def make_sentence_datamodule(
    corpus: Corpus,
    collate: SRLCollator | TagCollator,
    *,
    batch_tokens: int,
    num_workers: int,
    extra_data_epochs: int,
    shuffle_each_epoch: bool,
    stream_buffer_size: int,
    batches_per_epoch: int,
    accumulate_grad_batches: int,
    seed: int,
) -> ValidatedDataModule:
    """Batches of whole sentences.

    Args:
        corpus, collate, batch_tokens, num_workers, extra_epochs, reshuffle, seed: as for `SRLDataModule`.
        stream_buffer_size: examples of a buffer, where the training split is a `StreamingDataset`; so are the next two:
        batches_per_epoch: batches a process in an epoch.
        accumulate_grad_batches: batches of a process that are accumulated for an update.
    """
    if not isinstance(corpus.train, StreamingDataset):
        return SRLDataModule(corpus, collate, batch_tokens, num_workers, extra_data_epochs, shuffle_each_epoch, seed)
    reader = ShardReader(corpus.train, stream_buffer_size, partial(_plan_sentences, batch_tokens, seed), collate, seed)
    dev = sentence_eval_split(corpus.dev, batch_tokens, collate)
    return StreamingDataModule(reader, dev, batches_per_epoch, accumulate_grad_batches, num_workers, seed)


def make_classification_datamodule(
    corpus: Corpus,
    collate: TextClassificationCollator | TimeSeriesCollator,
    *,
    batch_tokens: int,
    num_workers: int,
    max_length: int,
    shuffle_each_epoch: bool,
    stream_buffer_size: int,
    batches_per_epoch: int,
    accumulate_grad_batches: int,
    seed: int,
) -> ValidatedDataModule:
    """Batches of sequences with a class each. Arguments as for `ClassificationDataModule` and
    `make_sentence_datamodule`."""
    if not isinstance(corpus.train, StreamingDataset):
        return ClassificationDataModule(
            corpus, collate, batch_tokens, num_workers, max_length, shuffle_each_epoch, seed
        )
    reader = ShardReader(
        corpus.train, stream_buffer_size, partial(_plan_texts, batch_tokens, seed, max_length), collate, seed
    )
    dev = classification_eval_split(corpus, batch_tokens, max_length, collate)
    return StreamingDataModule(reader, dev, batches_per_epoch, accumulate_grad_batches, num_workers, seed)


def make_parallel_datamodule(
    corpus: Corpus,
    source: TextTokenizer,
    target: TextTokenizer,
    *,
    batch_tokens: int,
    num_workers: int,
    shuffle_each_epoch: bool,
    max_source_length: int,
    max_target_length: int,
    truncate_source: bool,
    subword_regularization: float,
    stream_buffer_size: int,
    batches_per_epoch: int,
    accumulate_grad_batches: int,
    seed: int,
) -> ValidatedDataModule:
    """Batches of pairs of texts. Arguments as for `ParallelDataModule` and `make_sentence_datamodule`."""
    if not isinstance(corpus.train, StreamingDataset):
        return ParallelDataModule(
            corpus,
            source,
            target,
            batch_tokens=batch_tokens,
            num_workers=num_workers,
            shuffle_each_epoch=shuffle_each_epoch,
            seed=seed,
            max_source_length=max_source_length,
            max_target_length=max_target_length,
            truncate_source=truncate_source,
            subword_regularization=subword_regularization,
        )
    longest = max_source_length if truncate_source else 0
    collate = ParallelCollator(source, target, longest, subword_regularization)
    limits = (0 if truncate_source else max_source_length, max_target_length)
    reader = ShardReader(
        corpus.train, stream_buffer_size, partial(_plan_pairs, batch_tokens, seed, collate, limits), collate, seed
    )
    dev = parallel_eval_split(corpus, batch_tokens, ParallelCollator(source, target, longest, 0.0))
    return StreamingDataModule(reader, dev, batches_per_epoch, accumulate_grad_batches, num_workers, seed)


def _plan_sentences(batch_tokens: int, seed: int, examples: ExampleBuffer) -> BufferPlan:
    """Loss and budget count a token once for each of its rows."""
    lengths = [len(one["words"]) for one in examples]
    rows = [len(one["frames"]) if "frames" in one else 1 for one in examples]
    sampler = TokenBudgetSampler(lengths, rows, batch_tokens, True, seed)
    return BufferPlan(examples, sampler, sampler.lengths * sampler.rows)


def _plan_texts(batch_tokens: int, seed: int, max_length: int, examples: ExampleBuffer) -> BufferPlan:
    """One class each."""
    lengths = [min(len(one["words"]), max_length or len(one["words"])) for one in examples]
    ones = [1] * len(examples)
    return BufferPlan(
        examples, TokenBudgetSampler(lengths, ones, batch_tokens, True, seed), np.array(ones, dtype=np.int64)
    )


def _plan_pairs(
    batch_tokens: int, seed: int, collate: ParallelCollator, limits: tuple[int, int], examples: ExampleBuffer
) -> BufferPlan:
    """Without pairs that are too long; the loss is a mean over the tokens of targets and their ends."""
    sources, targets = (
        [len(ids) for ids in tokenizer.encode([one[side] for one in examples])]
        for tokenizer, side in ((collate.source_tokenizer, "source"), (collate.target_tokenizer, "target"))
    )
    sources = [min(length, collate.max_source_length or length) for length in sources]
    keep = [i for i, pair in enumerate(zip(sources, targets, strict=True)) if within_limits(pair, limits)]
    lengths = [max(sources[i], targets[i]) + 1 for i in keep]
    sampler = TokenBudgetSampler(lengths, [1] * len(keep), batch_tokens, True, seed)
    return BufferPlan(
        ExampleBuffer(examples[i] for i in keep), sampler, np.array([targets[i] + 1 for i in keep], dtype=np.int64)
    )
