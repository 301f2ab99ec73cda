"""Beam search for one text in numpy."""

from collections.abc import Callable
from math import ceil, floor
from typing import Any

import numpy as np


def search_best_texts(step: Callable[..., Any], state: list[Any], length: int, model: dict[str, Any]) -> list[Any]:
    """Find the best texts, best first, each with ids, log probability and score.

    Args:
        step: function from the last tokens (K,) and state to log probabilities (K, V), attention (K, S) and new state.
        state: arrays with the hypothesis as their second or only axis.
        length: number of tokens of the source.
        model: data of the model, with the options of the search.
    """
    options, end = model["settings"], model["end"]
    max_length = ceil(length * options["max_length_ratio"]) + options["max_length_offset"]
    max_length = min(max_length, options["max_length"])
    min_length = min(floor(length * options["min_length_ratio"]), max_length)
    finished: list[Any] = []
    texts, totals, coverage = [[model["start"]]], np.zeros(1, dtype=np.float32), None
    while texts:
        size = len(texts[0])  # length after this step, end token included
        unmasked, attention, state = step(np.array([text[-1] for text in texts]), state)
        log_probs = _mask_log_probs(unmasked, texts, model, size <= min_length, size > max_length)
        coverage = attention if coverage is None else coverage + attention
        sums = (totals[:, None] + log_probs).ravel()
        best = np.argpartition(-sums, min(options["beam"], len(sums)) - 1)[: options["beam"]]
        best = best[np.argsort(-sums[best], kind="stable")][: options["beam"] - len(finished)]
        best = best[sums[best] > -np.inf]
        parents, tokens = np.divmod(best, log_probs.shape[1])
        texts = [[*texts[k], int(token)] for k, token in zip(parents, tokens, strict=True)]
        totals, coverage = sums[best], coverage[parents]
        for text, total, covered in zip(texts, totals.tolist(), coverage, strict=True):
            if text[-1] == end:
                penalty = float(np.log(np.clip(covered[: length + 1], 1e-9, 1)).sum())
                score = total / _length_normalizer(size, options) + options["coverage_penalty"] * penalty
                finished.append((text[1:-1], total, score))
        unfinished = np.array([text[-1] != end for text in texts], dtype=bool)
        nbest = sorted((score for _, _, score in finished), reverse=True)[: options["nbest"]]
        best_total = max(totals[unfinished].tolist(), default=-np.inf)
        best_possible = best_total / _length_normalizer(max_length + 1, options)
        if len(nbest) == options["nbest"] and nbest[-1] >= best_possible:
            break
        texts = [text for text in texts if text[-1] != end]
        totals, coverage, parents = totals[unfinished], coverage[unfinished], parents[unfinished]
        state = [tensor.take(parents, axis=tensor.ndim // 3) for tensor in state]  # (R, E) or (L, R, H)
    return sorted(finished, key=lambda hypothesis: -hypothesis[2])[: options["nbest"]]


def _mask_log_probs(
    unmasked: Any, texts: list[list[int]], model: dict[str, Any], too_short: bool, too_long: bool
) -> Any:
    """Set the log probabilities of tokens that are not allowed now to -inf, in a copy."""
    log_probs, end, n = unmasked.copy(), model["end"], model["settings"]["no_repeat_ngram_size"]
    log_probs[:, model["forbidden"]] = -np.inf
    for row, (_, *ids) in zip(log_probs, texts, strict=True):
        if n and len(ids) >= n:
            suffix = ids[len(ids) - n + 1 :]
            row[[ids[i + n - 1] for i in range(len(ids) - n + 1) if ids[i : i + n - 1] == suffix]] = -np.inf
    if too_short:  # must not end yet, unless no other token is possible
        log_probs[:, end] = -np.inf
        stuck = np.isneginf(log_probs).all(axis=1)
        log_probs[stuck, end] = unmasked[stuck, end]
    if too_long:
        log_probs[:] = -np.inf
        log_probs[:, end] = unmasked[:, end]
    return log_probs


def _length_normalizer(length: int, options: dict[str, Any]) -> float:
    base = length if options["normalization"] == "length" else (5 + length) / 6
    return float(base ** options["length_penalty"])
