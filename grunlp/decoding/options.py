"""Options of beam search and sampling. This module imports no heavy library."""

from dataclasses import dataclass
from typing import Literal

from grunlp.configuration.options import option

LengthNormalization = Literal["length", "gnmt"]


@dataclass
class SearchOptions:
    """Beam search for the most probable text."""

    beam: int = option(5, "number of hypotheses kept at each step", minimum=1, maximum=1000)
    nbest: int = option(1, "number of texts returned for each source, at most beam", minimum=1, maximum=1000)
    length_penalty: float = option(
        1.0, "exponent of the normalization by length; 0: no normalization", minimum=0.0, maximum=10.0
    )
    normalization: LengthNormalization = option(
        "length", "divide scores by the length, or by the formula of Wu et al. 2016 (GNMT), eq. 14"
    )
    coverage_penalty: float = option(
        0.0, "weight of the coverage penalty of Wu et al. 2016; 0: none", minimum=0.0, maximum=1e6
    )
    no_repeat_ngram_size: int = option(
        0, "size of the n-grams that may not occur twice in a text; 0: no limit", minimum=0, maximum=1000
    )
    min_length_ratio: float = option(
        0.0, "minimum length, as a multiple of the length of the source", minimum=0.0, maximum=1000.0
    )
    max_length_ratio: float = option(
        2.0, "maximum length, as a multiple of the length of the source", minimum=0.0, maximum=1000.0
    )
    max_length_offset: int = option(
        10, "tokens added to the maximum length given by max_length_ratio", minimum=0, maximum=10**6
    )
    max_length: int = option(500, "largest number of tokens of a text", minimum=1, maximum=10**6)


@dataclass
class SamplingOptions:
    """Sampling a text token by token."""

    temperature: float = option(
        1.0, "sampling temperature; below 1, probable tokens are sampled more often", minimum=1e-6, maximum=1e6
    )
    top_k: int = option(0, "sample among the k most probable tokens; 0: all", minimum=0, maximum=10**9)
    top_p: float = option(
        1.0, "sample among the fewest tokens whose probabilities add up to this value", minimum=1e-6, maximum=1.0
    )
    seed: int = option(1, "random seed of the samples", minimum=0, maximum=2**32 - 1)
