"""The best tag sequence, and what its spans are."""

from typing import Any

import numpy as np


class ViterbiDecoder:
    """Finds the best of the sequences that are legal, by Viterbi search."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.labels: list[str] = model["tags"]
        rules = (np.array(model[name], dtype=np.float32) for name in ("start", "moves", "end"))
        # null: never
        self.start, self.transitions, self.end = (np.where(np.isnan(rule), -np.inf, rule) for rule in rules)

    def decode(self, scores: Any, predicate: int | None = None) -> list[str]:
        """Of scores (T, K); a predicate at that place is B-V, and no other word is."""
        if predicate is not None and "B-V" in self.labels:
            k, own = self.labels.index("B-V"), scores[predicate]
            scores = scores.copy()
            scores[:, k], scores[predicate] = -np.inf, -np.inf
            scores[predicate, k] = own[k]
        total, back = self.start + scores[0], []
        for row in scores[1:]:
            reached = total[:, None] + self.transitions  # (K, K)
            back.append(reached.argmax(axis=0))
            total = reached.max(axis=0) + row
        path = [int((total + self.end).argmax())]
        for came_from in reversed(back):
            path.append(int(came_from[path[-1]]))
        return [self.labels[k] for k in reversed(path)]


def spans_of(tags: list[str]) -> list[tuple[str, int, int]]:
    """Label, start and exclusive end of each span of legal IOB2 tags."""
    found: list[tuple[str, int, int]] = []
    for i, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((tag[2:], i, i + 1))
        elif tag != "O":
            found[-1] = (*found[-1][:2], i + 1)
    return found
