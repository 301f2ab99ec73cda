"""How well a language model tells a text."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.intervals import bootstrap_interval


@dataclass
class LanguageScores:
    """Nats of each line of a text, its end included.

    Args:
        nats: (lines,) minus the log probability of each line, given all before.
        tokens, characters, words: (lines,) of each line, its end counted as one of each; words between blanks.
        unknown: tokens of the whole text that the vocabulary does not have. Only that they come is told, not how they
            are spelled, so with many of them scores by character and word flatter.
    """

    nats: NDArray[np.float64]
    tokens: NDArray[np.int64]
    characters: NDArray[np.int64]
    words: NDArray[np.int64]
    unknown: int

    def overall(self) -> float:
        """Nats a token."""
        return float(self.nats.sum() / self.tokens.sum())

    def as_dict(self) -> dict[str, Any]:
        """Each score with a 95 % bootstrap interval over lines, and how it was counted."""
        result: dict[str, Any] = {}
        ways: list[tuple[str, NDArray[np.int64], Callable[[float], float], str]] = [
            ("nats_per_character", self.characters, float, "line ends counted"),
            ("bits_per_character", self.characters, _bits, "line ends counted"),
            ("perplexity", self.tokens, _exp, "of a token of this model's own"),
            ("word_perplexity", self.words, _exp, "of a word between blanks, line ends counted"),
        ]
        for name, counts, scale, how in ways:
            interval = bootstrap_interval(np.stack([self.nats, counts], axis=1), _ratio)
            ratio = float(self.nats.sum() / counts.sum())
            result[name] = {"score": scale(ratio), "interval": [scale(bound) for bound in interval], "how": how}
        share = float(100 * self.unknown / self.tokens.sum())
        result["unknown"] = {"score": share, "interval": [share, share], "how": "tokens, %, not in the vocabulary"}
        return result

    def report(self) -> str:
        """A line a score."""
        lines = []
        for name, score in self.as_dict().items():
            low, high = score["interval"]
            lines.append(f"{name:20} {score['score']:10.4f}   95 % interval {low:.4f} to {high:.4f}   {score['how']}")
        return "\n".join(lines) + "\n"


def _ratio(sums: NDArray[np.float64]) -> float:
    return float(sums[0] / sums[1])


def _bits(nats: float) -> float:
    return nats / math.log(2)


def _exp(nats: float) -> float:
    return math.exp(min(nats, 700.0))
