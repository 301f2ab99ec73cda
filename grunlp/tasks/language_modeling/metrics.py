"""Language-model scores: bits per character and perplexity."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.corpus_metric import Metric, MetricScores, ratio_of_sums


@dataclass
class LanguageModelScores(MetricScores):
    """Negative log-likelihood of each line of a text, newline included.

    Args:
        nats: (lines,) negative log-likelihood of each line given all previous lines.
        tokens, characters, words: (lines,) counts of each line; its newline counts as one of each. Characters are
        counted after the normalization of the tokenizer, so sub-words and words exclude repeated spaces; words are
        separated by white space.
        unknown_tokens: (lines,) number of tokens that are not in the vocabulary. The model predicts that they occur,
            but not their spelling. If there are many, the scores per character and per word are too optimistic.
    """

    nats: NDArray[np.float64]
    tokens: NDArray[np.int64]
    characters: NDArray[np.int64]
    words: NDArray[np.int64]
    unknown_tokens: NDArray[np.int64]

    def compute_metrics(self) -> dict[str, Metric]:
        """Compute nats and bits per character, perplexity per token and word, and the share of unknown tokens."""
        specifications: list[tuple[str, NDArray[np.int64], Callable[[float], float], str, int]] = [
            ("nats_per_character", self.characters, float, "newlines included", 4),
            ("bits_per_character", self.characters, _bits, "newlines included", 4),
            ("perplexity", self.tokens, _perplexity, "per token of this model", 2),
            ("word_perplexity", self.words, _perplexity, "per word between white space, newlines included", 2),
        ]
        metrics = {}
        for name, counts, transform, description, digits in specifications:

            def score(sums: NDArray[np.float64], transform: Callable[[float], float] = transform) -> float:
                return transform(ratio_of_sums(sums))

            metrics[name] = Metric(np.stack([self.nats, counts], axis=1), score, description, digits)
        unknown = np.stack([100.0 * self.unknown_tokens, self.tokens], axis=1)
        return {**metrics, "unknown": Metric(unknown, ratio_of_sums, "% of tokens that are not in the vocabulary")}


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _perplexity(nats: float) -> float:
    """Compute the perplexity, limited to a billion, so that an untrained model causes no overflow."""
    return math.exp(min(nats, math.log(1e9)))
