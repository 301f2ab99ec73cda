"""What texts must, may and may not hold, told step by step to beam search and sampling."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor

NEG_INF = float("-inf")

TokenPhrase = tuple[int, ...]  # ids of words that follow each other, one at least


@dataclass(frozen=True)
class DecoderTokens:
    """The ids that search must know. forbidden_ids: ids that are never written."""

    bos_id: int
    eos_id: int
    forbidden_ids: tuple[int, ...]


@dataclass(frozen=True)
class LengthLimits:
    """How long a text may become, in words without the end: between
    `min_length_ratio` times its source's and `max_length_ratio` times its source's and `max_length_offset` more, and at
    most `max_length`."""

    min_length_ratio: float
    max_length_ratio: float
    max_length_offset: int
    max_length: int

    def bounds(self, source_lengths: Tensor) -> tuple[list[int], list[int]]:
        """Least and most for each source of so many words; where they contradict each other, the most holds."""
        lengths = source_lengths.tolist()
        most = [min(ceil(n * self.max_length_ratio) + self.max_length_offset, self.max_length) for n in lengths]
        return [min(floor(n * self.min_length_ratio), m) for n, m in zip(lengths, most, strict=True)], most


@dataclass(frozen=True)
class LexicalConstraints:
    """What each text of a search must and may not hold.

    Args:
        prefix: ids it begins with, whatever the limits and bars.
        required: phrases that it holds somewhere, whatever the limits and bars.
        forbidden: phrases that it does not hold.

    Raises:
        ValueError: a phrase without a word.
    """

    prefix: tuple[int, ...] = ()
    required: tuple[TokenPhrase, ...] = ()
    forbidden: tuple[TokenPhrase, ...] = ()

    def __post_init__(self) -> None:
        if not all((*self.required, *self.forbidden)):
            raise ValueError("an empty sequence can be neither required nor forbidden")

    def unsatisfied(self, token_ids: Sequence[int]) -> list[tuple[TokenPhrase, int]]:
        """The required phrases that a text does not hold yet, each with how many of its words stand at the end; most
        first."""
        missing = []
        for phrase in self.required:
            places = range(len(token_ids) - len(phrase) + 1)
            if not any(tuple(token_ids[i : i + len(phrase)]) == phrase for i in places):
                lengths = range(min(len(phrase) - 1, len(token_ids)), 0, -1)
                begun = next((n for n in lengths if tuple(token_ids[-n:]) == phrase[:n]), 0)
                missing.append((phrase, begun))
        return sorted(missing, key=lambda one: -one[1])

    def next_tokens(self, token_ids: Sequence[int]) -> set[int]:
        """The words that go on with a required phrase or begin one."""
        return {word for phrase, begun in self.unsatisfied(token_ids) for word in (phrase[0], phrase[begun])}

    def min_tokens_needed(self, token_ids: Sequence[int]) -> int:
        """Words that are enough to write all that is missing. (Fewer are, where phrases overlap.)"""
        missing = self.unsatisfied(token_ids)
        return sum(len(phrase) for phrase, _ in missing) - (missing[0][1] if missing else 0)


class ConstrainedDecoder:
    """All that holds for the texts of a batch.

    Args:
        words: special ids.
        limits: lengths.
        source_lengths: (B,) words of each source.
        no_repeat_ngram_size: no text holds the same n-gram of so many words twice; 0 blocks none.
        constraints: of each text.
    """

    def __init__(
        self,
        words: DecoderTokens,
        limits: LengthLimits,
        source_lengths: Tensor,
        no_repeat_ngram_size: int,
        constraints: Sequence[LexicalConstraints],
    ) -> None:
        self.words, self.no_repeat_ngram_size, self.constraints = words, no_repeat_ngram_size, constraints
        self.min_lengths, most = limits.bounds(source_lengths)
        needed = [len(one.prefix) + sum(map(len, one.required)) for one in constraints]
        self.max_lengths = [max(m, n) for m, n in zip(most, needed, strict=True)]

    def mask_log_probs(self, unmasked: Tensor, ids: Tensor, active: Sequence[int]) -> Tensor:
        """Log probabilities in which what may not be chosen now is impossible.

        Args:
            unmasked: (B', K, V) of the next word of each hypothesis; they stay as they are.
            ids: (B', K, t) the start and all words of each so far.
            active: (B') the numbers of the texts.
        """
        length, end = ids.shape[2], self.words.eos_id  # of what is chosen now, the end included
        log_probs = unmasked.clone()
        log_probs[:, :, list(self.words.forbidden_ids)] = NEG_INF
        if self.no_repeat_ngram_size or any(self.constraints[text].forbidden for text in active):
            self._block_ngrams(log_probs, ids, active)
        early = [b for b, text in enumerate(active) if length <= self.min_lengths[text]]
        if early:  # may not end yet, unless nothing else is possible
            log_probs[early, :, end] = NEG_INF
            stuck = log_probs.isneginf().all(dim=2)  # (B', K)
            log_probs[:, :, end] = torch.where(stuck, unmasked[:, :, end], log_probs[:, :, end])
        for b, text in enumerate(active):
            wanted = self.constraints[text]
            if length <= len(wanted.prefix):
                _allow_only(log_probs[b], unmasked[b], wanted.prefix[length - 1])
            elif length > self.max_lengths[text]:
                _allow_only(log_probs[b], unmasked[b], end)
            elif wanted.required:
                room = self.max_lengths[text] - length  # behind the word that is chosen now
                for k, (_, *written) in enumerate(ids[b].tolist()):
                    if missing := wanted.unsatisfied(written):
                        log_probs[b, k, end] = NEG_INF
                        # any other word would waste what is begun: is there room for all of it?
                        if bool(log_probs[b, k].isneginf().all()) or sum(len(phrase) for phrase, _ in missing) > room:
                            words = wanted.next_tokens(written)
                            fitting = [word for word in words if wanted.min_tokens_needed([*written, word]) <= room]
                            _allow_only(log_probs[b, k : k + 1], unmasked[b, k : k + 1], *fitting)
        return log_probs

    def _block_ngrams(self, log_probs: Tensor, ids: Tensor, active: Sequence[int]) -> None:
        """Forbid repeated n-grams and forbidden phrases."""
        n = self.no_repeat_ngram_size
        for b, text in enumerate(active):
            for k, (_, *written) in enumerate(ids[b].tolist()):
                barred = [
                    phrase[-1]
                    for phrase in self.constraints[text].forbidden
                    if tuple(written[len(written) + 1 - len(phrase) :]) == phrase[:-1]
                ]
                if n and len(written) >= n:
                    last = written[len(written) - n + 1 :]
                    starts = range(len(written) - n + 1)
                    barred += [written[i + n - 1] for i in starts if written[i : i + n - 1] == last]
                if barred:
                    log_probs[b, k, barred] = NEG_INF

    def select_beams(
        self,
        cumulative_log_probs: Tensor,
        log_probs: Tensor,
        ids: Tensor,
        active: Sequence[int],
        width: int,
        num_open: Sequence[int],
    ) -> tuple[Tensor, Tensor]:
        """The hypotheses that go on, best first.

        Args:
            cumulative_log_probs: (B', K) log probabilities so far.
            log_probs: (B', K, V) of each next word.
            ids, active: as above.
            width: K', so many of a text at most.
            num_open: (B',) of them so many may go on; the totals of the others become impossible.

        Returns:
            their totals (B', K'), and their places (B', K') among the K times V.
        """
        size = log_probs.shape[2]
        sums, words = log_probs.topk(
            min(width, size), dim=2
        )  # (B', K, W): no other word of theirs can be among the best
        sums += cumulative_log_probs[:, :, None]
        best, some = sums.flatten(1).topk(min(width, sums[0].numel()), dim=1)  # (B', K')
        places = some // sums.shape[2] * size + words.flatten(1).gather(1, some)
        for b, text in enumerate(active):
            if self.constraints[text].required:
                each = cumulative_log_probs[b, :, None] + log_probs[b]  # (K, V)
                best[b], places[b] = self._allocate_banks(each, ids[b], self.constraints[text], places[b], num_open[b])
        beyond = torch.arange(best.shape[1], device=best.device) >= torch.tensor(num_open, device=best.device)[:, None]
        return best.masked_fill(beyond, NEG_INF), places

    def _allocate_banks(
        self,
        cumulative_log_probs: Tensor,
        ids: Tensor,
        constraints: LexicalConstraints,
        top_indices: Tensor,
        num_open: int,
    ) -> tuple[Tensor, Tensor]:
        """Places of the beam dealt out evenly to how far hypotheses have come with what is required (Post and Vilar
        2018, §3): those that write it early are less likely at first, and would all be lost. As `select_beams`, for one
        text;
        top_indices: (K') the places of the likeliest."""
        size, written = cumulative_log_probs.shape[1], [text[1:] for text in ids.tolist()]
        candidates = {*top_indices.tolist()}
        for k, text in enumerate(written):
            candidates.add(k * size + int(cumulative_log_probs[k].argmax()))
            candidates.update(k * size + word for word in constraints.next_tokens(text))
        flat = cumulative_log_probs.flatten()
        banks: dict[int, list[tuple[float, int]]] = {}
        for place in candidates:
            total = float(flat[place])
            if total > NEG_INF:
                needed = constraints.min_tokens_needed([*written[place // size], place % size])
                banks.setdefault(needed, []).append((total, place))
        queues = [sorted(bank) for _, bank in sorted(banks.items())]
        chosen: list[tuple[float, int]] = []
        while len(chosen) < min(len(top_indices), num_open) and any(queues):
            chosen += [queue.pop() for queue in queues[: num_open - len(chosen)]]
            queues = [queue for queue in queues if queue]
        chosen.sort(reverse=True)
        chosen += [(NEG_INF, 0)] * (len(top_indices) - len(chosen))
        sums, places = zip(*chosen, strict=True)
        return cumulative_log_probs.new_tensor(sums), top_indices.new_tensor(places)


def _allow_only(log_probs: Tensor, unmasked: Tensor, *words: int) -> None:
    """Leave some words possible, with the log probabilities they were given. Both: (K, V)."""
    log_probs[:] = NEG_INF
    log_probs[:, words] = unmasked[:, words]
