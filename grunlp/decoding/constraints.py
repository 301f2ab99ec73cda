"""Constraints on decoded texts, applied step by step by beam search and sampling."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor

NEG_INF = float("-inf")

TokenPhrase = tuple[int, ...]  # ids of consecutive tokens, at least one


@dataclass(frozen=True)
class DecoderTokens:
    """Special token ids.

    Attributes:
        bos_id: the token before the first one.
        eos_id: the token that ends a text.
        forbidden_ids: tokens that are never produced.
    """

    bos_id: int
    eos_id: int
    forbidden_ids: tuple[int, ...]


@dataclass(frozen=True)
class LengthLimits:
    """Minimum and maximum length of a text, in tokens without the end token.

    Attributes:
        min_length_ratio: minimum length as a multiple of the source length.
        max_length_ratio: maximum length as a multiple of the source length, before `max_length_offset` is added.
        max_length_offset: tokens added to the maximum.
        max_length: maximum length of any text.
    """

    min_length_ratio: float
    max_length_ratio: float
    max_length_offset: int
    max_length: int

    def bounds(self, source_lengths: Tensor) -> tuple[list[int], list[int]]:
        """Compute the minimum and maximum for each source; where they conflict, the maximum wins."""
        lengths = source_lengths.tolist()
        maximum = [min(ceil(n * self.max_length_ratio) + self.max_length_offset, self.max_length) for n in lengths]
        minimum = [min(floor(n * self.min_length_ratio), m) for n, m in zip(lengths, maximum, strict=True)]
        return minimum, maximum


@dataclass(frozen=True)
class LexicalConstraints:
    """Required and forbidden tokens of a text.

    Args:
        prefix: the first tokens; they override length limits and forbidden tokens.
        required: phrases that occur somewhere; they override length limits and forbidden tokens.
        forbidden: phrases that do not occur.

    Raises:
        ValueError: a phrase is empty.
    """

    prefix: tuple[int, ...] = ()
    required: tuple[TokenPhrase, ...] = ()
    forbidden: tuple[TokenPhrase, ...] = ()

    def __post_init__(self) -> None:
        if not all((*self.required, *self.forbidden)):
            raise ValueError("an empty sequence can be neither required nor forbidden")

    def unsatisfied(self, token_ids: Sequence[int]) -> list[tuple[TokenPhrase, int]]:
        """List the required phrases that a text lacks, each with the number of its tokens that end the text so far.

        Phrases with more tokens present come first.
        """
        missing = []
        for phrase in self.required:
            starts = range(len(token_ids) - len(phrase) + 1)
            if not any(tuple(token_ids[i : i + len(phrase)]) == phrase for i in starts):
                lengths = range(min(len(phrase) - 1, len(token_ids)), 0, -1)
                num_begun = next((n for n in lengths if tuple(token_ids[-n:]) == phrase[:n]), 0)
                missing.append((phrase, num_begun))
        return sorted(missing, key=lambda entry: -entry[1])

    def next_tokens(self, token_ids: Sequence[int]) -> set[int]:
        """Return the tokens that continue or begin a required phrase."""
        return {token for phrase, begun in self.unsatisfied(token_ids) for token in (phrase[0], phrase[begun])}

    def min_tokens_needed(self, token_ids: Sequence[int]) -> int:
        """Count the tokens that suffice to complete all required phrases, ignoring overlaps between phrases."""
        missing = self.unsatisfied(token_ids)
        return sum(len(phrase) for phrase, _ in missing) - (missing[0][1] if missing else 0)


class ConstrainedDecoder:
    """All limits and constraints of a batch, as masks of the log probabilities of each step.

    Args:
        tokens: special token ids.
        limits: minimum and maximum lengths.
        source_lengths: (B,) number of tokens of each source.
        no_repeat_ngram_size: no text contains an n-gram of this size twice; 0 disables the check.
        constraints: required and forbidden tokens of each text.
    """

    def __init__(
        self,
        tokens: DecoderTokens,
        limits: LengthLimits,
        source_lengths: Tensor,
        no_repeat_ngram_size: int,
        constraints: Sequence[LexicalConstraints],
    ) -> None:
        self.tokens, self.no_repeat_ngram_size, self.constraints = tokens, no_repeat_ngram_size, constraints
        self.min_lengths, max_lengths = limits.bounds(source_lengths)
        needed = [len(text.prefix) + sum(map(len, text.required)) for text in constraints]
        self.max_lengths = [max(m, n) for m, n in zip(max_lengths, needed, strict=True)]

    def mask_log_probs(self, unmasked: Tensor, ids: Tensor, active: Sequence[int]) -> Tensor:
        """Set the log probabilities of tokens that are not allowed now to -inf, in a copy.

        Args:
            unmasked: (B', K, V) log probabilities of the next token of each hypothesis.
            ids: (B', K, t) start token and all tokens of each hypothesis so far.
            active: (B',) indices of the texts.
        """
        length, end = ids.shape[2], self.tokens.eos_id  # length of the texts after this step, end token included
        log_probs = unmasked.clone()
        log_probs[:, :, list(self.tokens.forbidden_ids)] = NEG_INF
        if self.no_repeat_ngram_size or any(self.constraints[text].forbidden for text in active):
            self._block_ngrams(log_probs, ids, active)
        too_short = [b for b, text in enumerate(active) if length <= self.min_lengths[text]]
        if too_short:  # must not end yet, unless no other token is possible
            log_probs[too_short, :, end] = NEG_INF
            stuck = log_probs.isneginf().all(dim=2)  # (B', K)
            log_probs[:, :, end] = torch.where(stuck, unmasked[:, :, end], log_probs[:, :, end])
        for b, text in enumerate(active):
            constraints = self.constraints[text]
            if length <= len(constraints.prefix):
                _allow_only(log_probs[b], unmasked[b], constraints.prefix[length - 1])
            elif length > self.max_lengths[text]:
                _allow_only(log_probs[b], unmasked[b], end)
            elif constraints.required:
                remaining = self.max_lengths[text] - length  # tokens after the one chosen now
                for k, (_, *token_ids) in enumerate(ids[b].tolist()):
                    if missing := constraints.unsatisfied(token_ids):
                        log_probs[b, k, end] = NEG_INF
                        # Any other token would interrupt a phrase; check that all phrases can still follow it.
                        needed = sum(len(phrase) for phrase, _ in missing)
                        if bool(log_probs[b, k].isneginf().all()) or needed > remaining:
                            fitting = [
                                token
                                for token in constraints.next_tokens(token_ids)
                                if constraints.min_tokens_needed([*token_ids, token]) <= remaining
                            ]
                            _allow_only(log_probs[b, k : k + 1], unmasked[b, k : k + 1], *fitting)
        return log_probs

    def _block_ngrams(self, log_probs: Tensor, ids: Tensor, active: Sequence[int]) -> None:
        """Forbid repeated n-grams and forbidden phrases."""
        n = self.no_repeat_ngram_size
        for b, text in enumerate(active):
            for k, (_, *token_ids) in enumerate(ids[b].tolist()):
                blocked = [
                    phrase[-1]
                    for phrase in self.constraints[text].forbidden
                    if tuple(token_ids[len(token_ids) + 1 - len(phrase) :]) == phrase[:-1]
                ]
                if n and len(token_ids) >= n:
                    suffix = token_ids[len(token_ids) - n + 1 :]
                    starts = range(len(token_ids) - n + 1)
                    blocked += [token_ids[i + n - 1] for i in starts if token_ids[i : i + n - 1] == suffix]
                if blocked:
                    log_probs[b, k, blocked] = NEG_INF

    def select_beams(
        self,
        cumulative_log_probs: Tensor,
        log_probs: Tensor,
        ids: Tensor,
        active: Sequence[int],
        width: int,
        num_open: Sequence[int],
    ) -> tuple[Tensor, Tensor]:
        """Select the hypotheses that continue, best first.

        Args:
            cumulative_log_probs: (B', K) log probability of each hypothesis so far.
            log_probs: (B', K, V) log probability of each next token.
            ids: (B', K, t) start token and all tokens of each hypothesis so far.
            active: (B',) indices of the texts.
            width: K', maximum number of hypotheses per text.
            num_open: (B',) number of hypotheses that may continue; the others get -inf.

        Returns:
            cumulative log probabilities (B', K') and flat indices (B', K') into the K·V continuations.
        """
        vocab_size = log_probs.shape[2]
        # No token of a hypothesis beyond its `width` best can be among the `width` best of the text.
        sums, tokens = log_probs.topk(min(width, vocab_size), dim=2)  # (B', K, W)
        sums += cumulative_log_probs[:, :, None]
        best, positions = sums.flatten(1).topk(min(width, sums[0].numel()), dim=1)  # (B', K')
        indices = positions // sums.shape[2] * vocab_size + tokens.flatten(1).gather(1, positions)
        for b, text in enumerate(active):
            if self.constraints[text].required:
                totals = cumulative_log_probs[b, :, None] + log_probs[b]  # (K, V)
                constraints = self.constraints[text]
                best[b], indices[b] = self._allocate_banks(totals, ids[b], constraints, indices[b], num_open[b])
        beyond = torch.arange(best.shape[1], device=best.device) >= torch.tensor(num_open, device=best.device)[:, None]
        return best.masked_fill(beyond, NEG_INF), indices

    def _allocate_banks(
        self,
        cumulative_log_probs: Tensor,
        ids: Tensor,
        constraints: LexicalConstraints,
        top_indices: Tensor,
        num_open: int,
    ) -> tuple[Tensor, Tensor]:
        """Divide the beam of one text evenly among banks of hypotheses (Post and Vilar 2018, §3).

        A bank holds the hypotheses that need equally many tokens to satisfy all constraints. Without banks, hypotheses
        that produce required tokens early would all be pruned, because these are less probable at first.

        Args:
            cumulative_log_probs: (K, V) log probability of each continuation.
            ids: (K, t) start token and all tokens of each hypothesis so far.
            constraints: the constraints of the text.
            top_indices: (K') flat indices of the most probable continuations.
            num_open: number of hypotheses that may continue.
        """
        vocab_size, texts = cumulative_log_probs.shape[1], [text[1:] for text in ids.tolist()]
        candidates = {*top_indices.tolist()}
        for k, token_ids in enumerate(texts):
            candidates.add(k * vocab_size + int(cumulative_log_probs[k].argmax()))
            candidates.update(k * vocab_size + token for token in constraints.next_tokens(token_ids))
        flat = cumulative_log_probs.flatten()
        banks: dict[int, list[tuple[float, int]]] = {}
        for index in candidates:
            total = float(flat[index])
            if total > NEG_INF:
                token_ids = [*texts[index // vocab_size], index % vocab_size]
                banks.setdefault(constraints.min_tokens_needed(token_ids), []).append((total, index))
        queues = [sorted(bank) for _, bank in sorted(banks.items())]
        chosen: list[tuple[float, int]] = []
        while len(chosen) < min(len(top_indices), num_open) and any(queues):
            chosen += [queue.pop() for queue in queues[: num_open - len(chosen)]]
            queues = [queue for queue in queues if queue]
        chosen.sort(reverse=True)
        chosen += [(NEG_INF, 0)] * (len(top_indices) - len(chosen))
        totals, indices = zip(*chosen, strict=True)
        return cumulative_log_probs.new_tensor(totals), top_indices.new_tensor(indices)


def _allow_only(log_probs: Tensor, unmasked: Tensor, *tokens: int) -> None:
    """Set all log probabilities (K, V) to -inf except those of some tokens, which are copied from `unmasked`."""
    log_probs[:] = NEG_INF
    log_probs[:, tokens] = unmasked[:, tokens]
