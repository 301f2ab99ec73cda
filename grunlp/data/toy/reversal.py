"""Toy generation data: reversing strings of digits, where the right answer is known."""

from collections.abc import Iterator

import numpy as np

from grunlp.data.examples import ParallelExample

_SIZES = {"train": 4500, "dev": 250, "test": 250}


def reversal_pairs(split: str) -> Iterator[ParallelExample]:
    """Yield strings of 2 to 8 digits separated by spaces; all are different, within a split and across splits."""
    random = np.random.default_rng(30)
    seen: set[str] = set()
    for name, size in _SIZES.items():
        for number in range(size):
            text = ""
            while not text or text in seen:
                text = " ".join(map(str, random.integers(10, size=random.integers(2, 9))))
            seen.add(text)
            if name == split:
                yield ParallelExample(id=str(number + 1), source=text, target=text[::-1], references=[])
