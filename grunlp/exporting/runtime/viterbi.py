"""Viterbi decoding of tags in numpy."""

from typing import Any

import numpy as np


class ViterbiDecoder:
    """A decoder that finds the best legal tag sequence."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.labels: list[str] = model["tags"]
        tables = (np.array(model[name], dtype=np.float32) for name in ("start", "transitions", "end"))
        self.start, self.transitions, self.end = (np.where(np.isnan(table), -np.inf, table) for table in tables)

    def decode(self, scores: Any, predicate: int | None = None) -> list[str]:
        """Find the best tags for scores (T, K); the word at `predicate` is B-V, and no other word is."""
        if predicate is not None and "B-V" in self.labels:
            k, own_scores = self.labels.index("B-V"), scores[predicate]
            scores = scores.copy()
            scores[:, k], scores[predicate] = -np.inf, -np.inf
            scores[predicate, k] = own_scores[k]
        best, backpointers = self.start + scores[0], []
        for token_scores in scores[1:]:
            candidates = best[:, None] + self.transitions  # (K, K)
            backpointers.append(candidates.argmax(axis=0))
            best = candidates.max(axis=0) + token_scores
        path = [int((best + self.end).argmax())]
        for pointers in reversed(backpointers):
            path.append(int(pointers[path[-1]]))
        return [self.labels[k] for k in reversed(path)]


def spans_of(tags: list[str]) -> list[tuple[str, int, int]]:
    """List the label, start and exclusive end of each span of legal IOB2 tags."""
    spans: list[tuple[str, int, int]] = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            spans.append((tag[2:], i, i + 1))
        elif tag != "O":
            spans[-1] = (*spans[-1][:2], i + 1)
    return spans
