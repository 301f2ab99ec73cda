"""Beam search for one text."""

from collections.abc import Callable
from math import ceil, floor
from typing import Any

import numpy as np


def beam_search(step: Callable[..., Any], state: list[Any], length: int, model: dict[str, Any]) -> list[Any]:
    """The ids, log probability and score of the best texts, best first.

    Args:
        step: last words (K,) and state → log probabilities (K, V), attention (K, S) and the state after it.
        state: arrays whose second axis, or only one, counts hypotheses.
        length: words of the source.
        model: with the settings of the search.
    """
    options, end = model["settings"], model["end"]
    most = min(ceil(length * options["max_length_ratio"]) + options["max_length_offset"], options["max_length"])
    least = min(floor(length * options["min_length_ratio"]), most)
    finished: list[Any] = []
    texts, totals, read = [[model["start"]]], np.zeros(1, dtype=np.float32), None
    while texts:
        size = len(texts[0])  # of what is chosen now, the end included
        given, attention, state = step(np.array([text[-1] for text in texts]), state)
        log_probs = _mask_log_probs(given, texts, model, size <= least, size > most)
        read = attention if read is None else read + attention
        sums = (totals[:, None] + log_probs).ravel()
        best = np.argpartition(-sums, min(options["beam"], len(sums)) - 1)[: options["beam"]]
        best = best[np.argsort(-sums[best], kind="stable")][: options["beam"] - len(finished)]
        best = best[sums[best] > -np.inf]
        parents, words = np.divmod(best, log_probs.shape[1])
        texts, totals, read = (
            [[*texts[k], int(w)] for k, w in zip(parents, words, strict=True)],
            sums[best],
            read[parents],
        )
        for text, total, seen in zip(texts, totals.tolist(), read, strict=True):
            if text[-1] == end:
                covered = float(np.log(np.clip(seen[: length + 1], 1e-9, 1)).sum())
                score = total / _length_normalizer(size, options) + options["coverage_penalty"] * covered
                finished.append((text[1:-1], total, score))
        going = np.array([text[-1] != end for text in texts], dtype=bool)
        enough = sorted((score for _, _, score in finished), reverse=True)[: options["nbest"]]
        hope = max(totals[going].tolist(), default=-np.inf) / _length_normalizer(most + 1, options)
        if len(enough) == options["nbest"] and enough[-1] >= hope:
            break
        texts = [text for text, goes in zip(texts, going, strict=True) if goes]
        totals, read, parents = totals[going], read[going], parents[going]
        state = [part.take(parents, axis=part.ndim // 3) for part in state]  # (R, E) or (L, R, H)
    return sorted(finished, key=lambda one: -one[2])[: options["nbest"]]


def _mask_log_probs(
    unmasked: Any, hypotheses: list[list[int]], model: dict[str, Any], before_min_length: bool, at_max_length: bool
) -> Any:
    """Log probabilities in which what may not be chosen now is impossible."""
    log_probs, end, n = unmasked.copy(), model["end"], model["settings"]["no_repeat_ngram_size"]
    log_probs[:, model["never"]] = -np.inf
    for row, (_, *written) in zip(log_probs, hypotheses, strict=True):
        if n and len(written) >= n:
            last = written[len(written) - n + 1 :]
            row[[written[i + n - 1] for i in range(len(written) - n + 1) if written[i : i + n - 1] == last]] = -np.inf
    if before_min_length:  # may not end yet, unless nothing else is possible
        log_probs[:, end] = -np.inf
        stuck = np.isneginf(log_probs).all(axis=1)
        log_probs[stuck, end] = unmasked[stuck, end]
    if at_max_length:
        log_probs[:] = -np.inf
        log_probs[:, end] = unmasked[:, end]
    return log_probs


def _length_normalizer(length: int, options: dict[str, Any]) -> float:
    return float((length if options["normalization"] == "length" else (5 + length) / 6) ** options["length_penalty"])
