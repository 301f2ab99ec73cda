"""Pairs of texts as padded tensors."""

import pytest

from grunlp.data.examples import ParallelExample
from grunlp.data.parallel_collate import ParallelBatch, ParallelCollator
from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, TextTokenizer

PAIRS = [("a b c", "x"), ("b", "x y z"), ("", "y")]


@pytest.fixture(scope="module")
def tokenizer() -> TextTokenizer:
    return TextTokenizer.train("word", ["a b c x y z"], 20, 1)


def collate(tokenizer: TextTokenizer, max_source_length: int = 0) -> ParallelBatch:
    examples = [ParallelExample(id="", source=source, target=target, references=[]) for source, target in PAIRS]
    return ParallelCollator(tokenizer, tokenizer, max_source_length, 0.0)(examples)


def test_sources_end_and_targets_start_and_end(tokenizer: TextTokenizer) -> None:
    batch = collate(tokenizer)
    a, b, c, x, y, z = (row[0] for row in tokenizer.encode(list("abcxyz")))
    assert batch.source.tolist() == [[a, b, c, EOS_ID], [b, EOS_ID, PAD_ID, PAD_ID], [EOS_ID, *[PAD_ID] * 3]]
    assert batch.source_lengths.tolist() == [4, 2, 1]
    assert batch.target[1].tolist() == [BOS_ID, x, y, z, EOS_ID]
    assert batch.decoder_inputs[1].tolist() == [BOS_ID, x, y, z]
    assert batch.decoder_targets[1].tolist() == [x, y, z, EOS_ID]
    assert batch.target_lengths.tolist() == [2, 4, 2] == batch.target_mask.sum(1).tolist()
    assert batch.target_texts == ["x", "x y z", "y"]


def test_long_sources_are_truncated_before_the_end(tokenizer: TextTokenizer) -> None:
    assert collate(tokenizer, max_source_length=2).source[0].tolist()[-1] == EOS_ID
    assert collate(tokenizer, max_source_length=2).source_lengths.tolist() == [3, 2, 1]
