"""What texts must, may and may not hold, told step by step to beam search and sampling."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor

import torch
from torch import Tensor

NEVER = float("-inf")

Phrase = tuple[int, ...]  # ids of words that follow each other, one at least


@dataclass(frozen=True)
class Vocabulary:
    """The ids that search must know. never: ids that are never written."""

    start: int
    end: int
    never: tuple[int, ...]


@dataclass(frozen=True)
class Limits:
    """How long a text may become, in words without the end: between
    `min_ratio` times its source's and `max_ratio` times its source's and `max_extra` more, and at most `max_length`."""

    min_ratio: float
    max_ratio: float
    max_extra: int
    max_length: int

    def bounds(self, source_lengths: Tensor) -> tuple[list[int], list[int]]:
        """Least and most for each source of so many words; where they contradict each other, the most holds."""
        lengths = source_lengths.tolist()
        most = [min(ceil(n * self.max_ratio) + self.max_extra, self.max_length) for n in lengths]
        return [min(floor(n * self.min_ratio), m) for n, m in zip(lengths, most, strict=True)], most


@dataclass(frozen=True)
class Wanted:
    """What each text of a search must and may not hold.

    Args:
        prefix: ids it begins with, whatever the limits and bars.
        required: phrases that it holds somewhere, whatever the limits and bars.
        forbidden: phrases that it does not hold.

    Raises:
        ValueError: a phrase without a word.
    """

    prefix: tuple[int, ...] = ()
    required: tuple[Phrase, ...] = ()
    forbidden: tuple[Phrase, ...] = ()

    def __post_init__(self) -> None:
        if not all((*self.required, *self.forbidden)):
            raise ValueError("an empty sequence can be neither required nor forbidden")

    def unmet(self, written: Sequence[int]) -> list[tuple[Phrase, int]]:
        """The required phrases that a text does not hold yet, each with how many of its words stand at the end; most
        first."""
        missing = []
        for phrase in self.required:
            places = range(len(written) - len(phrase) + 1)
            if not any(tuple(written[i : i + len(phrase)]) == phrase for i in places):
                lengths = range(min(len(phrase) - 1, len(written)), 0, -1)
                begun = next((n for n in lengths if tuple(written[-n:]) == phrase[:n]), 0)
                missing.append((phrase, begun))
        return sorted(missing, key=lambda one: -one[1])

    def next_words(self, written: Sequence[int]) -> set[int]:
        """The words that go on with a required phrase or begin one."""
        return {word for phrase, begun in self.unmet(written) for word in (phrase[0], phrase[begun])}

    def needed(self, written: Sequence[int]) -> int:
        """Words that are enough to write all that is missing. (Fewer are, where phrases overlap.)"""
        missing = self.unmet(written)
        return sum(len(phrase) for phrase, _ in missing) - (missing[0][1] if missing else 0)


class Rules:
    """All that holds for the texts of a batch.

    Args:
        words: special ids.
        limits: lengths.
        source_lengths: (B,) words of each source.
        block_ngrams: no text holds the same n-gram of so many words twice; 0 blocks none.
        wanted: of each text.
    """

    def __init__(
        self,
        words: Vocabulary,
        limits: Limits,
        source_lengths: Tensor,
        block_ngrams: int,
        wanted: Sequence[Wanted],
    ) -> None:
        self.words, self.block_ngrams, self.wanted = words, block_ngrams, wanted
        self.least, most = limits.bounds(source_lengths)
        needed = [len(one.prefix) + sum(map(len, one.required)) for one in wanted]
        self.most = [max(m, n) for m, n in zip(most, needed, strict=True)]

    def restrict(self, given: Tensor, ids: Tensor, active: Sequence[int]) -> Tensor:
        """Log probabilities in which what may not be chosen now is impossible.

        Args:
            given: (B', K, V) of the next word of each hypothesis; they stay as they are.
            ids: (B', K, t) the start and all words of each so far.
            active: (B') the numbers of the texts.
        """
        length, end = ids.shape[2], self.words.end  # of what is chosen now, the end included
        log_probs = given.clone()
        log_probs[:, :, list(self.words.never)] = NEVER
        if self.block_ngrams or any(self.wanted[text].forbidden for text in active):
            self._block(log_probs, ids, active)
        early = [b for b, text in enumerate(active) if length <= self.least[text]]
        if early:  # may not end yet, unless nothing else is possible
            log_probs[early, :, end] = NEVER
            stuck = log_probs.isneginf().all(dim=2)  # (B', K)
            log_probs[:, :, end] = torch.where(stuck, given[:, :, end], log_probs[:, :, end])
        for b, text in enumerate(active):
            wanted = self.wanted[text]
            if length <= len(wanted.prefix):
                _only(log_probs[b], given[b], wanted.prefix[length - 1])
            elif length > self.most[text]:
                _only(log_probs[b], given[b], end)
            elif wanted.required:
                room = self.most[text] - length  # behind the word that is chosen now
                for k, (_, *written) in enumerate(ids[b].tolist()):
                    if missing := wanted.unmet(written):
                        log_probs[b, k, end] = NEVER
                        # any other word would waste what is begun: is there room for all of it?
                        if bool(log_probs[b, k].isneginf().all()) or sum(len(phrase) for phrase, _ in missing) > room:
                            words = wanted.next_words(written)
                            fitting = [word for word in words if wanted.needed([*written, word]) <= room]
                            _only(log_probs[b, k : k + 1], given[b, k : k + 1], *fitting)
        return log_probs

    def _block(self, log_probs: Tensor, ids: Tensor, active: Sequence[int]) -> None:
        """Forbid repeated n-grams and forbidden phrases."""
        n = self.block_ngrams
        for b, text in enumerate(active):
            for k, (_, *written) in enumerate(ids[b].tolist()):
                barred = [
                    phrase[-1]
                    for phrase in self.wanted[text].forbidden
                    if tuple(written[len(written) + 1 - len(phrase) :]) == phrase[:-1]
                ]
                if n and len(written) >= n:
                    last = written[len(written) - n + 1 :]
                    starts = range(len(written) - n + 1)
                    barred += [written[i + n - 1] for i in starts if written[i : i + n - 1] == last]
                if barred:
                    log_probs[b, k, barred] = NEVER

    def choose(
        self,
        totals: Tensor,
        log_probs: Tensor,
        ids: Tensor,
        active: Sequence[int],
        width: int,
        free: Sequence[int],
    ) -> tuple[Tensor, Tensor]:
        """The hypotheses that go on, best first.

        Args:
            totals: (B', K) log probabilities so far.
            log_probs: (B', K, V) of each next word.
            ids, active: as above.
            width: K', so many of a text at most.
            free: (B',) of them so many may go on; the totals of the others become impossible.

        Returns:
            their totals (B', K'), and their places (B', K') among the K times V.
        """
        size = log_probs.shape[2]
        sums, words = log_probs.topk(
            min(width, size), dim=2
        )  # (B', K, W): no other word of theirs can be among the best
        sums += totals[:, :, None]
        best, some = sums.flatten(1).topk(min(width, sums[0].numel()), dim=1)  # (B', K')
        places = some // sums.shape[2] * size + words.flatten(1).gather(1, some)
        for b, text in enumerate(active):
            if self.wanted[text].required:
                each = totals[b, :, None] + log_probs[b]  # (K, V)
                best[b], places[b] = self._share(each, ids[b], self.wanted[text], places[b], free[b])
        beyond = torch.arange(best.shape[1], device=best.device) >= torch.tensor(free, device=best.device)[:, None]
        return best.masked_fill(beyond, NEVER), places

    def _share(self, totals: Tensor, ids: Tensor, wanted: Wanted, best: Tensor, free: int) -> tuple[Tensor, Tensor]:
        """Places of the beam dealt out evenly to how far hypotheses have come with what is required (Post and Vilar
        2018, §3): those that write it early are less likely at first, and would all be lost. As `choose`, for one text;
        best: (K') the places of the likeliest."""
        size, written = totals.shape[1], [text[1:] for text in ids.tolist()]
        candidates = {*best.tolist()}
        for k, text in enumerate(written):
            candidates.add(k * size + int(totals[k].argmax()))
            candidates.update(k * size + word for word in wanted.next_words(text))
        flat = totals.flatten()
        banks: dict[int, list[tuple[float, int]]] = {}
        for place in candidates:
            total = float(flat[place])
            if total > NEVER:
                needed = wanted.needed([*written[place // size], place % size])
                banks.setdefault(needed, []).append((total, place))
        queues = [sorted(bank) for _, bank in sorted(banks.items())]
        chosen: list[tuple[float, int]] = []
        while len(chosen) < min(len(best), free) and any(queues):
            chosen += [queue.pop() for queue in queues[: free - len(chosen)]]
            queues = [queue for queue in queues if queue]
        chosen.sort(reverse=True)
        chosen += [(NEVER, 0)] * (len(best) - len(chosen))
        sums, places = zip(*chosen, strict=True)
        return totals.new_tensor(sums), best.new_tensor(places)


def _only(log_probs: Tensor, given: Tensor, *words: int) -> None:
    """Leave some words possible, with the log probabilities they were given. Both: (K, V)."""
    log_probs[:] = NEVER
    log_probs[:, words] = given[:, words]
