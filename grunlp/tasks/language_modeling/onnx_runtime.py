"""A text written on from its beginning."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer


class Answering:
    """Answers lines, each the beginning of one, by a record each with what was drawn to its end."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs = model, graphs
        self.tokenizer = Tokenizer.from_file(str(Path(__file__).parent / "tokenizer.json"))
        self.tokenizer.encode_special_tokens = True  # "</s>" in a text is four signs and no end

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        settings, end = self.model["settings"], self.model["end"]
        for i, line in enumerate(lines):
            prompt = line if self.model["blanks"] else line.rstrip(" \t")  # a blank comes with what follows
            ids = self.tokenizer.encode(prompt, add_special_tokens=False).ids
            state: Any = np.zeros(self.model["state"], dtype=np.float32)
            for token in [end, *ids]:  # a text begins as if after a line
                log_probs, state = self.graphs("step", np.array([token]), state)
            before, total = len(self._text(ids)), 0.0
            drawn = np.random.default_rng([settings["seed"], first_line + i - 1])
            for _ in range(settings["length"]):
                token = self._sample_token(log_probs[0], drawn.random())
                total += float(log_probs[0, token])
                if token == end:
                    break
                ids = [*ids, token]
                log_probs, state = self.graphs("step", np.array([token]), state)
            record = {"id": str(first_line + i), "prompt": prompt, "text": self._text(ids)[before:]}
            yield record | {"log_probability": total}

    def _text(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        return text

    def _sample_token(self, log_probs: Any, uniform: float) -> int:
        """A token by a number between 0 and 1."""
        settings = self.model["settings"]
        scores = log_probs.copy()
        scores[self.model["never"]] = -np.inf
        scores /= np.float32(settings["temperature"])
        ids = np.argsort(-scores, kind="stable")
        ordered = scores[ids].astype(float)
        if settings["top_k"]:
            ordered[settings["top_k"] :] = -np.inf
        shares = np.exp(ordered - ordered[0])
        shares /= shares.sum()
        shares[shares.cumsum() - shares >= settings["top_p"]] = 0.0
        sums = shares.cumsum()
        place = np.searchsorted(sums, uniform * sums[-1], side="right")
        return int(ids[min(place, (shares > 0).sum() - 1)])
