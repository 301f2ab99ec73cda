"""Application of a function to a stream of examples in batches of similar length."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from grunlp.data.sampler import TokenBudgetSampler

ExampleT = TypeVar("ExampleT")
ResultT = TypeVar("ResultT")

CHUNK_SIZE = 2048  # examples sorted by length together; bounds memory, however long the input


def batched_map(
    function: Callable[[list[ExampleT]], Iterable[ResultT]],
    examples: Iterable[ExampleT],
    lengths_of: Callable[[list[ExampleT]], Sequence[int]],
    batch_tokens: int,
    rows: int = 1,
) -> Iterator[ResultT]:
    """Yield the result of each example, in the order in which the examples were read.

    Args:
        function: computes the results of a batch of examples.
        examples: the examples, read in chunks; there may be any number.
        lengths_of: returns the length of each example in a chunk.
        batch_tokens: largest padded size of a batch.
        rows: number of batch rows that each example takes.
    """
    examples = iter(examples)
    while chunk := list(islice(examples, CHUNK_SIZE)):
        results: dict[int, ResultT] = {}
        sampler = TokenBudgetSampler(lengths_of(chunk), [rows] * len(chunk), batch_tokens, shuffle=False, seed=0)
        for indices in sampler:
            results.update(zip(indices, function([chunk[i] for i in indices]), strict=True))
        yield from (results[i] for i in range(len(chunk)))
