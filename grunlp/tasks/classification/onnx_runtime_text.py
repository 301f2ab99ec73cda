"""Classification of texts in the exported script."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.data.word_tokenizer import tokenize
from grunlp.exporting.runtime.main import Session
from grunlp.exporting.runtime.word_inputs import WordEncoder, parse_words


class TextClassifierRuntime:
    """Classifier of texts: a line is a text or {"words": [...]}."""

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session, self.encode = model, session, WordEncoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield one record for each line; `first_line` is the number of the first line, from 1."""
        parsed = [parse_words(line) for line in lines]
        texts = [
            words if words is not None else [token.word for token in tokenize(line)]
            for words, line in zip(parsed, lines, strict=True)
        ]
        texts = [words[: self.model["max_length"] or None] for words in texts]
        nonempty = [words for words in texts if words]
        outputs = self.session("classes", *self.encode(nonempty)) if nonempty else ((), ())
        predictions = iter(zip(*outputs, strict=True))
        for i, words in enumerate(texts):
            log_probs, weights = next(predictions) if words else (np.array(self.model["empty"]), np.zeros(0))
            probabilities = dict(zip(self.model["classes"], np.exp(log_probs.astype(float)).tolist(), strict=True))
            record = {"id": str(first_line + i), "label": max(probabilities, key=lambda name: probabilities[name])}
            record["probabilities"] = {name: round(value, 6) for name, value in probabilities.items()}
            record["words"] = words
            yield record | {"weights": [round(weight, 4) for weight in weights[: len(words)].tolist()]}
