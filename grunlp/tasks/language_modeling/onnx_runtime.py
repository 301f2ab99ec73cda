"""Text generation by a language model in the exported script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from grunlp.exporting.runtime.main import Session


class LanguageModelRuntime:
    """A language model. A line of input is the beginning of a line of text, which is completed by sampling."""

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session
        self.tokenizer = Tokenizer.from_file(str(Path(__file__).parent / "tokenizer.json"))
        self.tokenizer.encode_special_tokens = True  # "</s>" in a text is four characters, not the end token

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield one record for each line; `first_line` is the number of the first line, from 1."""
        settings, end = self.model["settings"], self.model["end"]
        for i, line in enumerate(lines):
            prompt = line if self.model["keep_trailing_spaces"] else line.rstrip(" \t")
            ids = self.tokenizer.encode(prompt, add_special_tokens=False).ids
            state: Any = np.zeros(self.model["state"], dtype=np.float32)
            for token in [end, *ids]:  # a text begins after the end of another
                log_probs, state = self.session("step", np.array([token]), state)
            prompt_length, total = len(self._text(ids)), 0.0
            rng = np.random.default_rng([settings["seed"], first_line + i - 1])
            for _ in range(settings["length"]):
                token = self._sample_token(log_probs[0], rng.random())
                total += float(log_probs[0, token])
                if token == end:
                    break
                ids = [*ids, token]
                log_probs, state = self.session("step", np.array([token]), state)
            record = {"id": str(first_line + i), "prompt": prompt, "text": self._text(ids)[prompt_length:]}
            yield record | {"log_probability": total}

    def _text(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False)
        return text

    def _sample_token(self, log_probs: Any, uniform: float) -> int:
        """Sample a token, given a random number in [0, 1)."""
        settings = self.model["settings"]
        scores = log_probs.copy()
        scores[self.model["forbidden"]] = -np.inf
        scores /= np.float32(settings["temperature"])
        ids = np.argsort(-scores, kind="stable")
        ordered = scores[ids].astype(float)
        if settings["top_k"]:
            ordered[settings["top_k"] :] = -np.inf
        probabilities = np.exp(ordered - ordered[0])
        probabilities /= probabilities.sum()
        probabilities[probabilities.cumsum() - probabilities >= settings["top_p"]] = 0.0
        sums = probabilities.cumsum()
        position = np.searchsorted(sums, uniform * sums[-1], side="right")
        return int(ids[min(position, (probabilities > 0).sum() - 1)])
