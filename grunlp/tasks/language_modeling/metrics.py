"""How well a language model tells a text."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.corpus_metric import Metric, MetricScores, ratio_of_sums


@dataclass
class LanguageModelScores(MetricScores):
    """Nats of each line of a text, its end included.

    Args:
        nats: (lines,) minus the log probability of each line, given all before.
        tokens, characters, words: (lines,) of each line, its end counted as one of each; characters as the vocabulary
            has them, for sub-words and words without repeated blanks; words between blanks.
        unknown_tokens: (lines,) tokens that the vocabulary does not have. Only that they come is told, not how they are
            spelled, so with many of them scores by character and word flatter.
    """

    nats: NDArray[np.float64]
    tokens: NDArray[np.int64]
    characters: NDArray[np.int64]
    words: NDArray[np.int64]
    unknown_tokens: NDArray[np.int64]

    def compute_metrics(self) -> dict[str, Metric]:
        """Nats and bits a character; perplexities of a token and a word; unknown tokens in percent."""
        ways: list[tuple[str, NDArray[np.int64], Callable[[float], float], str, int]] = [
            ("nats_per_character", self.characters, float, "line ends counted", 4),
            ("bits_per_character", self.characters, _bits, "line ends counted", 4),
            ("perplexity", self.tokens, _exp, "of a token of this model's own", 2),
            ("word_perplexity", self.words, _exp, "of a word between blanks, line ends counted", 2),
        ]
        found = {}
        for name, counts, scale, how, digits in ways:

            def score(sums: NDArray[np.float64], scale: Callable[[float], float] = scale) -> float:
                return scale(ratio_of_sums(sums))

            found[name] = Metric(np.stack([self.nats, counts], axis=1), score, how, digits)
        shares = np.stack([100.0 * self.unknown_tokens, self.tokens], axis=1)
        return {
            **found,
            "unknown": Metric(shares, ratio_of_sums, "tokens, in percent, that the vocabulary does not have"),
        }


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _exp(nats: float) -> float:
    """A perplexity; beyond a billion, what nothing was learned by has, it says no more."""
    return math.exp(min(nats, math.log(1e9)))
