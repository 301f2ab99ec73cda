"""A task with a known answer: strings of digits, to be written from their end."""

from collections.abc import Iterator

import numpy as np

from grunlp.data.pair import ParallelExample

_SIZES = {"train": 4500, "dev": 250, "test": 250}


def reversal_pairs(split: str) -> Iterator[ParallelExample]:
    """Strings of 2 to 8 digits between blanks, all different, those of a split and of the others."""
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
