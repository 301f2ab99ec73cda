"""A text for a text."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from grunlp.tasks.seq2seq.onnx_beam_search import beam_search


class Answering:
    """Answers lines, each a source, by a record each."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs = model, graphs
        folder = Path(__file__).parent
        self.source, self.target = (
            Tokenizer.from_file(str(folder / name)) for name in (model["source_tokenizer"], "tokenizer.json")
        )
        self.source.encode_special_tokens = True  # "</s>" in a text is four signs and no end

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        for i, line in enumerate(lines):
            found = self._generate(line) if line.strip() else [([], 0.0, 0.0)]
            texts = [
                {"text": self.target.decode(ids, skip_special_tokens=False), "log_probability": total, "score": score}
                for ids, total, score in found
            ]
            yield {"id": str(first_line + i), "source": line, "texts": texts}

    def _generate(self, text: str) -> list[Any]:
        ids = self.source.encode(text, add_special_tokens=False).ids[: self.model["longest_source"] or None]
        source = np.array([[*ids, self.model["end"]]])
        state = self.graphs("read", source, np.array([source.shape[1]]))
        state = [source, *state] if self.model["copies"] else state
        moving = self.model["moving"]
        fixed = state[:-moving]

        def step(tokens: Any, state: list[Any]) -> Any:
            repeated = (part.repeat(len(tokens), axis=0) for part in fixed)
            log_probs, attention, *after = self.graphs("step", tokens, *repeated, *state)
            return log_probs, attention, after

        return beam_search(step, state[-moving:], len(ids), self.model)
