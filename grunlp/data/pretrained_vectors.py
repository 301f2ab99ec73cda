"""Word vectors from a text file: GloVe, fastText `.vec` and word2vec text, plain, gz or xz.

Each line is a word and the numbers of its vector, separated by spaces. A first line of two numbers (count and size) is
skipped.
"""

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import torch
from torch import nn

from grunlp.data.input_manifest import record_input
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.vocabulary import StringIndex
from grunlp.utils.errors import DataError

log = logging.getLogger(__name__)


def read_vector_vocabulary(path: str, max_words: int) -> list[str]:
    """Return the first `max_words` words of a vector file, lower-cased. Raises DataError if it is malformed."""
    record_input(path)
    return [word.lower() for word, _, _ in islice(_iter_vectors(path), max_words)]


def init_embeddings_from_file(path: str, words: StringIndex, counts: Sequence[int], embeddings: nn.Embedding) -> float:
    """Copy the vectors of known words into an embedding; if several spellings match a word, the first is used.

    Args:
        path: the vector file.
        words: id of each lower-cased word.
        counts: training count of each id; words that occur only in the vector file have count 0.
        embeddings: the embedding, whose size must be that of the vectors.

    Returns:
        the fraction of the training words that were found, which is also logged.

    Raises:
        DataError: the file is not a vector file, or its vectors have another size.
    """
    found_ids: set[int] = set()
    for word, numbers, line in _iter_vectors(path):
        row = words.ids.get(word.lower())
        if row is None or row in found_ids:
            continue
        if len(numbers) != embeddings.embedding_dim:
            raise DataError(
                path,
                line,
                f"a vector of {len(numbers)} numbers",
                f"model.word_size is {embeddings.embedding_dim}",
                f"Type model.word_size={len(numbers)}",
            )
        try:
            vector = torch.tensor([float(number) for number in numbers])
        except ValueError:
            raise DataError(path, line, "not a number in a vector", "expected WORD NUMBER NUMBER ...") from None
        embeddings.weight.data[row] = vector
        found_ids.add(row)
    trained = {row for row, count in enumerate(counts) if count}
    share = len(found_ids & trained) / max(1, len(trained))
    log.info("%s: vectors for %.1f %% of the %d training words", path, 100 * share, len(trained))
    return share


def _iter_vectors(path: str) -> Iterator[tuple[str, list[str], int]]:
    """Yield the word, its numbers as strings, and the line number. Raises DataError for a line without numbers."""
    for line in open_lines(Path(path)):
        cells = line.text.rstrip().split(" ")
        if line.number == 1 and len(cells) == 2 and all(cell.isdigit() for cell in cells):
            continue
        if len(cells) < 3:
            details = "expected WORD NUMBER NUMBER ..."
            raise DataError(
                path, line.number, "not a word vector", details, "Give a GloVe, fastText or word2vec text file."
            )
        yield cells[0], cells[1:], line.number
