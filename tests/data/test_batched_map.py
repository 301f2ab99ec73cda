"""Results come in the order of the examples, whatever the batches."""

from collections.abc import Iterator
from itertools import count, islice

import pytest

from grunlp.data.batched_map import CHUNK_SIZE, batched_map


@pytest.mark.parametrize("batch_tokens", [1, 7, 100])
def test_results_keep_the_order_and_batches_the_budget(batch_tokens: int) -> None:
    texts = ["a" * (number * 7 % 11 + 1) for number in range(50)]

    def upper(batch: list[str]) -> list[str]:
        assert len(batch) == 1 or len(batch) * max(map(len, batch)) <= batch_tokens
        return [text.upper() for text in batch]

    results = list(batched_map(upper, texts, lambda chunk: list(map(len, chunk)), batch_tokens))
    assert results == [text.upper() for text in texts]


def test_endless_input_is_read_in_chunks() -> None:
    read = 0

    def numbers() -> Iterator[int]:
        nonlocal read
        for number in count():
            read += 1
            yield number

    doubled = batched_map(lambda batch: [2 * one for one in batch], numbers(), lambda chunk: [1] * len(chunk), 10)
    assert list(islice(doubled, 3)) == [0, 2, 4]
    assert read == CHUNK_SIZE
