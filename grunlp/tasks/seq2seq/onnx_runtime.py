"""Sequence-to-sequence generation in the exported script."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from grunlp.exporting.runtime.main import Session
from grunlp.tasks.seq2seq.onnx_beam_search import search_best_texts


class Seq2SeqRuntime:
    """A sequence-to-sequence model. A line of input is a source text."""

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session
        folder = Path(__file__).parent
        self.source, self.target = (
            Tokenizer.from_file(str(folder / name)) for name in (model["source_tokenizer"], "tokenizer.json")
        )
        self.source.encode_special_tokens = True  # "</s>" in a text is four characters, not the end token

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield one record for each line; `first_line` is the number of the first line, from 1."""
        for i, line in enumerate(lines):
            texts = [
                {"text": self.target.decode(ids, skip_special_tokens=False), "log_probability": total, "score": score}
                for ids, total, score in (self._generate(line) if line.strip() else [([], 0.0, 0.0)])
            ]
            yield {"id": str(first_line + i), "source": line, "texts": texts}

    def _generate(self, text: str) -> list[Any]:
        ids = self.source.encode(text, add_special_tokens=False).ids[: self.model["max_source_length"] or None]
        source = np.array([[*ids, self.model["end"]]])
        state = self.session("encode", source, np.array([source.shape[1]]))
        state = [source, *state] if self.model["copies"] else state
        num_step_tensors = self.model["num_step_tensors"]
        source_tensors = state[:-num_step_tensors]

        def step(tokens: Any, state: list[Any]) -> Any:
            repeated = (tensor.repeat(len(tokens), axis=0) for tensor in source_tensors)
            log_probs, attention, *next_state = self.session("step", tokens, *repeated, *state)
            return log_probs, attention, next_state

        return search_best_texts(step, state[-num_step_tensors:], len(ids), self.model)
