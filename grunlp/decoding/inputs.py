"""The inputs that beam search and sampling share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, Self

from torch import Tensor

from grunlp.decoding.constraints import ConstrainedDecoder, DecoderTokens, LengthLimits, LexicalConstraints


class ReorderableState(Protocol):
    """State of a decoder, with one row per hypothesis."""

    def reorder(self, rows: Tensor) -> Self:
        """Select rows of the state.

        Args:
            rows: (B', K') indices into the current rows; each row of `rows` holds hypotheses of one text.
        """


# tokens (R,), state → log probabilities (R, V), attention (R, S), state
StepFunction = Callable[[Tensor, Any], tuple[Tensor, Tensor, Any]]


@dataclass(frozen=True)
class DecodingInputs:
    """A batch to decode.

    Args:
        step: one step of the decoder, from the last tokens of R hypotheses and their state to the log probabilities of
            the next tokens, the attention over the source and the new state.
        state: the state before the first token, with one hypothesis per text.
        source_lengths: (B,) number of tokens of each source.
        tokens: special token ids.
        limits: minimum and maximum lengths.
        constraints: required and forbidden tokens of each text; None for no constraints.
    """

    step: StepFunction
    state: ReorderableState
    source_lengths: Tensor
    tokens: DecoderTokens
    limits: LengthLimits
    constraints: Sequence[LexicalConstraints] | None = None

    def constrained_decoder(self, no_repeat_ngram_size: int) -> ConstrainedDecoder:
        """Make the decoder that enforces all limits and constraints of the batch."""
        constraints = self.constraints or [LexicalConstraints()] * len(self.source_lengths)
        return ConstrainedDecoder(self.tokens, self.limits, self.source_lengths, no_repeat_ngram_size, constraints)


class Hypothesis(NamedTuple):
    """A decoded text.

    Attributes:
        ids: token ids without the end token.
        log_prob: log probability, end token included.
        score: the score it was ranked by.
    """

    ids: list[int]
    log_prob: float
    score: float
