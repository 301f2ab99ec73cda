"""A class for a text."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.data.word_tokenizer import tokenize
from grunlp.exporting.runtime.word_inputs import WordEncoder, parse_words


class Answering:
    """Answers lines, each a text or {"words": [...]}, by a record each."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs, self.words = model, graphs, WordEncoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        texts = [parse_words(line) for line in lines]
        read = [
            words if words is not None else [token.word for token in tokenize(line)]
            for words, line in zip(texts, lines, strict=True)
        ]
        cut = [words[: self.model["longest"] or None] for words in read]
        some = [words for words in cut if words]
        found, weights = self.graphs("classes", *self.words(some)) if some else ((), ())
        told = iter(zip(found, weights, strict=True))
        for i, words in enumerate(cut):
            log_probs, shares = next(told) if words else (np.array(self.model["empty"]), np.zeros(0))
            shown = dict(zip(self.model["classes"], np.exp(log_probs.astype(float)).tolist(), strict=True))
            record = {"id": str(first_line + i), "label": max(shown, key=lambda name: shown[name])}
            record["probabilities"] = {name: round(share, 6) for name, share in shown.items()}
            record["words"] = words
            yield record | {"weights": [round(share, 4) for share in shares[: len(words)].tolist()]}
