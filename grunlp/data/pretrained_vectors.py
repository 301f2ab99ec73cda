"""Word vectors from a text file: GloVe, fastText `.vec` and word2vec text, plain, gz or xz.

Each line is a word and its numbers, separated by blanks. A first line of two numbers (count and size) is passed over.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import nn

from grunlp.data.input_manifest import note
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.vocabulary import Table
from grunlp.utils.errors import DataError

log = logging.getLogger(__name__)


def read_vector_words(path: str, most: int) -> list[str]:
    """The first `most` words of a vector file, lower-cased. Raises DataError as `_rows` does."""
    note(path)
    return [word.lower() for word, _, _ in islice(_rows(path), most)]


def load_vectors(path: str, words: Table, counts: Sequence[int], table: nn.Embedding) -> float:
    """Copy the vectors of known words into their rows; of several spellings of a word the first counts.

    Args:
        path: the vector file.
        words: lower-cased words and their ids.
        counts: training count of each id; words that only the file brought count 0.
        table: its rows, of as many features as the file has numbers.

    Returns:
        the share of the training words that were found, which is logged too.

    Raises:
        DataError: the file is no vector file, or its vectors are of another size.
    """
    found: set[int] = set()
    for word, numbers, line in _rows(path):
        row = words.ids.get(word.lower())
        if row is None or row in found:
            continue
        if len(numbers) != table.embedding_dim:
            raise DataError(
                path,
                line,
                f"a vector of {len(numbers)} numbers",
                f"the table of words has {table.embedding_dim}",
                f"Type model.word_size={len(numbers)}",
            )
        try:
            vector = torch.tensor([float(number) for number in numbers])
        except ValueError:
            raise DataError(path, line, "not a number in a vector", "expected WORD NUMBER NUMBER ...") from None
        table.weight.data[row] = vector
        found.add(row)
    trained = {row for row, count in enumerate(counts) if count}
    share = len(found & trained) / max(1, len(trained))
    log.info("%s: vectors for %.1f %% of the %d training words", path, 100 * share, len(trained))
    return share


def _rows(path: str) -> Iterator[tuple[str, list[str], int]]:
    """Word, numbers as written, and line. Raises DataError for a line without numbers."""
    for line in open_lines(Path(path)):
        parts = line.text.rstrip().split(" ")
        if line.number == 1 and len(parts) == 2 and all(part.isdigit() for part in parts):
            continue
        if len(parts) < 3:
            there = "expected WORD NUMBER NUMBER ..."
            raise DataError(path, line.number, "no vector", there, "Give a GloVe, fastText or word2vec text file.")
        yield parts[0], parts[1:], line.number
