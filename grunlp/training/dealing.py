"""The data of a training, by kind of example: from a corpus in memory, or one whose training split is a stream.

What is said of a batch of each kind is the same for both: `grunlp.training.datamodules`.
"""

from functools import partial

import numpy as np

from grunlp.data.collate import FrameCollator, TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.streaming import Stream
from grunlp.data.parallel_collate import PairCollator
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.classification.collate import MeasuredCollator, TextCollator
from grunlp.training.datamodules import (
    ClassData,
    PairData,
    ScoredData,
    SentenceData,
    scored_classes,
    scored_pairs,
    scored_sentences,
    within,
)
from grunlp.training.shuffle_buffer import Buffer, Dealt, Reader
from grunlp.training.streaming_datamodule import StreamedData


def sentence_data(
    corpus: Corpus,
    collate: FrameCollator | TagCollator,
    *,
    batch_tokens: int,
    num_workers: int,
    extra_epochs: int,
    reshuffle: bool,
    stream: int,
    turns: int,
    accumulate: int,
    seed: int,
) -> ScoredData:
    """Batches of whole sentences.

    Args:
        corpus, collate, batch_tokens, num_workers, extra_epochs, reshuffle, seed: as for `SentenceData`.
        stream: examples of a buffer, where the training split is a `Stream`; so are the next two:
        turns: batches a process in an epoch.
        accumulate: batches of a process that are accumulated for an update.
    """
    if not isinstance(corpus.train, Stream):
        return SentenceData(corpus, collate, batch_tokens, num_workers, extra_epochs, reshuffle, seed)
    reader = Reader(corpus.train, stream, partial(_deal_sentences, batch_tokens, seed), collate, seed)
    dev = scored_sentences(corpus.dev, batch_tokens, collate)
    return StreamedData(reader, dev, turns, accumulate, num_workers, seed)


def class_data(
    corpus: Corpus,
    collate: TextCollator | MeasuredCollator,
    *,
    batch_tokens: int,
    num_workers: int,
    longest: int,
    reshuffle: bool,
    stream: int,
    turns: int,
    accumulate: int,
    seed: int,
) -> ScoredData:
    """Batches of sequences with a class each. Arguments as for `ClassData` and `sentence_data`."""
    if not isinstance(corpus.train, Stream):
        return ClassData(corpus, collate, batch_tokens, num_workers, longest, reshuffle, seed)
    reader = Reader(corpus.train, stream, partial(_deal_texts, batch_tokens, seed, longest), collate, seed)
    dev = scored_classes(corpus, batch_tokens, longest, collate)
    return StreamedData(reader, dev, turns, accumulate, num_workers, seed)


def pair_data(
    corpus: Corpus,
    source: TextTokenizer,
    target: TextTokenizer,
    *,
    batch_tokens: int,
    num_workers: int,
    reshuffle: bool,
    longest_source: int,
    longest_target: int,
    cut: bool,
    resplit: float,
    stream: int,
    turns: int,
    accumulate: int,
    seed: int,
) -> ScoredData:
    """Batches of pairs of texts. Arguments as for `PairData` and `sentence_data`."""
    if not isinstance(corpus.train, Stream):
        return PairData(
            corpus,
            source,
            target,
            batch_tokens=batch_tokens,
            num_workers=num_workers,
            reshuffle=reshuffle,
            seed=seed,
            longest_source=longest_source,
            longest_target=longest_target,
            cut=cut,
            resplit=resplit,
        )
    longest = longest_source if cut else 0
    collate = PairCollator(source, target, longest, resplit)
    limits = (0 if cut else longest_source, longest_target)
    reader = Reader(corpus.train, stream, partial(_deal_pairs, batch_tokens, seed, collate, limits), collate, seed)
    dev = scored_pairs(corpus, batch_tokens, PairCollator(source, target, longest, 0.0))
    return StreamedData(reader, dev, turns, accumulate, num_workers, seed)


def _deal_sentences(batch_tokens: int, seed: int, examples: Buffer) -> Dealt:
    """Loss and budget count a token once for each of its rows."""
    lengths = [len(one["words"]) for one in examples]
    rows = [len(one["frames"]) if "frames" in one else 1 for one in examples]
    sampler = TokenBudgetSampler(lengths, rows, batch_tokens, True, seed)
    return Dealt(examples, sampler, sampler.lengths * sampler.rows)


def _deal_texts(batch_tokens: int, seed: int, longest: int, examples: Buffer) -> Dealt:
    """One class each."""
    lengths = [min(len(one["words"]), longest or len(one["words"])) for one in examples]
    ones = [1] * len(examples)
    return Dealt(examples, TokenBudgetSampler(lengths, ones, batch_tokens, True, seed), np.array(ones, dtype=np.int64))


def _deal_pairs(
    batch_tokens: int, seed: int, collate: PairCollator, limits: tuple[int, int], examples: Buffer
) -> Dealt:
    """Without pairs that are too long; the loss is a mean over the tokens of targets and their ends."""
    sources, targets = (
        [len(ids) for ids in tokenizer.encode([one[side] for one in examples])]
        for tokenizer, side in ((collate.source, "source"), (collate.target, "target"))
    )
    sources = [min(length, collate.longest_source or length) for length in sources]
    keep = [i for i, pair in enumerate(zip(sources, targets, strict=True)) if within(pair, limits)]
    lengths = [max(sources[i], targets[i]) + 1 for i in keep]
    sampler = TokenBudgetSampler(lengths, [1] * len(keep), batch_tokens, True, seed)
    return Dealt(Buffer(examples[i] for i in keep), sampler, np.array([targets[i] + 1 for i in keep], dtype=np.int64))
